"""Keys rotate while the system runs: nothing is lost, nothing written meanwhile is overwritten, and it may be interrupted."""

import base64
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as live
from django.core.management import CommandError, call_command
from django.db import connection, models

from accounts.models import Organisation
from senders import rotation
from senders.models import Sender
from senders.rotation import SEALED, Report, rotate
from senders.services import create_sender, mailbox_of, secret_row, update_sender
from senders.vault import KEY_BYTES, VaultError, key_id, seal
from tests.faults.conftest import Spawn, spawn

__all__ = ["spawn"]

OLD, NEW = bytes(range(KEY_BYTES)), bytes(range(1, KEY_BYTES + 1))
PASSWORDS = SEALED[0]


@pytest.fixture(autouse=True)
def keys(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    monkeypatch.setattr(rotation, "BATCH", 3)


def connect(acme: Organisation, count: int) -> list[Sender]:
    values = {"name": "A", "host": "smtp.acme.example", "username": "a"}
    return [
        create_sender(acme, None, values | {"address": f"a{number}@acme.example", "password": f"secret {number}"})
        for number in range(count)
    ]


def password(sender: Sender) -> str:
    secret = mailbox_of(Sender.objects.get(pk=sender.pk)).secret
    assert secret is not None
    return secret.reveal()


def is_under(key: bytes, sender: Sender) -> bool:
    return bytes(Sender.objects.get(pk=sender.pk).secret or b"").startswith(key_id(key))


def sealed_under(key: bytes, text: str, sender: Sender) -> bytes:
    """As a process that has `key` first seals it."""
    kept, live.ENCRYPTION_KEYS = live.ENCRYPTION_KEYS, [key]
    try:
        return seal(text, secret_row(sender))
    finally:
        live.ENCRYPTION_KEYS = kept


@pytest.fixture
def senders(acme: Organisation) -> list[Sender]:
    return connect(acme, 8)


def test_every_secret_is_the_same_under_the_new_key(senders: list[Sender], settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert rotate(PASSWORDS) == Report(sealed=8)
    settings.ENCRYPTION_KEYS = [NEW]
    assert [password(sender) for sender in senders] == [f"secret {number}" for number in range(8)]
    assert rotate(PASSWORDS) == Report(), "what is done is not done again"


def test_an_interrupted_rotation_goes_on_where_it_stopped(senders: list[Sender], settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    def interrupt(report: Report) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(PASSWORDS, interrupt)
    assert sum(is_under(NEW, sender) for sender in senders) == 3
    assert [password(sender) for sender in senders] == [f"secret {number}" for number in range(8)]
    assert rotate(PASSWORDS).sealed == 5


def test_a_ciphertext_of_another_row_is_reported_and_left(senders: list[Sender], settings: Any) -> None:
    moved = Sender.objects.get(pk=senders[0].pk).secret
    Sender.objects.filter(pk=senders[1].pk).update(secret=moved)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    report = rotate(PASSWORDS)
    assert (report.sealed, list(report.failures)) == (7, [secret_row(senders[1])])
    assert Sender.objects.get(pk=senders[1].pk).secret == moved
    with pytest.raises(VaultError):
        password(senders[1])


def test_a_password_typed_between_reading_and_writing_stays(senders: list[Sender], settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    batch = [(senders[0].pk, senders[0].pk, bytes(Sender.objects.get(pk=senders[0].pk).secret or b""))]
    update_sender(senders[0], {"password": "typed"})
    report = Report()
    rotation.reseal(PASSWORDS, batch, report)
    assert (report.sealed, report.changed) == (0, 1)
    assert password(senders[0]) == "typed"


def test_what_is_written_under_the_old_key_meanwhile_is_looked_at_again(senders: list[Sender], settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    first = senders[0]

    def write(report: Report) -> None:
        if report.sealed == 3:
            Sender.objects.filter(pk=first.pk).update(secret=sealed_under(OLD, "late", first))

    rotate(PASSWORDS, write)
    assert rotate(PASSWORDS).sealed == 1, "the next run takes it up"
    assert (password(first), is_under(NEW, first)) == ("late", True)


READER = """
import django, sys
django.setup()
from senders.models import Sender
from senders.services import mailbox_of, update_sender
number = 0
while True:
    for sender in Sender.objects.order_by("pk"):
        secret = mailbox_of(sender).secret.reveal()
        assert secret.startswith(("secret ", "typed ")), "a secret was damaged"
        if sender.pk % 3 == number % 3:
            update_sender(sender, {"password": f"typed {number}"})
    number += 1
    open(sys.argv[1], "w").write(str(number))
"""


def rounds(progress: Path) -> int:
    """How often the other process has been through all senders."""
    return int(progress.read_text() or 0) if progress.exists() else 0


@pytest.mark.django_db(transaction=True)
def test_another_process_reads_and_writes_all_the_while(
    acme: Organisation, settings: Any, spawn: Spawn, tmp_path: Path
) -> None:
    senders = connect(acme, 30)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    progress = tmp_path / "rounds"
    keys = ",".join(base64.b64encode(key).decode() for key in (NEW, OLD))
    process = spawn("-c", READER, str(progress), ECRM_ENCRYPTION_KEYS=keys)
    until = time.monotonic() + 60

    def wait_for_a_round(report: Report) -> None:
        seen = rounds(progress)
        while rounds(progress) <= seen and process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)

    wait_for_a_round(Report())
    Sender.objects.filter(pk=senders[-1].pk).update(secret=sealed_under(OLD, "secret x", senders[-1]))
    report = rotate(PASSWORDS, wait_for_a_round)
    wait_for_a_round(report)
    assert process.poll() is None, "it never saw a secret that it could not open"
    assert report.sealed
    assert not report.failures
    settings.ENCRYPTION_KEYS = [NEW]
    assert all(password(sender).startswith(("secret ", "typed ")) for sender in senders)


def test_the_command_reports_counts_and_that_the_old_keys_may_go(senders: list[Sender], settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    said = StringIO()
    call_command("rotate_keys", stdout=said)
    assert "senders.Sender.secret: 8 sealed anew, 0 failed" in said.getvalue()
    assert "Everything is under the first key" in said.getvalue()
    assert "secret 1" not in said.getvalue()


def test_the_command_fails_where_something_does_not_open(senders: list[Sender], settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW]
    said = StringIO()
    with pytest.raises(CommandError, match="8 could not be opened"):
        call_command("rotate_keys", stdout=StringIO(), stderr=said)
    assert secret_row(senders[0]) in said.getvalue()


def test_the_command_says_that_it_may_be_run_again(
    senders: list[Sender], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    def interrupt(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rotation, "seal", interrupt)
    with pytest.raises(CommandError, match="Run it again"):
        call_command("rotate_keys", stdout=StringIO())


@pytest.mark.django_db
def test_no_sealed_column_is_forgotten() -> None:
    """Every binary column whose name says that it is a secret rotates."""
    found = {
        f"{model._meta.label}.{column.name}"
        for model in apps.get_models()
        for column in model._meta.get_fields()
        if isinstance(column, models.BinaryField) and column.name.startswith("secret")
    }
    assert found == {str(column) for column in SEALED}
    for column in SEALED:
        with connection.cursor() as cursor:
            cursor.execute(
                rotation.statement(rotation.STALE, column), {"after": 0, "length": 4, "first": b"", "limit": 1}
            )
