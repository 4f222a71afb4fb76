"""Imports over the API: the contract of shared/API.md, and who may not."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Organisation
from leads.importing.run import run_import
from leads.importing.uploads import path_of
from leads.models import Import, Lead, LeadList
from tests.conftest import Browser
from tests.leads.importing import draft, imported, started

BASE = "/orgs/acme/imports"
URL = f"/api/v1{BASE}"
FILE = b"Email,Name,Sector\nanna@b.example,Anna,Energy\nnobody,Ben,Rail\n"


def post(browser: Browser, content: bytes = FILE, headers: dict[str, str] | None = None, **fields: Any) -> Any:
    if isinstance(fields.get("mapping"), dict):
        fields["mapping"] = json.dumps(fields["mapping"])
    return browser.post(URL, fields | {"file": SimpleUploadedFile("people.csv", content)}, headers=headers)


def refused(response: Any) -> str:
    assert response.status_code == 422, response.content
    assert response["Content-Type"] == "application/problem+json"
    [error] = response.json()["errors"]
    assert not Import.objects.exists()
    return str(error["field"])


def test_an_import_is_accepted_and_told_of(as_alice: Browser, acme: Organisation) -> None:
    response = post(as_alice, list="Fair")
    made = Import.objects.get()
    assert response.status_code == 202
    assert response.json() == {"id": str(made.pk), "state": "pending"}
    run_import(made.pk)
    answer = as_alice.api("GET", f"{BASE}/{made.pk}").json()
    wanted = {"state": "done", "rows": 2, "created": 1, "updated": 0, "skipped": 0, "rejected": 1, "detail": ""}
    assert wanted.items() <= answer.items()
    assert answer["list"] == str(LeadList.objects.get(name="Fair").pk)
    assert answer["finished_at"].endswith("Z")
    lead = Lead.objects.get()
    assert (lead.first_name, lead.fields) == ("Anna", {})


def test_a_mapping_says_what_a_guess_cannot(as_alice: Browser, acme: Organisation) -> None:
    post(as_alice, mapping={"Sector": "fields.industry", "Name": None})
    run_import(Import.objects.get().pk)
    lead = Lead.objects.get()
    assert (lead.email, lead.first_name, lead.fields) == ("anna@b.example", "", {"industry": "Energy"})


def test_duplicates_are_left_alone_where_that_is_asked(as_alice: Browser, acme: Organisation) -> None:
    imported(acme, FILE)
    response = post(as_alice, FILE.replace(b"Anna", b"Ann"), on_duplicate="skip")
    run_import(int(response.json()["id"]))
    assert as_alice.api("GET", f"{BASE}/{response.json()['id']}").json()["skipped"] == 1
    assert Lead.objects.get().first_name == "Anna"


@pytest.mark.parametrize(
    ("content", "fields", "field"),
    [
        (b"", {}, "file"),
        (b"Email\n", {}, "file"),
        (b"\x89PNG\r\n\x1a\n", {}, "file"),
        (b"Name,City\nAnna,Berlin\n", {}, "mapping"),
        (FILE, {"mapping": {"Email": "nickname"}}, "mapping"),
        (FILE, {"mapping": {"Mail": "email"}}, "mapping"),
        (FILE, {"mapping": {"Email": None}}, "mapping"),
        (FILE, {"mapping": {"Email": 1}}, "mapping"),
        (FILE, {"mapping": "{"}, "mapping"),
        (FILE, {"mapping": "[" * 100_000}, "mapping"),
        (FILE, {"mapping": '["Email"]'}, "mapping"),
        (FILE, {"mapping": '{"Sector": "fields.\\ud800"}'}, "mapping"),
        (FILE, {"on_duplicate": "replace"}, "on_duplicate"),
        (FILE, {"list": "x" * 201}, "list"),
        (FILE, {"colour": "red"}, "colour"),
    ],
)
def test_what_is_not_accepted_names_its_field(
    as_alice: Browser, acme: Organisation, content: bytes, fields: dict[str, Any], field: str
) -> None:
    assert refused(post(as_alice, content, **fields)) == field
    assert not LeadList.objects.exists()


def test_a_file_must_come_as_multipart(as_alice: Browser, acme: Organisation) -> None:
    assert refused(as_alice.post(URL, {"list": "x"})) == "file"
    assert refused(as_alice.api("POST", BASE, {"file": "Email\na@b.example"})) == "file"
    response = as_alice.post(URL, b"--x\r\nnonsense", content_type="multipart/form-data; boundary=" + "x" * 300)
    assert refused(response) == "file"


def test_a_file_that_is_too_large_is_refused(as_alice: Browser, acme: Organisation, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 2000
    assert refused(post(as_alice, FILE + b"x" * 3000)) == "file"
    response = post(as_alice, FILE + b"x" * 100_000)
    assert response.status_code == 413
    assert response.json()["errors"][0]["field"] == "file"


def test_a_refused_mapping_leaves_no_file(
    as_alice: Browser, acme: Organisation, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    before = set(path_of("imports").glob("*"))
    with django_capture_on_commit_callbacks(execute=True):
        post(as_alice, mapping={"Email": "nickname"})
    assert set(path_of("imports").glob("*")) == before


def test_the_same_key_imports_once(as_alice: Browser, acme: Organisation) -> None:
    first = post(as_alice, headers={"Idempotency-Key": "k1"})
    second = post(as_alice, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert Import.objects.count() == 1
    assert post(as_alice, FILE + b"\n", headers={"Idempotency-Key": "k1"}).status_code == 422


def test_refused_rows_come_with_line_and_reason(as_alice: Browser, acme: Organisation) -> None:
    made = imported(acme, FILE)
    response = as_alice.api("GET", f"{BASE}/{made.pk}/rejected.csv")
    assert response["Content-Type"].startswith("text/csv")
    [row] = csv.DictReader(io.StringIO(response.getvalue().decode()))
    assert row["line"] == "3"
    assert row["reason"] == "nobody is not an email address: An email address must have an @-sign."
    assert (row["Email"], row["Name"], row["Sector"]) == ("nobody", "Ben", "Rail")


def test_imports_are_listed_but_for_the_dashboards_drafts(as_alice: Browser, acme: Organisation) -> None:
    made = [imported(acme, FILE) for _ in range(3)]
    draft(acme, FILE)
    first = as_alice.api("GET", f"{BASE}?limit=2").json()
    second = as_alice.api("GET", f"{BASE}?limit=2&cursor={first['next']}").json()
    assert [item["id"] for item in first["items"] + second["items"]] == [str(one.pk) for one in reversed(made)]
    assert second["next"] is None


def test_an_import_is_cancelled_or_undone_while_that_can_be(as_alice: Browser, acme: Organisation) -> None:
    waiting = started(acme, FILE)
    assert as_alice.api("POST", f"{BASE}/{waiting.pk}/cancel").json()["state"] == "cancelled"
    assert as_alice.api("POST", f"{BASE}/{waiting.pk}/cancel").status_code == 409
    made = imported(acme, FILE)
    response = as_alice.api("POST", f"{BASE}/{made.pk}/undo")
    assert (response.status_code, response.json()["state"]) == (202, "undoing")
    run_import(made.pk)
    assert as_alice.api("GET", f"{BASE}/{made.pk}").json()["state"] == "undone"
    assert as_alice.api("POST", f"{BASE}/{made.pk}/undo").status_code == 409
    assert not Lead.objects.exists()


def test_a_draft_of_the_dashboard_is_none_of_the_apis(as_alice: Browser, acme: Organisation) -> None:
    assert as_alice.api("GET", f"{BASE}/{draft(acme, FILE).pk}").status_code == 404


def test_the_reference_says_what_to_send(as_alice: Browser) -> None:
    operation = as_alice.get("/api/v1/openapi.json").json()["paths"]["/api/v1/orgs/{org}/imports"]["post"]
    schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(schema["properties"]) == {"file", "list", "mapping", "on_duplicate"}


def test_a_stranger_finds_nothing(as_charlie: Browser, acme: Organisation) -> None:
    made = imported(acme, FILE)
    for organisation in ("acme", "other"):
        for path in ("", "/rejected.csv"):
            assert as_charlie.api("GET", f"/orgs/{organisation}/imports/{made.pk}{path}").status_code == 404
        for verb in ("cancel", "undo"):
            assert as_charlie.api("POST", f"/orgs/{organisation}/imports/{made.pk}/{verb}").status_code == 404
    assert post(as_charlie).status_code == 404
    assert as_charlie.api("GET", "/orgs/other/imports").json()["items"] == []
    assert Import.objects.count() == 1


def test_a_viewer_looks_and_imports_nothing(as_vera: Browser, acme: Organisation) -> None:
    made = imported(acme, FILE)
    assert as_vera.api("GET", f"{BASE}/{made.pk}").status_code == 200
    assert as_vera.api("GET", f"{BASE}/{made.pk}/rejected.csv").status_code == 200
    assert post(as_vera).status_code == 403
    assert as_vera.api("POST", f"{BASE}/{made.pk}/undo").status_code == 403
    assert Import.objects.count() == 1
