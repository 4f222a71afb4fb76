"""Operators look at leads, lists, imports and suppressions; no member does, and nothing can be changed there."""

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Organisation, User
from ecrm.operators import PROVED
from leads.models import BulkAction, Import, Lead, LeadList, Segment, Suppression, SuppressionReason
from leads.services import erase_leads
from leads.suppression import suppress
from tests.conftest import PASSWORD, Browser

TABLES = ["lead", "leadlist", "import", "suppression", "segment", "bulkaction"]


@pytest.fixture
def operator(db: None) -> Client:
    """The browser of an operator who has given both factors."""
    user = User.objects.create_superuser("operator@ecrm.example", PASSWORD, name="Otto Operator")
    client = Client()
    client.force_login(user, settings.AUTHENTICATION_BACKENDS[0])
    session = client.session
    session[PROVED] = user.pk
    session.save()
    return client


@pytest.fixture
def rows(acme: Organisation, grace: Lead, joan: Lead, people: LeadList) -> dict[str, int]:
    """One row of each table; Joan is erased, Grace suppressed."""
    entry = suppress(acme, grace.email, SuppressionReason.MANUAL, "by Alice")
    erase_leads(Lead.objects.filter(pk=joan.pk))
    made = Import.objects.create(organisation=acme, file_name="people.csv")
    segment = Segment.objects.create(organisation=acme, name="The navy")
    bulk = BulkAction.objects.create(organisation=acme, action="tag", newest=grace.pk)
    keys = {
        "lead": grace,
        "leadlist": people,
        "import": made,
        "suppression": entry,
        "segment": segment,
        "bulkaction": bulk,
    }
    return {table: row.pk for table, row in keys.items()}


@pytest.mark.parametrize("table", TABLES)
def test_an_operator_looks_and_changes_nothing(operator: Client, rows: dict[str, int], table: str) -> None:
    index = f"/admin/leads/{table}/"
    row = f"{index}{rows[table]}/change/"
    assert "Acme" in operator.get(index).content.decode()
    assert operator.get(index, {"q": "acme"}).status_code == 200
    page = operator.get(row).content.decode()
    assert 'name="_save"' not in page
    assert "<select" not in page
    assert operator.get(f"{index}add/").status_code == 403
    assert operator.post(row, {"name": "X"}).status_code == 403
    assert operator.post(f"{index}{rows[table]}/delete/", {"post": "yes"}).status_code == 403


def test_no_digest_is_shown(operator: Client, rows: dict[str, int]) -> None:
    for entry in Suppression.objects.all():
        page = operator.get(f"/admin/leads/suppression/{entry.pk}/change/").content.decode()
        assert bytes(entry.digest).hex() not in page
        assert "igest" not in page
    table = operator.get("/admin/leads/suppression/").content.decode()
    assert "(erased)" in table
    assert "joan" not in table


@pytest.mark.parametrize("table", TABLES)
def test_a_list_takes_as_many_queries_for_many_rows_as_for_one(
    operator: Client, acme: Organisation, rows: dict[str, int], table: str, django_assert_max_num_queries: object
) -> None:
    assert callable(django_assert_max_num_queries)
    for number in range(5):
        lead = Lead.objects.create(organisation=acme, email=f"{number}@a.example", email_key=str(number), digest=b"x")
        suppress(acme, lead.email, SuppressionReason.MANUAL, "")
        LeadList.objects.create(organisation=acme, name=str(number))
        Import.objects.create(organisation=acme, file_name=str(number))
    with django_assert_max_num_queries(7):
        assert operator.get(f"/admin/leads/{table}/").status_code == 200


@pytest.mark.parametrize("table", TABLES)
def test_members_and_strangers_do_not_get_in(
    as_alice: Browser, as_vera: Browser, as_charlie: Browser, rows: dict[str, int], table: str
) -> None:
    for browser in (as_alice, as_vera, as_charlie):
        response = browser.get(f"/admin/leads/{table}/{rows[table]}/change/")
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")
