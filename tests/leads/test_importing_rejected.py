"""What an erasure takes of the rows that imports refused: those that name the person, and no others."""

import pytest

from accounts.models import Organisation
from leads.models import Lead, RejectedRow
from leads.services import erase_leads
from tests.leads.importing import imported


@pytest.mark.parametrize(
    "row",
    [
        "grace@navy.example,Grace,one,too,many",
        'x,"Grace <GRACE@Navy.example>; x@y.example",one,too,many',
        "x,'grace@navy.example',one,too,many",
        "x,see mailto:grace@navy.example.,one,too,many",
        'nobody,"\u00e9\nb\tgrace@navy.example"',
    ],
)
def test_refused_rows_that_name_an_erased_person_go(acme: Organisation, grace: Lead, ada: Lead, row: str) -> None:
    made = imported(acme, f"Email,Name\n{row}\nmarygrace@navy.example,ada@engine.example,x\n".encode())
    assert RejectedRow.objects.count() == made.rejected == 2
    erase_leads(Lead.objects.filter(pk=grace.pk))
    left = RejectedRow.objects.get()
    assert left.cells[0] == "marygrace@navy.example"
    made.refresh_from_db()
    assert made.rejected == 2


def test_other_organisations_keep_theirs(acme: Organisation, grace: Lead, theirs: Lead) -> None:
    row = b"Email,Name\ngrace@navy.example,Grace,one,too,many\n"
    imported(acme, row)
    kept = imported(theirs.organisation, row)
    erase_leads(Lead.objects.filter(pk=grace.pk))
    assert RejectedRow.objects.get().source == kept
