"""Every exporter's file imports as it is, without any mapping by hand."""

import pytest

from accounts.models import Organisation
from leads.models import Lead
from tests.leads.importing import EXPORTS, counts, draft, imported, refusals

ALL = ["email", "first_name", "last_name", "company", "title", "phone"]
SHAPES = {
    "apollo.csv": ("utf-8-sig", ",", 1, ALL),
    "google-contacts.csv": ("utf-8-sig", ",", 1, [*ALL, "email2", "tags"]),
    "hubspot.csv": ("utf-8-sig", ",", 1, ALL),
    "linkedin-connections.csv": ("utf-8-sig", ",", 4, ALL[:5]),
    "outlook.csv": ("utf-8-sig", ",", 1, ALL),
    "salesforce-latin1-semicolon.csv": ("cp1252", ";", 1, ALL),
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_shape_of_a_file_is_recognised(acme: Organisation, name: str) -> None:
    made = draft(acme, (EXPORTS / name).read_bytes(), name)
    encoding, separator, line, fields = SHAPES[name]
    assert (made.encoding, made.separator, made.header_line) == (encoding, separator, line)
    assert set(made.mapping.values()) == set(fields)


@pytest.mark.parametrize("name", [name for name in SHAPES if "linkedin" not in name])
def test_every_row_becomes_a_lead(acme: Organisation, name: str) -> None:
    made = imported(acme, (EXPORTS / name).read_bytes(), name=name)
    assert made.state == "done"
    assert (made.rows, made.rejected) == (made.created, 0)
    assert made.created == Lead.objects.filter(organisation=acme).count() in (20, 40)
    assert not Lead.objects.filter(first_name="", last_name="").exists()


def test_google_contacts_keep_their_letters_and_leave_out_googles_own_groups(acme: Organisation) -> None:
    imported(acme, (EXPORTS / "google-contacts.csv").read_bytes())
    lead = Lead.objects.get(email="person7@nordlys.example")
    assert (lead.first_name, lead.last_name) == ("Ingrid", "van der Berg")
    assert (lead.company, lead.title) == ("Blue; Sky Ltd", "Owner / Founder")
    assert lead.phone == "020 7946 0958 ext. 12"
    assert (lead.tags, lead.fields) == ([], {})


def test_latin_1_keeps_its_letters(acme: Organisation) -> None:
    imported(acme, (EXPORTS / "salesforce-latin1-semicolon.csv").read_bytes())
    lead = Lead.objects.get(email="kontakt2@beispiel.example")
    assert (lead.first_name, lead.last_name, lead.company) == ("Iñaki", "Muñoz", "Peña; Hijos S.L.")
    assert lead.title == "Geschäftsführerin"


def test_linkedins_people_without_an_address_are_named(acme: Organisation) -> None:
    made = imported(acme, (EXPORTS / "linkedin-connections.csv").read_bytes())
    assert (made.rows, made.created, made.rejected) == (40, 8, 32)
    assert refusals(made)[0] == (6, "There is no email address in this row.")


def test_the_dirty_file_gives_what_it_has_and_names_the_rest(acme: Organisation) -> None:
    made = imported(acme, (EXPORTS / "dirty.csv").read_bytes(), name="dirty.csv")
    assert counts(made) == (12, 7, 1, 0, 4)
    assert refusals(made) == [
        (4, "not-an-address is not an email address: An email address must have an @-sign."),
        (5, "There is no email address in this row."),
        (10, "The row has 5 cells for 3 columns: put a cell that contains the separator in quotes."),
        (12, "Some characters could not be read: “\ufffd\ufffd broken”."),
    ]
    leads = {lead.email_key: lead for lead in Lead.objects.all()}
    assert set(leads) == {
        "anna@nordlys.example",
        "zoe@acme-labs.example",
        "jose@acme-labs.example",
        "long@acme-labs.example",
        "short@acme-labs.example",
        "nul@acme-labs.example",
        "üser@xn--bcher-kva.example",
    }
    assert leads["zoe@acme-labs.example"].company == 'Acme "Labs"'
    assert leads["nul@acme-labs.example"].first_name == "ab"
    assert leads["üser@xn--bcher-kva.example"].email == "üser@bücher.example"
    assert all(lead.source == "import of dirty.csv" for lead in leads.values())
