"""The pages of an import, from the upload over the preview to its end; and who may not."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import Organisation, User
from leads.importing.run import run_import
from leads.importing.uploads import path_of
from leads.lists import named_list
from leads.models import Import, Lead, LeadList
from tests.conftest import Browser
from tests.leads.importing import EXPORTS, draft, imported, started

BASE = "/o/acme/imports/"
FILE = b"Email,Name,Sector\nanna@b.example,Anna M\xc3\xbcller,Energy\nnobody,Ben,Rail\n"
FRAGMENT = {"HX-Request-Type": "partial"}


def upload(browser: Browser, content: bytes, name: str = "people.csv", **values: str) -> Any:
    fields = {"list_name": "", "on_duplicate": "update"} | values
    return browser.post(f"{BASE}new/", fields | {"file": SimpleUploadedFile(name, content)})


def page(browser: Browser, made: Import, **data: str) -> str:
    response = browser.get(f"{BASE}{made.pk}/", data)
    assert response.status_code == 200
    return str(response.content.decode())


def chosen(made: Import, *targets: str, **others: str) -> dict[str, str]:
    """The form of a preview."""
    return {"read_as": f"{made.encoding} comma", **{f"column-{n}": to for n, to in enumerate(targets)}, **others}


def test_an_upload_leads_to_its_preview(as_alice: Browser, acme: Organisation) -> None:
    response = upload(as_alice, FILE, list_name="Fair", on_duplicate="skip")
    made = Import.objects.get()
    assert (response.status_code, response["HX-Location"]) == (204, f"{BASE}{made.pk}/")
    assert (made.organisation, made.created_by, made.state) == (acme, as_alice.user, "draft")
    shown = page(as_alice, made)
    assert "UTF-8, with a comma between cells" in shown
    assert "the list “Fair”" in shown
    assert "stay as they are" in shown
    assert '<option value="full_name" selected>' in shown
    assert "Anna</td>" not in shown
    assert "Anna Müller" in shown
    assert "nobody is not an email address" in shown
    assert not Lead.objects.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"Email\n", "no rows below them"),
        (b"\x89PNG\r\n\x1a\n", "This is a picture (PNG)"),
    ],
)
def test_what_is_no_list_is_refused_at_its_field_and_nothing_is_lost(
    as_alice: Browser, acme: Organisation, content: bytes, words: str
) -> None:
    response = upload(as_alice, content, list_name="Fair <1>", on_duplicate="skip")
    shown = response.content.decode()
    assert response.status_code == 422
    assert words in shown
    assert 'aria-invalid="true"' in shown
    assert 'value="Fair &lt;1&gt;"' in shown
    assert '<option value="skip" selected>' in shown
    assert not Import.objects.exists()


def test_without_a_file_the_form_says_so(as_alice: Browser, acme: Organisation) -> None:
    response = as_alice.post(f"{BASE}new/", {"on_duplicate": "update"})
    assert response.status_code == 422
    assert "Choose a file." in response.content.decode()


def test_a_file_that_is_too_large_is_refused(as_alice: Browser, acme: Organisation, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 2000
    response = upload(as_alice, FILE + b"x" * 3000)
    assert response.status_code == 422
    assert "larger than 2\xa0KB" in response.content.decode()
    assert upload(as_alice, FILE + b"x" * 100_000).status_code == 413
    assert not Import.objects.exists()


def test_a_list_can_be_named_by_a_link(as_alice: Browser, acme: Organisation, charlie: User) -> None:
    mine, theirs = named_list(acme, "Fair"), named_list(charlie.organisations.get(), "Theirs")
    shown = as_alice.get(f"{BASE}new/?list={mine.pk}").content.decode()
    assert 'name="list_name" value="Fair"' in shown
    assert as_alice.get(f"{BASE}new/?list={theirs.pk}").status_code == 404


def test_another_choice_for_a_column_shows_at_once_and_changes_nothing(as_alice: Browser, acme: Organisation) -> None:
    made = draft(acme, FILE)
    response = as_alice.get(f"{BASE}{made.pk}/", chosen(made, "email", "", "fields.Sector"), headers=FRAGMENT)
    shown = response.content.decode()
    assert "<html" not in shown
    assert '<option value="fields.Sector" selected>' in shown
    assert "Sector: Energy" in shown
    assert "Anna Müller</td>" not in shown
    made.refresh_from_db()
    assert made.mapping == {"Email": "email", "Name": "full_name"}


def test_another_encoding_or_separator_shows_other_columns(as_alice: Browser, acme: Organisation) -> None:
    made = draft(acme, FILE)
    shown = page(as_alice, made, **chosen(made, "email", encoding="cp1252"))
    assert "Anna MÃ¼ller" in shown
    shown = page(as_alice, made, **chosen(made, "email", separator="semicolon"))
    assert "Email,Name,Sector" in shown
    assert "No column holds email addresses" in shown
    shown = page(as_alice, made, **chosen(made, "email", encoding="utf-16"))
    assert "is not written in this encoding" in shown
    assert "anna@b.example" in shown


def test_the_file_is_imported_as_it_was_mapped(as_alice: Browser, acme: Organisation) -> None:
    made = draft(acme, FILE, list_name="Fair")
    response = as_alice.post(f"{BASE}{made.pk}/start/", chosen(made, "email", "company", "fields.Sector"))
    assert response["HX-Location"] == f"{BASE}{made.pk}/"
    made.refresh_from_db()
    assert made.state == "pending"
    run_import(made.pk)
    lead = Lead.objects.get()
    assert (lead.company, lead.fields, lead.first_name) == ("Anna Müller", {"Sector": "Energy"}, "")
    assert list(LeadList.objects.get().leads.all()) == [lead]


def test_it_is_read_as_was_chosen(as_alice: Browser, acme: Organisation) -> None:
    made = draft(acme, "Email;Name\na@b.example;Zoë\n".encode("cp1252"))
    assert made.encoding == "cp1252"
    data = {"encoding": "cp1257", "separator": "semicolon", "read_as": "cp1257 semicolon", "column-0": "email"}
    as_alice.post(f"{BASE}{made.pk}/start/", data | {"column-1": "first_name"})
    run_import(made.pk)
    assert Lead.objects.get().first_name == "Zoė"


def test_without_an_address_it_does_not_start_and_keeps_what_was_chosen(as_alice: Browser, acme: Organisation) -> None:
    made = draft(acme, FILE)
    response = as_alice.post(f"{BASE}{made.pk}/start/", chosen(made, "", "company", "fields.Sector"))
    shown = response.content.decode()
    assert response.status_code == 422
    assert "No column holds email addresses. Say which one does." in shown
    assert '<option value="fields.Sector" selected>' in shown
    made.refresh_from_db()
    assert made.state == "draft"


def test_a_second_click_leads_to_what_the_first_began(as_alice: Browser, acme: Organisation) -> None:
    made = started(acme, FILE)
    response = as_alice.post(f"{BASE}{made.pk}/start/", chosen(made, "email"))
    assert response["HX-Location"] == f"{BASE}{made.pk}/"
    assert "started already" in response["HX-Trigger"]
    response = as_alice.post(f"{BASE}{made.pk}/discard/")
    assert "started already" in response["HX-Trigger"]
    made.refresh_from_db()
    assert made.state == "pending"
    run_import(made.pk)
    assert "started already" in as_alice.post(f"{BASE}{made.pk}/start/", chosen(made, "email"))["HX-Trigger"]


def test_a_small_file_is_checked_at_once(as_alice: Browser, acme: Organisation) -> None:
    imported(acme, b"Email\nanna@b.example\n")
    shown = page(as_alice, draft(acme, FILE + b"info@b.example,Box,\nanna@b.example,,\n"))
    for label, value in {"Rows": 4, "New leads": 1, "Known, updated": 1, "Named again": 1, "Refused": 1}.items():
        assert f"<dt>{label}</dt><dd>{value}</dd>" in shown
    assert "No email address: An email address must have an @-sign." in shown
    assert "1 role address" in shown
    assert '<span class="badge warning" title="A box' in shown
    assert "Check the whole file" not in shown


def test_a_large_file_is_checked_before_it_can_be_imported(
    as_alice: Browser, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leads.importing.check.SMALL_BYTES", 0)
    made = draft(acme, FILE)
    assert "Check the whole file" in page(as_alice, made)
    response = as_alice.post(f"{BASE}{made.pk}/start/", chosen(made, "email", "full_name"))
    assert "being checked" in response["HX-Trigger"]
    shown = page(as_alice, made)
    assert "Waiting for its turn" in shown
    assert f'action="{BASE}{made.pk}/cancel/"' in shown
    run_import(made.pk)
    response = as_alice.get(f"{BASE}{made.pk}/?busy=1", headers=FRAGMENT)
    assert response["HX-Location"] == f"{BASE}{made.pk}/"
    shown = page(as_alice, made, **chosen(made, "email", "full_name"))
    assert "<dt>New leads</dt><dd>1</dd>" in shown
    assert "Check the whole file" in page(as_alice, made, **chosen(made, "email", "company"))
    response = as_alice.post(f"{BASE}{made.pk}/start/", chosen(made, "email", "full_name"))
    assert "has begun" in response["HX-Trigger"]


def test_all_other_columns_are_kept_at_one_click(as_alice: Browser, acme: Organisation) -> None:
    made = draft(acme, FILE)
    assert "Keep it as a custom field" in page(as_alice, made)
    shown = page(as_alice, made, **chosen(made, "email", "full_name", ""), rest="custom")
    assert '<option value="fields.Sector" selected>' in shown
    assert "Keep it" not in shown


def test_an_import_is_cancelled_and_undone(as_alice: Browser, acme: Organisation) -> None:
    waiting = started(acme, FILE)
    assert "Cancelled" in as_alice.post(f"{BASE}{waiting.pk}/cancel/")["HX-Trigger"]
    assert "before any row was imported" in page(as_alice, waiting)
    assert "ended already" in as_alice.post(f"{BASE}{waiting.pk}/cancel/")["HX-Trigger"]
    made = imported(acme, FILE)
    assert f'action="{BASE}{made.pk}/undo/"' in page(as_alice, made)
    assert "being undone" in as_alice.post(f"{BASE}{made.pk}/undo/")["HX-Trigger"]
    assert "Taken back for 0 of 1 leads" in page(as_alice, made)
    run_import(made.pk)
    shown = page(as_alice, made)
    assert "This import is undone for 1 lead:" in shown
    assert f'action="{BASE}{made.pk}/undo/"' not in shown
    assert "cannot be undone" in as_alice.post(f"{BASE}{made.pk}/undo/")["HX-Trigger"]
    assert not Lead.objects.exists()


def test_a_draft_can_be_discarded(
    as_alice: Browser, acme: Organisation, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    made = draft(acme, FILE)
    with django_capture_on_commit_callbacks(execute=True):
        response = as_alice.post(f"{BASE}{made.pk}/discard/")
    assert response["HX-Location"] == BASE
    assert not Import.objects.exists()
    assert not path_of(made.file).exists()


def test_a_draft_whose_file_went_says_so(as_alice: Browser, acme: Organisation) -> None:
    made = draft(acme, FILE)
    path_of(made.file).unlink()
    assert "not here any more" in page(as_alice, made)
    response = as_alice.post(f"{BASE}{made.pk}/start/", chosen(made, "email"))
    assert response.status_code == 422


def test_the_page_asks_again_while_it_runs(as_alice: Browser, acme: Organisation) -> None:
    made = started(acme, FILE)
    assert "Waiting for its turn" in page(as_alice, made)
    Import.objects.update(state="running", rows=12_345, position=made.size // 2, heartbeat_at=timezone.now())
    shown = page(as_alice, made)
    assert "12,345 rows, 49 %" in shown or "12,345 rows, 50 %" in shown
    assert 'hx-trigger="every 1s"' in shown
    Import.objects.update(state="pending", rows=0, position=0)
    run_import(made.pk)
    response = as_alice.get(f"{BASE}{made.pk}/?busy=1", headers=FRAGMENT)
    assert "every 1s" not in response.content.decode()
    assert "is done" in response["HX-Trigger"]


def test_what_came_of_it(as_alice: Browser, acme: Organisation) -> None:
    made = imported(acme, FILE + b"anna@b.example,Again,\n", list_name="Fair")
    shown = page(as_alice, made)
    for label, value in {"Rows": 3, "Created": 1, "Updated": 1, "Skipped": 0, "Refused": 1}.items():
        assert f"<dt>{label}</dt><dd>{value}</dd>" in shown
    assert f"/o/acme/lists/{made.target_list_id}/" in shown
    assert f'href="{BASE}{made.pk}/rejected.csv" data-download' in shown
    assert "nobody is not an email address" in shown


def test_a_failure_is_told_in_words(as_alice: Browser, acme: Organisation) -> None:
    made = started(acme, FILE)
    path_of(made.file).unlink()
    run_import(made.pk)
    assert "The uploaded file is not here any more. Please upload it again." in page(as_alice, made)


def test_refused_rows_come_as_csv_without_formulas(as_alice: Browser, acme: Organisation) -> None:
    made = imported(acme, b'line,Email,Company\n1,nobody,"=HYPERLINK(""x"")"\n2,none,a,more\n')
    response = as_alice.get(f"{BASE}{made.pk}/rejected.csv")
    assert response["Content-Type"].startswith("text/csv")
    assert f'filename="import-{made.pk}-rejected.csv"' in response["Content-Disposition"]
    lines = response.getvalue().decode("utf-8-sig").splitlines()
    assert lines[0] == "line,reason,line (2),Email,Company"
    assert lines[1].endswith('''1,nobody,"'=HYPERLINK(""x"")"''')
    assert lines[1].startswith("2,nobody is not an email address")
    assert lines[2].endswith(",2,none,a,more")


def test_refused_rows_are_gone_after_a_month(as_alice: Browser, acme: Organisation) -> None:
    made = imported(acme, FILE)
    made.rejected_rows.all().delete()
    shown = page(as_alice, made)
    assert "not kept any more" in shown
    assert "rejected.csv" not in shown


def test_all_imports_are_listed(as_alice: Browser, acme: Organisation, charlie: User) -> None:
    assert "No imports yet" in as_alice.get(BASE).content.decode()
    imported(acme, FILE, name="first.csv", list_name="Fair")
    draft(acme, FILE, "second.csv")
    draft(charlie.organisations.get(), FILE, "theirs.csv")
    shown = as_alice.get(BASE).content.decode()
    assert shown.index("second.csv") < shown.index("first.csv")
    assert "theirs.csv" not in shown


def test_many_imports_are_paged(as_alice: Browser, acme: Organisation) -> None:
    Import.objects.bulk_create(Import(organisation=acme, file_name=f"{n}.csv", state="done") for n in range(60))
    assert "Page 1 of 2" in as_alice.get(BASE).content.decode()


def test_what_stands_in_a_file_is_only_text(as_alice: Browser, acme: Organisation) -> None:
    evil = b'Email,"<script>alert(1)</script>",Name\n<b>x</b>,"<img src=x>",<i>\n'
    made = draft(acme, evil, "<u>.csv")
    for shown in (page(as_alice, made), page(as_alice, imported(acme, evil, name="<u>.csv")), page(as_alice, made)):
        assert "<script>alert" not in shown
        assert "<b>x" not in shown
        assert "<u>" not in shown
        assert "<img src=x" not in shown


@pytest.mark.parametrize("name", sorted(path.name for path in EXPORTS.glob("*.csv")))
def test_every_export_is_previewed(as_alice: Browser, acme: Organisation, name: str) -> None:
    shown = page(as_alice, draft(acme, (EXPORTS / name).read_bytes(), name))
    assert "The first rows" in shown
    assert '<option value="email" selected>' in shown


CALLS = [
    *(("GET", path) for path in ("", "rejected.csv")),
    *(("POST", path) for path in ("start/", "discard/", "cancel/", "undo/")),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_stranger_finds_nothing(as_charlie: Browser, acme: Organisation, method: str, path: str) -> None:
    made = draft(acme, FILE)
    for organisation in ("acme", "other"):
        url = f"/o/{organisation}/imports/{made.pk}/{path}"
        assert getattr(as_charlie, method.lower())(url).status_code == 404
    made.refresh_from_db()
    assert made.state == "draft"
    assert upload(as_charlie, FILE).status_code == 404
    assert as_charlie.get(BASE).status_code == 404


def test_a_viewer_looks_and_changes_nothing(as_vera: Browser, acme: Organisation) -> None:
    made = draft(acme, FILE)
    assert as_vera.get(BASE).status_code == 200
    shown = page(as_vera, made)
    assert "Discard" not in shown
    assert 'button class="button primary" form="mapping"' not in shown
    assert "Import another file" not in page(as_vera, imported(acme, FILE))
    assert as_vera.get(f"{BASE}new/").status_code == 403
    assert upload(as_vera, FILE).status_code == 403
    assert as_vera.post(f"{BASE}{made.pk}/start/", chosen(made, "email")).status_code == 403
    for path in ("discard/", "cancel/", "undo/"):
        assert as_vera.post(f"{BASE}{made.pk}/{path}").status_code == 403
    assert Import.objects.get(pk=made.pk).state == "draft"


def test_a_get_changes_nothing(as_alice: Browser, acme: Organisation) -> None:
    made = draft(acme, FILE)
    assert as_alice.get(f"{BASE}{made.pk}/start/").status_code == 405
    assert as_alice.get(f"{BASE}{made.pk}/discard/").status_code == 405
    assert Import.objects.get().state == "draft"
