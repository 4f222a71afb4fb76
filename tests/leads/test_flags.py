"""What an address says of itself is kept with the lead, whichever way it came."""

import pytest

from accounts.models import Organisation
from leads.flags import flags_of
from leads.models import Lead
from leads.services import save_lead
from tests.conftest import Browser
from tests.leads.importing import imported


@pytest.mark.parametrize(
    ("key", "flags"),
    [
        ("info@b.example", ["role"]),
        ("sales+spring@b.example", ["role"]),
        ("information.desk@b.example", []),
        ("anna@mailinator.com", ["disposable"]),
        ("info@box.mailinator.com", ["role", "disposable"]),
        ("anna@amailinator.example", []),
        ("anna@com", []),
    ],
)
def test_an_address_is_flagged(key: str, flags: list[str]) -> None:
    assert flags_of(key) == flags


def test_every_way_to_become_a_lead_flags_it(acme: Organisation, as_alice: Browser) -> None:
    imported(acme, b"Email\ninfo@a.example\nanna@a.example\n")
    as_alice.api("POST", "/orgs/acme/leads", {"email": "x@mailinator.com"})
    changed = save_lead(Lead(organisation=acme), {"email": "ben@a.example"})
    save_lead(changed, {"email": "Sales@a.example"})
    assert dict(Lead.objects.values_list("email_key", "flags")) == {
        "info@a.example": ["role"],
        "anna@a.example": [],
        "x@mailinator.com": ["disposable"],
        "sales@a.example": ["role"],
    }
    assert as_alice.api("GET", f"/orgs/acme/leads/{changed.pk}").json()["flags"] == ["role"]
