"""A suppressed domain covers its addresses and those below it, in every statement alike."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.db.models import Q

from accounts.models import Organisation
from leads.domains import domains_of
from leads.importing.check import check_now
from leads.mailable import IsSuppressed, mailable, suppressed
from leads.models import Lead, SuppressionReason
from leads.search import with_suppression
from leads.services import erase_leads, save_lead
from leads.suppression import is_suppressed, suppress, suppression_of
from tests.leads.importing import draft, imported

COVERED = {"ada@engine.example", "cto@mail.engine.example", "ops@a.b.engine.example"}
OTHERS = {"grace@navy.example", "x@notengine.example", "x@engine.example.navy.example"}


@pytest.fixture
def crowd(acme: Organisation, add_lead: Callable[..., Lead], theirs: Lead) -> None:
    """Leads at a domain that is suppressed and at others; a stranger's lead is at it too, and has a list of its own."""
    for email in COVERED | OTHERS:
        add_lead(email)
    save_lead(Lead(organisation=theirs.organisation), {"email": "ada@engine.example"})
    suppress(acme, "Engine.example", SuppressionReason.MANUAL, "test")
    suppress(theirs.organisation, "navy.example", SuppressionReason.MANUAL, "test")


def found(sql: str, organisation: Organisation) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT email FROM leads_lead lead WHERE organisation_id = %s AND {sql}",
            [organisation.pk],
        )
        return {email for (email,) in cursor.fetchall()}


def reasons(organisation: Organisation) -> list[tuple[Lead, str]]:
    leads = with_suppression(Lead.objects.filter(organisation=organisation))
    return [(lead, str(vars(lead)["suppressed"])) for lead in leads]


def test_every_way_of_asking_says_the_same(acme: Organisation, crowd: None) -> None:
    mine = Lead.objects.filter(organisation=acme)
    assert found(suppressed("lead"), acme) == COVERED
    assert found(mailable("lead"), acme) == OTHERS
    assert {lead.email for lead in mine.filter(Q(IsSuppressed()))} == COVERED
    assert {lead.email for lead in mine.filter(~Q(IsSuppressed()))} == OTHERS
    assert {lead.email for lead, why in reasons(acme) if why == "manual"} == COVERED
    assert {lead.email for lead in mine if suppression_of(lead)} == COVERED
    assert {lead.email for lead in mine if is_suppressed(acme, lead.email_key)} == COVERED


def test_a_stranger_s_domain_covers_their_own_leads_alone(theirs: Lead, crowd: None) -> None:
    assert found(suppressed("lead"), theirs.organisation) == {theirs.email}


def test_the_entry_of_the_address_is_nearer_than_its_domain_s_and_that_than_the_one_above(
    acme: Organisation, crowd: None
) -> None:
    def why(email: str) -> str:
        return {lead.email: why for lead, why in reasons(acme)}[email]

    suppress(acme, "mail.engine.example", SuppressionReason.BOUNCED, "test")
    assert (why("ada@engine.example"), why("cto@mail.engine.example")) == ("manual", "bounced")
    suppress(acme, "cto@mail.engine.example", SuppressionReason.UNSUBSCRIBED, "test")
    assert why("cto@mail.engine.example") == "unsubscribed"


@pytest.mark.parametrize("key", ["a@b.c.example", '"x@y.example"@b.example', "a@localhost"])
def test_python_and_postgresql_name_the_same_domains(db: None, key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT lead_domains(%s)", [key])
        assert cursor.fetchone() == (domains_of(key),)


def test_imports_count_who_is_at_a_suppressed_domain(acme: Organisation) -> None:
    suppress(acme, "b.example", SuppressionReason.MANUAL, "test")
    gone = save_lead(Lead(organisation=acme), {"email": "gone@b.example"})
    erase_leads(Lead.objects.filter(pk=gone.pk))
    file = b"Email\nanna@b.example\nben@mail.b.example\ngone@b.example\nother@c.example\n"
    made = imported(acme, file)
    assert (made.created, made.suppressed, made.rejected) == (3, 2, 1)
    Lead.objects.all().delete()
    checked = check_now(draft(acme, file))
    assert (checked.new, checked.suppressed, checked.refused) == (3, 2, 1)
