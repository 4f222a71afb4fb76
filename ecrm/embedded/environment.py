"""Where the embedded services live and the environment they imply."""

import base64
import contextlib
import hashlib
import json
import os
import secrets
import stat
import string
import tempfile
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent


def data_dir() -> Path:
    """`ECRM_DATA_DIR`, or `var/` in the project; holds the databases, uploads, caught mail and development keys."""
    return Path(os.environ.get("ECRM_DATA_DIR") or BASE_DIR / "var").resolve()


def make_data_dir() -> Path:
    """The data directory, made where it is missing: its owner's alone, but that PostgreSQL's user must pass through
    root's.
    """
    path = data_dir()
    if not path.is_dir():
        path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True)
    (path / "static").mkdir(exist_ok=True)  # whitenoise warns where it is missing
    return path


def socket_dir() -> Path:
    """A short directory for Unix sockets: their paths may hold 107 bytes (unix(7)), a data directory's may be
    longer.
    """
    digest = hashlib.sha256(str(data_dir()).encode()).hexdigest()[:12]
    base = tempfile.gettempdir()
    # A person's own TMPDIR may be long, or hold what a list of directories or a URL gives a meaning to.
    plain = len(base) < 60 and not set(base) - set(string.ascii_letters + string.digits + "/._-")
    return Path(base if plain else "/tmp") / f"ecrm-{os.geteuid()}-{digest}"  # noqa: S108  (see prepare_socket_dir)


def prepare_socket_dir(owner: int | None = None) -> None:
    """Make the directory for the sockets, for its owner (a user id; by default ours) alone; raises RuntimeError where
    somebody else made it first, who could listen in.
    """
    path = socket_dir()
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or os.geteuid() not in {0, status.st_uid}:
        raise RuntimeError(f"{path} belongs to another user. Delete it, or choose another --data-dir.")
    path.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(path, owner or 0, -1)


def remove_socket_dir() -> None:
    """Delete the directory for the sockets once nobody listens there."""
    with contextlib.suppress(OSError):
        socket_dir().rmdir()


def database_url(name: str = "ecrm") -> str:
    return f"postgresql://postgres@/{name}?host={socket_dir()}"


def redis_url() -> str:
    return f"unix://{socket_dir()}/redis.sock"


def uses_embedded_postgres() -> bool:
    return os.environ.get("DATABASE_URL", "") in ("", database_url())


def uses_embedded_redis() -> bool:
    return os.environ.get("REDIS_URL", "") in ("", redis_url())


def prepare_environment() -> None:
    """Set what the environment lacks: the embedded services' addresses, and keys kept in the data directory.

    With both `DATABASE_URL` and `REDIS_URL` given this is somebody's deployment, whose keys must come from its
    environment: nothing is invented then, except in development (`ECRM_ENV=development`, which `up` sets) and in a
    data directory that `up` has used before.
    """
    deployed = os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")
    used_before = (data_dir() / "environment.json").exists()
    if deployed and os.environ.get("ECRM_ENV") != "development" and not used_before:
        return
    os.environ.setdefault("ECRM_ENV", "development")
    os.environ.setdefault("DATABASE_URL", database_url())
    os.environ.setdefault("REDIS_URL", redis_url())
    for name, value in kept_values().items():
        os.environ.setdefault(name, value)


def kept_values() -> dict[str, str]:
    """The data directory's own keys and settings, made on first use; the same for every process of that directory."""
    path = data_dir() / "environment.json"
    if not path.exists():
        make_data_dir()
        draft = path.with_suffix(f".{os.getpid()}")
        keys = {
            "ECRM_SECRET_KEY": secrets.token_urlsafe(48),
            "ECRM_ENCRYPTION_KEYS": base64.b64encode(secrets.token_bytes(32)).decode(),
            "ECRM_TRACKING_KEY": secrets.token_urlsafe(32),
            "ECRM_SUPPRESSION_KEY": secrets.token_urlsafe(32),
        }
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(keys, file)
        with contextlib.suppress(FileExistsError):  # another process was first: its keys are the ones that count
            os.link(draft, path)
        draft.unlink()
    values: dict[str, str] = json.loads(path.read_text())
    return values


def keep_values(**values: str) -> None:
    """Add to what every process of this data directory sees (the ports `up` was given, say)."""
    path = data_dir() / "environment.json"
    merged = kept_values() | values
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(merged, file)
    draft.replace(path)
