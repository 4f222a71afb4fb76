"""What `up` and `test` share: find or fetch uv, make `.venv` from a lock file, run a command in it. Standard library
only.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# The version the lock files were made with; any later one reads them.
UV = "uv>=0.9"


def data_dir() -> Path:
    return Path(os.environ.get("ECRM_DATA_DIR") or ROOT / "var").resolve()


def run(*command: str) -> bool:
    """Run quietly; False where the program is missing or fails."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def find_uv() -> str:
    """uv from the PATH or from an earlier start, else fetched by this Python's pip; exits with one line where neither
    works.
    """
    fetched = ROOT / "var" / "uv"
    program = fetched / "bin" / "uv"
    for candidate in (shutil.which("uv"), str(program)):
        if candidate and run(candidate, "--version"):
            return candidate
    print("Fetching uv …", file=sys.stderr)
    if run(sys.executable, "-m", "pip", "install", "--quiet", "--target", str(fetched), UV) and program.exists():
        return str(program)
    # Debian ships Python without pip; its venv module brings one along.
    if run(sys.executable, "-m", "venv", "--clear", str(fetched)) and run(str(fetched / "bin" / "pip"), "install", UV):
        return str(program)
    sys.exit("Could not fetch uv: install pip or the venv module for this Python, or put uv on the PATH.")


def environment(lock: str) -> None:
    """Make `.venv` hold what `lock` names; nothing to do where it does already."""
    digest = hashlib.sha256((ROOT / lock).read_bytes() + sys.version.encode()).hexdigest()
    stamp = VENV / f"{lock}.stamp"
    # The development lock holds all of the other one, at the same versions (scripts/lock).
    if stamp.exists() and stamp.read_text() == digest and PYTHON.exists():
        return
    uv = find_uv()
    print(f"Installing from {lock} …", file=sys.stderr)
    settings = os.environ | {"VIRTUAL_ENV": str(VENV), "UV_PYTHON_DOWNLOADS": "never"}
    settings.setdefault("HOME", str(data_dir()))  # an empty environment has none, and uv keeps its cache there
    settings.setdefault("UV_LINK_MODE", "copy")
    steps = [
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(VENV)],
        [uv, "pip", "install", "--quiet", "--require-hashes", "-r", str(ROOT / lock)],
    ]
    for step in steps:
        if subprocess.run(step, env=settings, check=False).returncode != 0:
            sys.exit(f"Installing from {lock} failed; the lines above say why.")
    stamp.write_text(digest)


def become(*arguments: str) -> None:
    """Replace this process by the environment's Python."""
    os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    sys.stdout.flush()
    os.execv(PYTHON, [str(PYTHON), *arguments])


signal.signal(signal.SIGINT, signal.SIG_DFL)  # a Ctrl-C ends it without a traceback
if sys.version_info < (3, 11):  # noqa: UP036  (this runs under whatever Python there is)
    sys.exit(f"eCRM needs Python 3.11 or later; this is {sys.version.split()[0]}.")
