"""What operators see of accounts, and the little that they change."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission

from accounts.models import Membership, Organisation, User
from senders.services import create_sender
from tests.conftest import PASSWORD, Browser
from tests.ecrm.operators import Operator, signed_in_operator


@pytest.fixture
def inside(operator: User) -> Operator:
    return signed_in_operator(operator)


def text_of(browser: Operator, path: str) -> str:
    response = browser.get(f"/admin/accounts/{path}")
    assert response.status_code == 200
    content: str = response.content.decode()
    return content


def test_people_are_found_by_address_and_name(inside: Operator, alice: User, charlie: User) -> None:
    assert "charlie@other.example" in text_of(inside, "user/?q=stranger")
    found = text_of(inside, "user/?q=alice@")
    assert "alice@acme.example" in found
    assert "charlie@other.example" not in found


def test_no_password_is_shown_or_taken(inside: Operator, alice: User) -> None:
    page = text_of(inside, f"user/{alice.pk}/change/")
    assert alice.password not in page
    assert 'type="password"' not in page
    assert inside.get(f"/admin/accounts/user/{alice.pk}/password/").status_code == 302
    typed = {"is_active": "on", "password": "x", "email": "mine@evil.example", **inline(alice)}
    assert inside.submit(f"/admin/accounts/user/{alice.pk}/change/", **typed).status_code == 302
    kept = User.objects.get(pk=alice.pk)
    assert kept.check_password(PASSWORD)
    assert kept.email == "alice@acme.example"


def test_an_operator_shuts_somebody_out_at_once(inside: Operator, alice: User, as_alice: Browser) -> None:
    assert as_alice.api("GET", "/me").status_code == 200
    assert inside.submit(f"/admin/accounts/user/{alice.pk}/change/", **inline(alice)).status_code == 302
    assert not User.objects.get(pk=alice.pk).is_active
    assert as_alice.api("GET", "/me").status_code == 401
    assert as_alice.get("/account/").status_code == 401


def inline(user: User) -> dict[str, str]:
    """What the form of a person's memberships, which cannot be changed, sends along."""
    number = str(user.memberships.count())
    return {
        "memberships-TOTAL_FORMS": number,
        "memberships-INITIAL_FORMS": number,
        "memberships-MIN_NUM_FORMS": "0",
        "memberships-MAX_NUM_FORMS": "0",
    }


def test_an_operator_does_not_shut_themselves_out(inside: Operator, operator: User) -> None:
    page = text_of(inside, f"user/{operator.pk}/change/")
    assert 'name="is_active"' not in page
    assert 'name="is_staff"' not in page


def test_only_a_superuser_makes_operators(operator: User, alice: User) -> None:
    User.objects.filter(pk=operator.pk).update(is_superuser=False)
    operator.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts"))
    inside = signed_in_operator(operator)
    page = text_of(inside, f"user/{alice.pk}/change/")
    assert 'name="is_staff"' not in page
    assert 'name="is_superuser"' not in page


def test_an_organisation_tells_its_members_and_what_it_holds(
    inside: Operator, acme: Organisation, vera: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(3):
        create_sender(acme, None, {"name": "S", "address": f"s{number}@acme.example", "host": "h.example"})
    assert "Acme" in text_of(inside, "organisation/?q=vera@acme.example")
    page = text_of(inside, f"organisation/{acme.pk}/change/")
    assert "senders: 3" in page
    assert "memberships: 2" in page
    assert "vera@acme.example" in page
    with django_assert_max_num_queries(12):
        text_of(inside, "organisation/")


def test_nothing_of_an_organisation_can_be_changed(inside: Operator, acme: Organisation) -> None:
    path = f"/admin/accounts/organisation/{acme.pk}/"
    token = inside.cookies["ecrm_admin_csrf"].value
    for action in ("change/", "delete/"):
        assert inside.post(path + action, {"name": "Mine"}, headers={"X-CSRFToken": token}).status_code == 403
    assert Organisation.objects.get(pk=acme.pk).name == "Acme"


def test_memberships_are_looked_up_by_either_side(inside: Operator, vera: User) -> None:
    assert Membership.objects.count() == 2
    assert "Viewer" in text_of(inside, "membership/?q=vera")
    assert "Viewer" in text_of(inside, "membership/?q=acme")
