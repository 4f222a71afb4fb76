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
PYTHONS = ["python3.14", "python3.13", "python3.12", "python3.11"]


def run(*command: str, **settings: str) -> str:
    """Run quietly; the end of what it said where it is missing or fails, nothing where it worked."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **settings}
        )
    except OSError as error:
        return str(error)
    said = done.stderr.decode(errors="replace").strip()
    return "" if done.returncode == 0 else "\n".join(said.splitlines()[-12:]) or f"exit {done.returncode}"


def find_uv() -> str:
    """uv from the PATH or from an earlier start, else fetched by a Python's pip; exits with one line where none works."""
    fetched = ROOT / "var" / "uv"
    program = fetched / "bin" / "uv"
    for candidate in (shutil.which("uv"), str(program)):
        if candidate and not run(candidate, "--version"):
            return candidate
    print("Fetching uv …", file=sys.stderr)
    said = ""
    for python in dict.fromkeys([sys.executable, *filter(None, map(shutil.which, [*PYTHONS, "python3"]))]):
        if run(python, "-m", "pip", "--version"):
            continue
        said = run(python, "-m", "pip", "install", "--quiet", "--target", str(fetched), UV)
        if program.exists():
            return str(program)
    # Debian ships Python without pip; its venv module brings one along.
    if not run(sys.executable, "-m", "venv", "--clear", str(fetched)):
        said = run(str(fetched / "bin" / "pip"), "install", "--quiet", UV)
        if program.exists():
            return str(program)
    reason = said or "this Python has neither pip nor a complete venv module (on Debian: apt-get install python3-venv)"
    sys.exit(f"Could not fetch uv: {reason}")


def environment(lock: str) -> None:
    """Make `.venv` hold what `lock` names; nothing to do where it does already."""
    digest = hashlib.sha256((ROOT / lock).read_bytes() + sys.version.encode()).hexdigest()
    stamp = VENV / f"{lock}.stamp"
    # The development lock holds all of the other one, at the same versions (scripts/lock).
    if stamp.exists() and stamp.read_text() == digest and PYTHON.exists():
        return
    uv = find_uv()
    print(f"Installing from {lock} …", file=sys.stderr)
    settings = {"VIRTUAL_ENV": str(VENV), "UV_PYTHON_DOWNLOADS": "never"}
    if "HOME" not in os.environ:
        settings["UV_NO_CACHE"] = "1"  # nowhere to keep one
    if "UV_LINK_MODE" not in os.environ:
        settings["UV_LINK_MODE"] = "copy"
    steps = [
        [uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(VENV)],
        [uv, "pip", "install", "--quiet", "--require-hashes", "-r", str(ROOT / lock)],
    ]
    for step in steps:
        said = run(*step, **settings)
        if (
            "certificate" in said
        ):  # behind a proxy with a certificate of its own, which the machine trusts and uv does not
            settings.update(UV_SYSTEM_CERTS="1", UV_NATIVE_TLS="1")
            said = run(*step, **settings)
        if said:
            sys.exit(f"{said}\nInstalling from {lock} failed; the lines above say why.")
    stamp.write_text(digest)


def become(*arguments: str) -> None:
    """Replace this process by the environment's Python."""
    os.environ["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    sys.stdout.flush()
    os.execv(PYTHON, [str(PYTHON), *arguments])


signal.signal(signal.SIGINT, signal.SIG_DFL)  # a Ctrl-C ends it without a traceback
if sys.version_info < (3, 11):  # noqa: UP036  (this runs under whatever Python there is)
    for name in PYTHONS:
        newer = shutil.which(name)
        if newer and not run(newer, "-c", "import venv"):
            os.execv(newer, [newer, *sys.argv])
    sys.exit(f"eCRM needs Python 3.11 or later; this is {sys.version.split()[0]}.")
