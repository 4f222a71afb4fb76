"""The suppression list's pages: looked through, added to, taken from, by those who may."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Organisation, User
from leads.models import Lead, SuppressionFile, SuppressionReason
from leads.services import erase_leads
from leads.suppression import is_suppressed, suppress, suppression_of
from tests.conftest import Browser

BASE = "/o/acme/suppressions/"


@pytest.fixture
def listed(acme: Organisation, alice: User) -> Organisation:
    suppress(acme, "ann@b.example", SuppressionReason.UNSUBSCRIBED, "link in a mail")
    suppress(acme, "zoe@b.example", SuppressionReason.COMPLAINED, "report")
    suppress(acme, "müller.example", SuppressionReason.MANUAL, "Entered by hand", alice)
    return acme


def page(browser: Browser, query: str = "") -> str:
    response = browser.get(f"{BASE}?{query}")
    assert response.status_code == 200
    return response.content.decode()


def shown(text: str) -> list[str]:
    names = {"ann@b.example": "ann", "zoe@b.example": "zoe", "müller.example": "müller", "An erased person": "erased"}
    places = {text.find(f">{name}"): short for name, short in names.items() if f">{name}" in text}
    return [places[at] for at in sorted(places)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["müller", "zoe", "ann"]),
        ("sort=name", ["ann", "müller", "zoe"]),
        ("sort=-name", ["zoe", "müller", "ann"]),
        ("q=B.EXAMPLE", ["zoe", "ann"]),
        ("q=müller.example", ["müller"]),
        ("kind=domain", ["müller"]),
        ("reason=unsubscribed", ["ann"]),
        ("kind=nonsense&reason=x&sort=y&page=99", ["müller", "zoe", "ann"]),
        ("q=%00", ["müller", "zoe", "ann"]),
    ],
)
def test_the_list_is_searched_narrowed_and_sorted(
    listed: Organisation, as_vera: Browser, query: str, expected: list[str]
) -> None:
    text = page(as_vera, query)
    names = shown(text)
    if query.startswith("sort"):  # a domain in letters stands where its ASCII form does
        assert sorted(names) == sorted(expected)
    else:
        assert names == expected
    assert "and its subdomains" in text or "müller" not in expected


def test_an_erased_person_shows_as_such_is_found_by_the_whole_address_and_stays(
    acme: Organisation, grace: Lead, as_alice: Browser
) -> None:
    erase_leads(Lead.objects.filter(pk=grace.pk))
    text = page(as_alice, "q=Grace@navy.example")
    assert "An erased person" in text
    assert "/remove/" not in text
    assert "An erased person" not in page(as_alice, "q=navy")
    pk = acme.suppressions.get().pk
    assert "never mailed again" in as_alice.post(f"{BASE}{pk}/remove/").headers["HX-Trigger"]
    assert acme.suppressions.exists()


def test_what_can_be_read_is_added_and_the_rest_is_said_line_by_line(
    acme: Organisation, grace: Lead, as_alice: Browser, alice: User
) -> None:
    entries = "grace@navy.example\n<b>nobody\n@engine.example; nowhere"
    response = as_alice.post(f"{BASE}add/", {"entries": entries, "reason": "bounced"})
    assert response.status_code == 422
    text = response.content.decode()
    assert "2 added." in text
    assert "Line 2: “&lt;b&gt;nobody” is no address and no domain." in text
    assert "&lt;b&gt;nobody\nnowhere</textarea>" in text
    entry = suppression_of(grace)
    assert entry is not None
    assert (entry.reason, entry.source, entry.created_by) == ("bounced", "Entered by hand", alice)
    assert is_suppressed(acme, "x@mail.engine.example")
    again = as_alice.post(f"{BASE}add/", {"entries": "engine.example", "reason": "manual"})
    assert "1 known before." in again.headers["HX-Trigger"]


@pytest.mark.parametrize("entries", ["", " ,;\n", "a@b.example\n" * 5001])
def test_nothing_or_too_much_is_refused(acme: Organisation, as_alice: Browser, entries: str) -> None:
    assert as_alice.post(f"{BASE}add/", {"entries": entries, "reason": "manual"}).status_code == 422
    assert as_alice.post(f"{BASE}add/", {"entries": "b.example", "reason": "erased"}).status_code == 422
    assert not acme.suppressions.exists()


def test_entries_are_taken_off_the_list(listed: Organisation, as_alice: Browser) -> None:
    for entry in listed.suppressions.all():
        as_alice.post(f"{BASE}{entry.pk}/remove/")
    assert [entry.address for entry in listed.suppressions.all()] == ["zoe@b.example"]


def test_the_list_stays_filtered_where_one_is_taken_off(listed: Organisation, as_alice: Browser) -> None:
    entry = listed.suppressions.get(address="ann@b.example")
    action = f"{BASE}{entry.pk}/remove/?q=ann&amp;kind=address"
    assert f'action="{action}"' in page(as_alice, "q=ann&kind=address")
    response = as_alice.post(action.replace("&amp;", "&"))
    assert response["HX-Location"] == f"{BASE}?q=ann&kind=address"


def test_a_file_is_uploaded_and_its_page_says_what_came_of_it(acme: Organisation, as_alice: Browser) -> None:
    upload = SimpleUploadedFile("=old.csv", b"Domain\nb.example\nc.example\n")
    response = as_alice.post(f"{BASE}import/", {"file": upload, "reason": "manual"})
    made = SuppressionFile.objects.get()
    assert response.headers["HX-Location"] == f"{BASE}import/{made.pk}/"
    assert "Waiting for its turn" in as_alice.get(f"{BASE}import/{made.pk}/").content.decode()
    SuppressionFile.objects.update(
        state="done", rows=3, added=2, refused=1, refusals=[{"line": 4, "reason": "No address and no domain."}]
    )
    text = as_alice.get(f"{BASE}import/{made.pk}/?busy=1")
    assert "is done" in text.headers["HX-Trigger"]
    assert "No address and no domain." in text.content.decode()
    refused = b"".join(as_alice.get(f"{BASE}import/{made.pk}/refused.csv"))
    assert b"4,No address and no domain." in refused
    response = as_alice.post(
        f"{BASE}import/", {"file": SimpleUploadedFile("x.csv", b"\0\1\2" * 99), "reason": "manual"}
    )
    assert response.status_code == 422
    assert "=old.csv" in as_alice.get(f"{BASE}import/").content.decode()


def test_the_lead_s_page_says_that_its_domain_is_on_the_list(
    acme: Organisation, grace: Lead, as_alice: Browser
) -> None:
    suppress(acme, "navy.example", SuppressionReason.MANUAL, "Entered by hand")
    assert "Nobody at navy.example is mailed." in as_alice.get(f"/o/acme/leads/{grace.pk}/").content.decode()
    response = as_alice.post(f"/o/acme/leads/{grace.pk}/unsuppress/")
    assert "Nobody at navy.example is mailed" in response.headers["HX-Trigger"]


def test_a_stranger_finds_nothing_and_a_viewer_changes_nothing(
    listed: Organisation, as_charlie: Browser, as_vera: Browser
) -> None:
    made = SuppressionFile.objects.create(organisation=listed, size=1, header_line=0, column=0, reason="manual")
    entry = listed.suppressions.get(address="ann@b.example")
    looks = ("", "suppressions.csv", f"import/{made.pk}/", f"import/{made.pk}/refused.csv")
    changes = ("add/", "import/", f"{entry.pk}/remove/")
    for path in looks:
        assert as_charlie.get(BASE + path).status_code == 404
        assert as_vera.get(BASE + path).status_code == 200
    for path in (f"import/{made.pk}/", f"{entry.pk}/remove/"):
        assert as_charlie.post(f"/o/other/suppressions/{path}").status_code in {404, 405}
    for path in changes:
        assert as_charlie.post(BASE + path).status_code == 404
        assert as_vera.post(BASE + path).status_code == 403
    assert "/remove/" not in page(as_vera)
    assert "b.example" not in as_charlie.get("/o/other/suppressions/").content.decode()
    assert listed.suppressions.count() == 3
