"""The whole file is looked through before anything is written: what a check says is what the import then does."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organisation, User
from leads.importing import batches, check, claims, steer
from leads.importing.check import check_now, findings_of
from leads.importing.flow import look
from leads.importing.run import run_import
from leads.importing.uploads import path_of
from leads.models import Import, Lead, SuppressionReason
from leads.services import erase_leads, save_lead
from leads.suppression import suppress
from tests.leads.importing import draft

FILE = b"""Email,Name
new@b.example,New
known@b.example,Known
NEW@b.example,Newer
new@b.example,Newest
quiet@b.example,Quiet
gone@b.example,Gone
info@mailinator.com,Box
nobody,Nobody
none,None
,Empty
a@b.example,too,many
"""


@pytest.fixture
def history(acme: Organisation, charlie: User) -> None:
    """Somebody is known, somebody unsubscribed, somebody was erased; another organisation's people are none of ours."""
    save_lead(Lead(organisation=acme), {"email": "known@b.example"})
    save_lead(Lead(organisation=charlie.organisations.get()), {"email": "new@b.example"})
    suppress(acme, "quiet@b.example", SuppressionReason.UNSUBSCRIBED, "link")
    erase_leads(Lead.objects.filter(pk=save_lead(Lead(organisation=acme), {"email": "gone@b.example"}).pk))


@pytest.fixture
def all_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "SMALL_BYTES", 0)


def test_everything_is_counted_and_nothing_written(acme: Organisation, history: None) -> None:
    leads = Lead.objects.count()
    found = check_now(draft(acme, FILE))
    assert (found.rows, found.new, found.known) == (11, 3, 1)
    assert (found.duplicates, found.suppressed, found.refused) == (2, 1, 5)
    assert found.flags == {"role": 1, "disposable": 1}
    reasons = {reason.text: (reason.rows, reason.lines) for reason in found.reasons}
    assert reasons["No email address: An email address must have an @-sign."] == (2, [9, 10])
    assert reasons["There is no email address in this row."] == (1, [11])
    assert reasons["The person with this address was erased, and is not added again."] == (1, [])
    assert sum(rows for rows, _ in reasons.values()) == found.refused
    assert Lead.objects.count() == leads
    assert findings_of(found.stored()) == found


def test_the_import_does_what_the_check_said(acme: Organisation, history: None) -> None:
    made = draft(acme, FILE)
    found = check_now(made)
    steer.confirm_import(made, look(made), made.mapping)
    run_import(made.pk)
    made.refresh_from_db()
    assert (made.rows, made.created, made.updated) == (found.rows, found.new, found.known + found.duplicates)
    assert (made.duplicates, made.suppressed, made.rejected) == (found.duplicates, found.suppressed, found.refused)


def test_a_large_file_is_checked_by_a_worker_before_it_is_imported(
    acme: Organisation, all_large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 3)
    made = draft(acme, FILE)
    assert not steer.confirm_import(made, look(made), made.mapping)
    made.refresh_from_db()
    assert made.state == "checking"
    run_import(made.pk)
    made.refresh_from_db()
    assert (made.state, made.rows, Lead.objects.count()) == ("draft", 0, 0)
    assert findings_of(made.findings or {}).rows == 11
    other = made.mapping | {"Name": "company"}  # mapped otherwise, it is to be checked again
    assert not steer.confirm_import(made, look(made), other)
    run_import(made.pk)
    made.refresh_from_db()
    assert steer.confirm_import(made, look(made), other)
    made.refresh_from_db()
    assert made.state == "pending"


def test_a_check_is_cancelled_and_its_worker_notices(
    acme: Organisation, all_large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = draft(acme, FILE)
    steer.start_check(made, look(made), made.mapping)
    claimed = claims.claim(made.pk)
    assert claimed is not None
    steer.cancel_import(made)
    with pytest.raises(claims.Superseded):
        check.check_file(claimed)
    made.refresh_from_db()
    assert (made.state, made.findings) == ("draft", None)


def test_a_check_that_dies_goes_to_another_worker_and_one_that_cannot_be_ends_in_words(acme: Organisation) -> None:
    made = draft(acme, FILE)
    steer.start_check(made, look(made), made.mapping)
    for _ in range(claims.MOST_ATTEMPTS):
        assert claims.claim(made.pk)
        assert claims.claim(made.pk) is None
        Import.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    assert claims.claim(made.pk) is None
    made.refresh_from_db()
    assert made.state == "draft"
    assert "stopped 5 times" in findings_of(made.findings or {}).problem


def test_a_check_of_a_lost_file_says_so(acme: Organisation) -> None:
    made = draft(acme, FILE)
    steer.start_check(made, look(made), made.mapping)
    path_of(made.file).unlink()
    run_import(made.pk)
    made.refresh_from_db()
    assert "not here any more" in findings_of(made.findings or {}).problem
