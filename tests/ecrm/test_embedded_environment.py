"""What the processes of one data directory share."""

import os
import stat
from pathlib import Path

import pytest

from ecrm.embedded import environment as env

KEYS = ("ECRM_SECRET_KEY", "ECRM_ENCRYPTION_KEYS", "ECRM_TRACKING_KEY", "ECRM_SUPPRESSION_KEY")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory nobody has used, and nothing set."""
    for name in [*KEYS, "DATABASE_URL", "REDIS_URL", "ECRM_ENV"]:
        monkeypatch.setenv(name, "")  # remembered, so that it comes back
        monkeypatch.delenv(name)
    monkeypatch.setenv("ECRM_DATA_DIR", str(tmp_path / "new"))
    return tmp_path / "new"


def test_a_new_directory_gets_keys_of_its_own_and_keeps_them(folder: Path) -> None:
    env.prepare_environment()
    first = {name: os.environ[name] for name in KEYS}
    assert len(set(first.values())) == len(KEYS)
    for name in KEYS:
        del os.environ[name]
    env.prepare_environment()
    assert {name: os.environ[name] for name in KEYS} == first


def test_the_keys_are_for_their_owner_alone(folder: Path) -> None:
    env.kept_values()
    env.keep_values(ECRM_X="1")
    assert stat.S_IMODE((folder / "environment.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) & 0o066 == 0
    assert env.kept_values()["ECRM_X"] == "1"
    assert {path.name for path in folder.iterdir()} == {"environment.json", "static"}


def test_what_is_set_already_wins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECRM_TRACKING_KEY", "mine")
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    env.prepare_environment()
    assert os.environ["ECRM_TRACKING_KEY"] == "mine"
    assert os.environ["DATABASE_URL"] == "postgresql://elsewhere/db"
    assert not env.uses_embedded_postgres()
    assert env.uses_embedded_redis()


def test_a_deployment_gets_no_invented_keys(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere/0")
    env.prepare_environment()
    assert not set(KEYS) & set(os.environ)
    assert not folder.exists()


def test_a_long_data_directory_has_short_sockets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECRM_DATA_DIR", str(folder / ("long" * 60)))
    assert len(str(env.socket_dir() / ".s.PGSQL.5432")) < 104
    assert env.redis_url().startswith("unix:///")


@pytest.mark.parametrize("odd", ["/tmp/a very, odd place", "/tmp/" + "deep/" * 30])
def test_an_odd_temporary_directory_is_passed_over(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", odd)
    assert env.socket_dir().parent == Path("/tmp")


def test_the_sockets_are_for_their_owner_alone(folder: Path) -> None:
    env.socket_dir().mkdir(mode=0o777)
    env.prepare_socket_dir()
    assert stat.S_IMODE(env.socket_dir().stat().st_mode) == 0o700
    env.remove_socket_dir()
    assert not env.socket_dir().exists()


def test_sockets_are_not_put_where_somebody_points_us(folder: Path, tmp_path: Path) -> None:
    env.socket_dir().symlink_to(tmp_path)
    try:
        with pytest.raises(RuntimeError, match="belongs to another user"):
            env.prepare_socket_dir()
    finally:
        env.socket_dir().unlink()
