"""Files from the wild: every row is either a lead, or a refusal with its line; none is lost, none is shifted."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Organisation
from leads.importing.clean import Contact, Refusal, clean
from leads.importing.map import columns_of
from leads.importing.read import Dialect, Unreadable, rows
from leads.models import Import, Lead
from tests.leads.importing import draft, imported, refusals

FILES = Path(__file__).parent / "files"
# File → the first names of its leads (the address says whose it is), and the lines that are refused.
EXPECTED: dict[str, tuple[dict[str, str], list[int]]] = {
    "apostrophes.csv": ({"anna": "=Anna", "ben": "Ben"}, []),
    "bom.csv": ({"anna": "Änne"}, []),
    "cards-2.1.vcf": ({"juergen": "Jürgen", "bea": "Bea"}, []),
    "cards-3.0.vcf": ({"anna": "Anna", "never": "Never", "last": "Last"}, [18]),
    "cards-4.0.vcf": ({"zoe": "Zoë"}, []),
    "formulas.csv": ({"anna": "Anna", "ben": "@Ben"}, [4]),
    "labels-below-header.csv": ({"anna": "Anna"}, [2]),
    "mixed-line-ends.csv": ({"anna": "Anna", "ben": "Ben", "cleo": "Cleo", "dora": "Dora"}, []),
    "no-header.csv": ({"anna": "", "ben": ""}, []),
    "notes-above-header.csv": ({"anna": "Anna"}, []),
    "null-bytes.csv": ({"anna": "Anna", "cleo": "Cleo"}, [3, 4]),
    "old.xls": ({"anna": "Anna", "ben": "Ben"}, []),
    "one-column.csv": ({"anna": "", "ben": ""}, [3]),
    "people.ods": ({"anna": "Änne"}, [6]),
    "quoted-newlines.csv": ({"anna": "Anna", "ben": "Ben", "cleo": "Cleo"}, []),
    "ragged-rows.csv": ({"anna": "", "ben": "Ben", "dora": "Dora"}, [4]),
    "stray-quotes.csv": ({"anna": "Anna", "dora": "Dora", "fred": "Fred", "hans": "Hans"}, [3, 6, 8]),
    "tabs.tsv": ({"anna": "Anna"}, []),
    "two-header-lines.csv": ({"anna": "Anna", "ben": "Ben"}, []),
    "utf-16-be-unmarked.csv": ({"anna": "Änne"}, []),
    "utf-16-bom.csv": ({"anna": "Änne"}, []),
    "windows-1251.txt": ({"ivan": "Иван", "olga": "Ольга"}, []),
    "windows-1252.csv": ({"anna": "Änne", "rene": "René"}, []),
}


def check(made: Import, leads: dict[str, str], refused: list[int]) -> None:
    assert made.state == "done", made.detail
    assert {lead.email.split("@")[0]: lead.first_name for lead in Lead.objects.all()} == leads
    assert [line for line, _ in refusals(made)] == refused
    assert (made.created, made.rejected, made.rows) == (len(leads), len(refused), len(leads) + len(refused))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_is_imported_row_by_row(acme: Organisation, name: str) -> None:
    check(imported(acme, (FILES / name).read_bytes(), name=name), *EXPECTED[name])


def test_every_file_is_expected() -> None:
    assert {path.name for path in FILES.iterdir()} == {*EXPECTED, "password.xlsx"}


def test_500_columns_and_long_cells_are_taken(acme: Organisation) -> None:
    header = ["Email", "Vorname", *(f"Column {n}" for n in range(498))]
    cells = ["anna@b.example", "Anna", "x" * (64 << 10), *("y" for _ in range(497))]
    content = io.StringIO()
    csv.writer(content).writerows([header, cells])
    check(imported(acme, content.getvalue().encode()), {"anna": "Anna"}, [])


def test_a_card_gives_what_it_tells(acme: Organisation) -> None:
    made = draft(acme, (FILES / "cards-3.0.vcf").read_bytes(), "cards.vcf")
    assert made.header[:3] == ["Full name", "First name", "Last name"]
    assert made.header[-3:] == ["Country", "Birthday", "Note"]
    assert (made.mapping["Email"], made.mapping["Phone"], made.mapping["Categories"]) == ("email", "phone", "tags")
    done = imported(
        acme,
        (FILES / "cards-3.0.vcf").read_bytes(),
        mapping={"Note": "fields.Note", "Street": "fields.Street", "Email 2": "fields.Home"},
    )
    lead = Lead.objects.get(email="anna@b.example")
    assert done.rows == 4
    assert (lead.company, lead.title, lead.phone) == ("Acme, Inc.", "Head of Research", "+1 555 0100")
    assert lead.tags == ["vip", "press"]
    assert lead.fields == {
        "Note": "First line\nsecond; line",
        "Street": "1 Main St, Suite 2",
        "Home": "anna@home.example",
    }


HEADER = ["email", "name", "city"]
ODDITIES = st.text(alphabet='ab@.,;"\t\r\n\0é ', max_size=40)


@settings(max_examples=300, deadline=None)
@given(st.lists(ODDITIES, max_size=12), st.sampled_from(["\n", "\r\n", "\r"]))
def test_no_row_among_whatever_others_is_lost_or_shifted(others: list[str], ending: str) -> None:
    """A good row becomes its contact as it stands, or is among the cells of a row that is refused."""
    people = [f"p{number}@good.example,Name{number},City{number}" for number in range(len(others))]
    lines = [line for both in zip(others, people, strict=True) for line in both]
    content = ending.join([",".join(HEADER), *lines, ""]).encode()
    columns = columns_of(HEADER, {"email": "email", "name": "first_name", "city": "last_name"})
    dialect = Dialect("utf-8-sig", ",", 1, columns=len(HEADER))
    found = [clean(row, columns) for row in rows(io.BytesIO(content), dialect) if row.line > 1]
    contacts = {one.address.email: one.values for one in found if isinstance(one, Contact)}
    refused = "".join(cell for one in found if isinstance(one, Refusal) for cell in one.cells)
    for number in range(len(others)):
        address = f"p{number}@good.example"
        expected = {"first_name": f"Name{number}", "last_name": f"City{number}"}
        assert contacts.get(address) == expected or address in refused


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300) | st.text(alphabet='a@.,;|\t\n"é', max_size=200).map(str.encode))
def test_whatever_the_bytes_the_counts_add_up(acme: Organisation, content: bytes) -> None:
    content = b"Email,Name\n" + content + b"\nlast@b.example,Last\n"
    try:
        made = imported(acme, content)
    except Unreadable:  # no text
        return
    assert made.rows == made.created + made.updated + made.skipped + made.rejected
    assert made.rejected == made.rejected_rows.count()
    assert all(line > 1 for line, _ in refusals(made))
    Import.objects.all().delete()
    Lead.objects.all().delete()
