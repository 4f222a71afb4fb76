"""Several files at once, archives and workbooks on the pages and over the API."""

from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Organisation
from leads.importing.run import run_import
from leads.importing.uploads import path_of
from leads.models import Import, Lead
from tests.conftest import Browser
from tests.leads.importing import draft
from tests.leads.test_importing_files import FILES
from tests.leads.test_importing_formats_archives import PEOPLE, zipped
from tests.leads.test_importing_formats_workbooks import workbook

BASE = "/o/acme/imports/"
API = "/api/v1/orgs/acme/imports"


def upload(browser: Browser, **files: bytes) -> Any:
    sent = [SimpleUploadedFile(name.replace("_", "."), content) for name, content in files.items()]
    return browser.post(f"{BASE}new/", {"list_name": "Fair", "on_duplicate": "update", "file": sent})


def test_several_files_become_drafts_that_stand_together(as_alice: Browser, acme: Organisation) -> None:
    response = upload(as_alice, first_csv=PEOPLE, second_zip=zipped({"third.csv": PEOPLE, "fourth.csv": PEOPLE}))
    assert response["HX-Location"] == BASE
    assert "3 files are here" in response["HX-Trigger"]
    assert [made.file_name for made in Import.objects.order_by("pk")] == ["first.csv", "third.csv", "fourth.csv"]
    assert {made.list_name for made in Import.objects.all()} == {"Fair"}
    shown = as_alice.get(BASE).content.decode()
    assert shown.index("fourth.csv") < shown.index("first.csv")


def test_one_bad_file_is_named_and_none_is_kept(as_alice: Browser, acme: Organisation) -> None:
    response = upload(as_alice, good_csv=PEOPLE, bad_pdf=b"%PDF-1.7", none_csv=b"")
    shown = response.content.decode()
    assert response.status_code == 422
    assert "bad.pdf: This is a PDF." in shown
    assert "none.csv: The file is empty." in shown
    assert "None of the files was kept: choose the others again." in shown
    assert not Import.objects.exists()
    assert not list(path_of("imports").iterdir())


def test_a_bad_file_in_an_archive_is_named(as_alice: Browser, acme: Organisation) -> None:
    packed = zipped({"good.csv": PEOPLE, "none.csv": b"Email\n"})
    assert "none.csv: The file has column names and no rows" in upload(as_alice, export_zip=packed).content.decode()
    shown = upload(as_alice, export_zip=packed, first_csv=PEOPLE).content.decode()
    assert "export.zip: none.csv: The file has column names and no rows" in shown


def test_there_is_a_limit_to_how_many(as_alice: Browser, acme: Organisation, settings: Any) -> None:
    response = upload(as_alice, **{f"f{number}_csv": PEOPLE for number in range(21)})
    assert response.status_code == 422
    assert "These are 21 files. Choose 20 at most." in response.content.decode()
    settings.IMPORT_MAX_BYTES = len(PEOPLE) + 10
    assert "larger than" in upload(as_alice, a_csv=PEOPLE, b_csv=PEOPLE).content.decode()


def two_sheets(made: xlsxwriter.Workbook) -> None:
    for name, person in (("Clients", "anna"), ("Press <1>", "ben")):
        sheet = made.add_worksheet(name)
        sheet.write_row("A1", ["Email", "First name"])
        sheet.write_row("A2", [f"{person}@b.example", person.title()])


def test_another_sheet_can_be_chosen(as_alice: Browser, acme: Organisation) -> None:
    upload(as_alice, people_xlsx=workbook(two_sheets))
    made = Import.objects.get()
    shown = as_alice.get(f"{BASE}{made.pk}/").content.decode()
    assert "A workbook, the sheet “Clients”" in shown
    assert "anna@b.example" in shown
    assert "Separator" not in shown
    other = as_alice.get(f"{BASE}{made.pk}/", {"sheet": "Press <1>", "read_as": "sheet Clients"}).content.decode()
    assert "ben@b.example" in other
    assert '<option selected value="Press &lt;1&gt;">' in other
    chosen = {"sheet": "Press <1>", "read_as": "sheet Press <1>", "column-0": "email", "column-1": "first_name"}
    as_alice.post(f"{BASE}{made.pk}/start/", chosen)
    run_import(made.pk)
    assert [lead.first_name for lead in Lead.objects.all()] == ["Ben"]


def test_a_sheet_that_is_not_there_is_not_looked_for(as_alice: Browser, acme: Organisation) -> None:
    made = draft(acme, workbook(two_sheets), "people.xlsx")
    assert "anna@b.example" in as_alice.get(f"{BASE}{made.pk}/", {"sheet": "None"}).content.decode()


def test_vcards_are_shown_as_such(as_alice: Browser, acme: Organisation) -> None:
    made = draft(acme, (FILES / "cards-4.0.vcf").read_bytes(), "cards.vcf")
    shown = as_alice.get(f"{BASE}{made.pk}/").content.decode()
    assert "vCards, a row for each card" in shown
    assert "zoe@b.example" in shown


def test_a_program_sends_any_format_one_file_at_a_time(
    as_alice: Browser, acme: Organisation, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    packed = zipped({"people.xlsx": workbook(two_sheets)})
    response = as_alice.post(API, {"file": SimpleUploadedFile("people.zip", packed)})
    assert response.status_code == 202
    run_import(int(response.json()["id"]))
    assert [lead.email for lead in Lead.objects.all()] == ["anna@b.example"]
    several = SimpleUploadedFile("people.zip", zipped({"a.csv": PEOPLE, "b.csv": PEOPLE}))
    for sent in (several, [SimpleUploadedFile(f"{n}.csv", PEOPLE) for n in range(2)]):
        with django_capture_on_commit_callbacks(execute=True):
            response = as_alice.post(API, {"file": sent})
        assert response.status_code == 422
        assert "one" in response.json()["errors"][0]["message"]
    assert Import.objects.count() == 1
    assert not list(path_of("imports").iterdir())


@pytest.mark.parametrize("who", ["as_vera", "as_charlie"])
def test_others_upload_nothing(request: pytest.FixtureRequest, acme: Organisation, who: str) -> None:
    browser: Browser = request.getfixturevalue(who)
    assert upload(browser, first_csv=PEOPLE, second_csv=PEOPLE).status_code == (403 if who == "as_vera" else 404)
    made = draft(acme, workbook(two_sheets), "people.xlsx")
    assert browser.get(f"{BASE}{made.pk}/", {"sheet": "Clients"}).status_code == (200 if who == "as_vera" else 404)
    assert Import.objects.count() == 1
