"""A row becomes a contact as a whole, or says why it does not."""

import time

import pytest

from leads.importing.clean import Contact, Refusal, clean
from leads.importing.map import columns_of
from leads.importing.names import split_name
from leads.importing.read import NEVER_CLOSED, Row
from leads.models import CustomField, FieldKind

HEADER = ["Email", "Other", "Name", "Company", "Notes", "Tags"]
MAPPING = {
    "Email": "email",
    "Other": "email",
    "Name": "full_name",
    "Company": "company",
    "Notes": "fields.Notes",
    "Tags": "tags",
}
COLUMNS = columns_of(HEADER, MAPPING)


def contact(*cells: str) -> Contact:
    found = clean(Row(2, list(cells)), COLUMNS)
    assert isinstance(found, Contact), found
    return found


def reason(*cells: str, broken: str = "") -> str:
    found = clean(Row(2, list(cells), broken), COLUMNS)
    assert isinstance(found, Refusal)
    assert (found.line, found.cells) == (2, list(cells))
    return found.reason


@pytest.mark.parametrize(
    "cell",
    [
        "anna@b.example",
        " ANNA@B.EXAMPLE ",
        "mailto:anna@b.example",
        "Anna <anna@b.example>",
        "anna@b.example ::: anna@home.example",
        "nobody; anna@b.example",
        "anna@b.example, anna@home.example",
        "anna@b.example\nanna@home.example",
    ],
)
def test_an_address_is_read_as_people_write_it(cell: str) -> None:
    assert contact(cell).address.key == "anna@b.example"


def test_the_columns_are_asked_in_the_order_that_was_chosen() -> None:
    columns = columns_of(["A", "B", "C"], {"A": "email3", "B": "email", "C": "email2"})
    row = ["a@b.example", "b@b.example", "c@b.example"]
    for wanted in ("b@b.example", "c@b.example", "a@b.example"):
        found = clean(Row(2, row), columns)
        assert isinstance(found, Contact)
        assert found.address.email == wanted
        row[row.index(wanted)] = ""


def test_a_custom_field_takes_what_it_holds_and_no_other_value() -> None:
    defined = {"Size": CustomField(name="Size", kind=FieldKind.NUMBER)}
    columns = columns_of(["Email", "Size"], {"Email": "email", "Size": "fields.Size"}, defined=defined)
    found = clean(Row(2, ["a@b.example", " 1.50 "]), columns)
    assert isinstance(found, Contact)
    assert found.fields == {"Size": "1.50"}
    refused = clean(Row(2, ["a@b.example", "many"]), columns)
    assert isinstance(refused, Refusal)
    assert refused.reason.startswith("“many” is no value of the field Size:")
    assert "many" not in refused.kind


def test_the_first_column_with_an_address_counts() -> None:
    assert contact("none", "anna@b.example").address.key == "anna@b.example"
    assert contact("", "anna@b.example").address.key == "anna@b.example"


def test_a_short_row_is_filled_up_and_empty_cells_beyond_are_nothing() -> None:
    assert contact("anna@b.example").values == {}
    assert contact("anna@b.example", "", "", "", "", "", "", " ").values == {}


def test_text_is_one_line_without_nul_and_as_long_as_its_field() -> None:
    found = contact("a@b.example", "", "two\nlines", " Acme\0\t GmbH " + "x" * 400)
    assert found.values["first_name"] == "two"
    assert found.values["last_name"] == "lines"
    assert found.values["company"].startswith("Acme GmbH x")
    assert len(found.values["company"]) == 300


def test_custom_fields_keep_their_lines_and_tags_are_split() -> None:
    found = contact("a@b.example", "", "", "", " one\ntwo\0 ", "VIP; Berlin, VIP ::: * myContacts")
    assert found.fields == {"Notes": "one\ntwo"}
    assert found.tags == ["VIP", "Berlin"]


def test_what_our_own_csv_made_safe_comes_back_as_it_was() -> None:
    assert contact("a@b.example", "", "", "'=1+1 GmbH").values["company"] == "=1+1 GmbH"
    assert contact("a@b.example", "", "", "'s Gravenhage").values["company"] == "'s Gravenhage"


def test_each_refusal_has_its_reason() -> None:
    assert reason("", "", "No Address") == "There is no email address in this row."
    assert reason("not-an-address").startswith("not-an-address is not an email address:")
    assert reason("a@b.example", "", "x", "", "", "", "more") == (
        "The row has 7 cells for 6 columns: put a cell that contains the separator in quotes."
    )
    assert reason("a@b.example", "", "\ufffd broken") == "Some characters could not be read: “\ufffd broken”."
    assert reason("a@b.example", broken=NEVER_CLOSED) == NEVER_CLOSED


def test_a_cell_that_could_not_be_read_matters_only_where_it_is_used() -> None:
    columns = columns_of(["Email", "Unused"], {"Email": "email"})
    assert isinstance(clean(Row(2, ["a@b.example", "\ufffd"]), columns), Contact)


@pytest.mark.parametrize(
    "cell",
    [
        'note,,,\nb@b.example,,Ben,Beta,note2"',  # closed in the middle of the next row
        "note,,,,\nb@b.example,,Ben,Beta,note,\nc@b.example,,",  # and a whole row in between
    ],
)
def test_a_row_that_swallowed_others_is_refused(cell: str) -> None:
    assert "a quote on this line closes too late" in reason("a@b.example", "", "Anna", "Acme", cell)


def test_a_signature_in_the_notes_swallows_nothing() -> None:
    assert contact("a@b.example", "", "", "", "Regards,\nbob@b.example, +49 30 1234\nBob").fields["Notes"]


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Anna", "Anna", ""),
        ("Anna Müller", "Anna", "Müller"),
        ("Müller, Anna", "Anna", "Müller"),
        ("Anna Maria Müller", "Anna Maria", "Müller"),
        ("Ingrid van der Berg", "Ingrid", "van der Berg"),
        ("Dr. Anna Müller", "Anna", "Müller"),
        ("Müller, Dr. Anna", "Anna", "Müller"),
        ("Prof. Dr. Müller", "Müller", ""),
        ("Dr.", "Dr.", ""),
        ("", "", ""),
        (",", "", ""),
    ],
)
def test_a_full_name_is_split(name: str, first: str, last: str) -> None:
    assert split_name(name) == (first, last)


@pytest.mark.parametrize("piece", ["a@b;", "a\n", "a@b:::", "<", "mailto:", "'"])
def test_no_cell_takes_long(piece: str) -> None:
    begun = time.process_time()
    assert reason(piece * (100_000 // len(piece)), "", "", "", "", "")
    assert time.process_time() - begun < 1
