"""Exports: which columns, what stands in them, both kinds of file, and whom they are for."""

import csv
import io
import os
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from accounts.models import Organisation
from leads.exporting.columns import chosen, offered
from leads.exporting.files import path_of, tidy
from leads.models import BulkAction, Lead, LeadList, SuppressionReason
from leads.services import erase_leads
from leads.suppression import suppress_lead
from tests.conftest import Browser

BASE = "/o/acme/leads/export/"


def table(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_columns_are_the_standard_ones_and_every_custom_field(acme: Organisation, grace: Lead, theirs: Lead) -> None:
    offer = offered(acme)
    assert list(offer)[:2] == ["email", "first_name"]
    assert list(offer)[-1] == "field:Language"
    assert chosen(offer, ["phone", "email", "password"]) == {"email": "Email", "phone": "Phone"}
    assert chosen(offer, []) == offer


def test_csv_of_everybody(as_alice: Browser, grace: Lead, joan: Lead, theirs: Lead, people: LeadList) -> None:
    suppress_lead(joan, SuppressionReason.BOUNCED, "")
    header, first, second = table(as_alice.get(f"{BASE}leads.csv"))
    row = dict(zip(header, first, strict=True))
    assert row["Email"] == "grace@navy.example"
    assert (row["Tags"], row["Lists"], row["Language"], row["Phone"]) == (
        "vip, press",
        "People",
        "COBOL",
        "'+1 555 0100",
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["Added"])
    assert dict(zip(header, second, strict=True))["Not mailed because"] == "bounced"


def test_csv_of_a_search_a_choice_and_a_segment(as_alice: Browser, grace: Lead, ada: Lead) -> None:
    columns = "column=last_name&column=email"
    assert table(as_alice.get(f"{BASE}leads.csv?q=ada&{columns}")) == [["Email", "Last name"], [ada.email, "Lovelace"]]
    assert len(table(as_alice.get(f"{BASE}leads.csv?leads={grace.pk},x,-1&{columns}"))) == 2
    assert as_alice.get(f"{BASE}leads.csv?segment=7").status_code == 404


def test_nothing_runs_as_a_formula(as_alice: Browser, add_lead: Callable[..., Lead]) -> None:
    add_lead("evil@x.example", company="=HYPERLINK(1)", fields={"@Field": "+1+1"})
    header, row = table(as_alice.get(f"{BASE}leads.csv"))
    assert "'@Field" in header
    assert {"'=HYPERLINK(1)", "'+1+1"} <= set(row)


def test_the_page_says_how_many_and_links_to_both(as_alice: Browser, grace: Lead, ada: Lead) -> None:
    page = as_alice.get(f"{BASE}?q=navy").content.decode()
    assert "Export 1 lead" in page
    assert f'href="{BASE}leads.csv?q=navy" data-download' in page
    part = as_alice.get(f"{BASE}?q=navy&column=email", headers={"HX-Request-Type": "partial"}).content.decode()
    assert f'href="{BASE}leads.csv?q=navy&amp;column=email" data-download' in part


def test_a_workbook_holds_texts_alone_and_goes_after_an_hour(
    as_alice: Browser, as_charlie: Browser, as_vera: Browser, add_lead: Callable[..., Lead], grace: Lead
) -> None:
    add_lead("evil@x.example", company="=1+1")
    response = as_vera.post(f"{BASE}?column=email&column=company")
    bulk = BulkAction.objects.get()
    assert (bulk.state, bulk.total, bulk.done) == ("done", 2, 2)
    page = as_vera.get(response["HX-Location"]).content.decode()
    file = f"/o/acme/leads/bulk/{bulk.pk}/leads.xlsx"
    assert f'href="{file}" data-download' in page
    download: Any = as_alice.get(file)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(download.streaming_content))).get_sheet_by_index(0)
    assert sheet.to_python() == [["Email", "Company"], ["grace@navy.example", "Navy"], ["evil@x.example", "=1+1"]]
    assert as_charlie.get(file).status_code == 404
    assert as_charlie.get(f"/o/other/leads/bulk/{bulk.pk}/leads.xlsx").status_code == 404
    old = time.time() - 7200
    os.utime(path_of(bulk.file), (old, old))
    tidy()
    assert as_alice.get(file).status_code == 404
    assert "not kept any more" in as_alice.get(response["HX-Location"]).content.decode()


def test_a_workbook_goes_with_whoever_is_erased_and_with_its_organisation(
    as_alice: Browser, acme: Organisation, grace: Lead, ada: Lead, django_capture_on_commit_callbacks: Any
) -> None:
    as_alice.post(f"{BASE}?column=email")
    path = path_of(BulkAction.objects.get().file)
    with django_capture_on_commit_callbacks(execute=True):
        erase_leads(Lead.objects.filter(pk=grace.pk))
    assert not path.exists()
    as_alice.post(f"{BASE}?column=email")
    path = path_of(BulkAction.objects.latest("pk").file)
    with django_capture_on_commit_callbacks(execute=True):
        acme.delete()
    assert not path.exists()


def test_a_full_sheet_is_followed_by_another(
    as_alice: Browser, grace: Lead, ada: Lead, joan: Lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.exporting.files.MOST_ROWS", 3)
    as_alice.post(f"{BASE}?column=email")
    book = CalamineWorkbook.from_path(str(path_of(BulkAction.objects.get().file)))
    assert [len(book.get_sheet_by_index(number).to_python()) for number in (0, 1)] == [3, 1]


def test_a_stranger_exports_nothing_of_acmes(as_charlie: Browser, grace: Lead, theirs: Lead) -> None:
    assert as_charlie.get(f"{BASE}leads.csv").status_code == 404
    _, row = table(as_charlie.get(f"/o/other/leads/export/leads.csv?leads={grace.pk},{theirs.pk}"))
    assert "Their Grace" in row
