"""An `Idempotency-Key`: once done is done, and only the person who may do it now hears what was answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import tasks
from accounts.models import IdempotencyKey, Membership, Organisation, Role, User
from leads.models import Lead, LeadList
from leads.services import erase_leads
from tests.conftest import Browser

LEADS = "/orgs/acme/leads"
SECRET = {"email": "secret.lead@x.example", "phone": "+49 1"}
KEYED = {"Idempotency-Key": "once"}


def post(browser: Browser, body: Any = SECRET, path: str = LEADS, key: str = "once") -> Any:
    return browser.api("POST", path, body, headers={"Idempotency-Key": key})


def test_a_repetition_answers_as_the_first_did_and_acts_once(as_alice: Browser) -> None:
    first = post(as_alice)
    again = post(as_alice)
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.json(), again["Content-Type"]) == (first.json(), first["Content-Type"])
    assert Lead.objects.count() == 1
    assert post(as_alice, SECRET | {"phone": ""}).status_code == 422
    assert post(as_alice, key="k" * 256).status_code == 422
    assert Lead.objects.count() == 1


def test_the_same_key_of_another_person_is_another_key(as_alice: Browser, as_charlie: Browser) -> None:
    post(as_alice, {"name": "Spring"}, "/orgs/acme/lists")
    made = post(as_charlie, {"name": "Spring"}, "/orgs/other/lists")
    assert made.status_code == 201
    assert LeadList.objects.count() == 2


def test_who_was_removed_or_may_no_longer_hears_nothing(as_alice: Browser, member: Any) -> None:
    bob: User = member("Bob", Role.MANAGER)
    as_bob = Browser(bob)
    assert post(as_bob).status_code == 201
    Membership.objects.filter(user=bob).update(role=Role.VIEWER)
    assert post(as_bob).status_code == 403
    Membership.objects.filter(user=bob).delete()
    removed = post(as_bob)
    assert removed.status_code == 404
    assert b"secret.lead" not in removed.content


def test_another_role_is_another_request(member: Any) -> None:
    bob: User = member("Bob", Role.OWNER)
    assert post(Browser(bob)).status_code == 201
    Membership.objects.filter(user=bob).update(role=Role.MANAGER)
    assert post(Browser(bob)).status_code == 422


def test_strangers_viewers_and_nobody_leave_no_record(as_charlie: Browser, as_vera: Browser) -> None:
    assert post(as_charlie).status_code == 404
    assert post(as_vera).status_code == 403
    anyone = Client().post(f"/api/v1{LEADS}", SECRET, content_type="application/json", headers=KEYED)
    assert anyone.status_code == 401
    assert not IdempotencyKey.objects.exists()


def test_of_strangers_and_of_what_is_too_large_nothing_is_read(
    as_charlie: Browser, as_alice: Browser, settings: Any
) -> None:
    settings.IMPORT_MAX_BYTES = 0
    for browser, status in ((as_charlie, 404), (as_alice, 413)):
        big = {"file": SimpleUploadedFile("a.csv", b"x" * (2 << 20))}
        with CaptureQueriesContext(connection) as queries:
            answer = browser.post("/api/v1/orgs/acme/imports", big, headers=KEYED)
        assert answer.status_code == status
        assert answer["Content-Type"] == "application/problem+json"
        assert not [query for query in queries if "idempotencykey" in query["sql"]]


def test_a_refusal_is_not_kept(as_alice: Browser) -> None:
    assert post(as_alice, {"email": "no address"}).status_code == 422
    assert not IdempotencyKey.objects.exists()


def test_an_erased_lead_is_in_no_answer_and_nothing_is_done_twice(as_alice: Browser, as_charlie: Browser) -> None:
    post(as_alice)
    post(as_charlie, {"email": "other@x.example"}, "/orgs/other/leads")
    erase_leads(Lead.objects.filter(email=SECRET["email"]))
    mine, theirs = IdempotencyKey.objects.order_by("pk")
    assert mine.body is None
    assert b"other@x.example" in bytes(theirs.body or b"")
    again = post(as_alice)
    assert again.status_code == 409
    assert "erased" in again.json()["detail"]


def test_a_request_that_died_stands_in_the_way_for_minutes_not_for_ever(as_alice: Browser, acme: Organisation) -> None:
    post(as_alice)
    Lead.objects.all().delete()
    IdempotencyKey.objects.update(status=None, body=None)
    assert post(as_alice).status_code == 409
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(minutes=11))
    assert post(as_alice).status_code == 201
    assert Lead.objects.count() == 1
    assert IdempotencyKey.objects.get().organisation == acme


def test_after_a_day_a_key_is_free_and_its_answer_gone(as_alice: Browser) -> None:
    post(as_alice, {"name": "Spring"}, "/orgs/acme/lists")
    tasks.purge_answers()
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert post(as_alice, {"name": "Summer"}, "/orgs/acme/lists").status_code == 201
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    tasks.purge_answers()
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("imports", "multipart/form-data", 400),
        ("imports", "multipart/form-data; boundary=BB", 422),
        ("leads", "multipart/form-data; boundary=BB", 415),
        ("leads", "application/json", 400),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem_with_the_key_too(
    as_alice: Browser, path: str, kind: str, status: int
) -> None:
    answer = as_alice.generic("POST", f"/api/v1/orgs/acme/{path}", b"x", kind, headers=KEYED)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert not IdempotencyKey.objects.exists()
