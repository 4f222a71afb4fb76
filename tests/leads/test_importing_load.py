"""Contacts become leads: who is new, who is known, who is on the list, and who never comes back."""

import pytest

from accounts.models import Organisation, User
from leads.importing import statements
from leads.importing.flow import look, start_import
from leads.lists import add_to_list, named_list
from leads.models import Lead, LeadList, ListEntry, Suppression, SuppressionReason
from leads.services import erase_leads, save_lead
from leads.suppression import digest, is_suppressed, suppress
from tests.leads.importing import counts, draft, imported, refusals

FILE = b"Email,First name,Company,Tags,Size\nanna@b.example,Anna,,new,12\nben@b.example,Ben,Beta,,\n"


@pytest.fixture
def anna(acme: Organisation) -> Lead:
    values = {
        "email": "Anna@B.example",
        "first_name": "A.",
        "company": "Acme",
        "tags": ["old"],
        "fields": {"Size": "9"},
    }
    return save_lead(Lead(organisation=acme, source="by hand"), values)


def custom(acme: Organisation, on_duplicate: str = "update") -> tuple[int, int, int, int, int]:
    return counts(imported(acme, FILE, mapping={"Size": "fields.Size"}, on_duplicate=on_duplicate))


def test_a_new_lead_is_whole(acme: Organisation) -> None:
    custom(acme)
    lead = Lead.objects.get(email="anna@b.example")
    assert (lead.organisation, lead.email_key) == (acme, "anna@b.example")
    assert bytes(lead.digest) == digest("anna@b.example")
    assert (lead.first_name, lead.tags, lead.fields) == ("Anna", ["new"], {"Size": "12"})
    assert lead.source == "import of people.csv"


def test_an_update_adds_and_replaces_and_never_empties(acme: Organisation, anna: Lead) -> None:
    assert custom(acme) == (2, 1, 1, 0, 0)
    before = anna.updated_at
    anna.refresh_from_db()
    assert (anna.first_name, anna.company, anna.tags, anna.fields) == ("Anna", "Acme", ["old", "new"], {"Size": "12"})
    assert (anna.email, anna.source) == ("Anna@b.example", "by hand")
    assert anna.updated_at > before


def test_skipping_leaves_a_lead_as_it_is(acme: Organisation, anna: Lead) -> None:
    assert custom(acme, "skip") == (2, 1, 0, 1, 0)
    anna.refresh_from_db()
    assert (anna.first_name, anna.tags, anna.fields) == ("A.", ["old"], {"Size": "9"})


def test_of_a_person_who_comes_twice_the_later_row_is_an_update(acme: Organisation) -> None:
    content = b"Email,First name,Company\na@b.example,Anna,Acme\nA@B.example,Ann,\n"
    assert counts(imported(acme, content)) == (2, 1, 1, 0, 0)
    assert Lead.objects.values_list("first_name", "company").get() == ("Ann", "Acme")


def test_of_a_person_who_comes_twice_the_later_row_is_skipped(acme: Organisation) -> None:
    content = b"Email,First name\na@b.example,Anna\nA@B.example,Ann\n"
    assert counts(imported(acme, content, on_duplicate="skip")) == (2, 1, 0, 1, 0)
    assert Lead.objects.get().first_name == "Anna"


@pytest.mark.parametrize("on_duplicate", ["update", "skip"])
def test_everyone_in_the_file_is_put_on_the_list_once(acme: Organisation, anna: Lead, on_duplicate: str) -> None:
    add_to_list(named_list(acme, "Fair"), [anna])
    made = imported(acme, FILE, list_name=" Fair ", on_duplicate=on_duplicate)
    assert made.target_list == LeadList.objects.get()
    assert sorted(ListEntry.objects.values_list("lead__email_key", flat=True)) == ["anna@b.example", "ben@b.example"]


def test_a_new_name_makes_a_list_when_the_import_starts(acme: Organisation) -> None:
    made = draft(acme, FILE, list_name="Fair")
    assert not LeadList.objects.exists()
    start_import(made, look(made), made.mapping)
    assert LeadList.objects.get().organisation == acme


def test_an_erased_person_never_comes_back(acme: Organisation, anna: Lead) -> None:
    erase_leads(Lead.objects.filter(pk=anna.pk))
    made = imported(acme, FILE + b"ANNA@b.example,Again,,,\n", list_name="Fair")
    assert counts(made) == (3, 1, 0, 0, 2)
    assert refusals(made) == [
        (line, "The person with this address was erased, and is not added again.") for line in (2, 4)
    ]
    assert list(made.rejected_rows.values_list("cells", flat=True)) == [[], []]
    assert Lead.objects.get().email == "ben@b.example"
    assert ListEntry.objects.count() == 1


def test_one_who_is_erased_while_we_insert_does_not_stay(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first look cannot see: the erasure is committed between it and the insert."""
    monkeypatch.setattr(statements, "SUPPRESSED", "SELECT 'nobody', false WHERE false")
    Suppression.objects.create(organisation=acme, digest=digest("anna@b.example"), reason=SuppressionReason.ERASED)
    made = imported(acme, FILE)
    assert counts(made) == (2, 1, 0, 0, 1)
    assert Lead.objects.get().email == "ben@b.example"


def test_one_who_unsubscribed_may_be_a_lead_and_stays_suppressed(acme: Organisation) -> None:
    suppress(acme, "anna@b.example", SuppressionReason.UNSUBSCRIBED, "link")
    assert counts(imported(acme, FILE)) == (2, 2, 0, 0, 0)
    assert is_suppressed(acme, "anna@b.example")


def test_another_organisations_people_are_not_ours(acme: Organisation, charlie: User) -> None:
    other = charlie.organisations.get()
    theirs = save_lead(Lead(organisation=other), {"email": "anna@b.example", "first_name": "Theirs"})
    Suppression.objects.create(organisation=other, digest=digest("ben@b.example"), reason=SuppressionReason.ERASED)
    assert counts(imported(acme, FILE)) == (2, 2, 0, 0, 0)
    theirs.refresh_from_db()
    assert theirs.first_name == "Theirs"


def test_tags_stay_within_what_a_lead_may_have(acme: Organisation) -> None:
    save_lead(Lead(organisation=acme), {"email": "a@b.example", "tags": [f"t{number}" for number in range(49)]})
    imported(acme, b"Email,Tags\na@b.example,one;two;three\n")
    tags = Lead.objects.get().tags
    assert (len(tags), tags[-1]) == (50, "one")
