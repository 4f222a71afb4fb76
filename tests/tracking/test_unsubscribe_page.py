"""The page behind the unsubscribe link: looking changes nothing, the button does, and nobody needs to sign in."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Organisation, User
from leads.models import Lead, SuppressionReason
from leads.services import save_lead
from leads.suppression import suppress_lead
from tests.conftest import Browser
from tracking.intake import NotRecorded
from tracking.tokens import Mark, pixel_url, unsubscribe_url

pytestmark = pytest.mark.django_db
Noted = Callable[[], list[dict[str, str]]]


def path(acme: Organisation, message: int = 5) -> str:
    return unsubscribe_url(Mark(acme.pk, message, 6)).removeprefix("http://testserver")


def test_looking_shows_who_writes_and_a_button_and_changes_nothing(acme: Organisation, noted: Noted) -> None:
    response = Client().get(path(acme))
    assert response.status_code == 200
    page = response.content.decode()
    assert "Acme" in page
    assert "<form" in page
    assert 'method="post"' in page.lower()
    assert not response.cookies
    assert noted() == []


def test_the_button_unsubscribes_and_says_so_on_a_page(acme: Organisation, noted: Noted) -> None:
    response = Client().post(path(acme) + "?page")
    assert response.status_code == 200
    assert "unsubscribed" in response.content.decode().lower()
    assert not response.cookies
    assert [(event["k"], event["m"]) for event in noted()] == [("unsubscribed", f"{acme.pk}.5.6")]


def test_the_name_of_the_organisation_is_escaped(acme: Organisation) -> None:
    Organisation.objects.filter(pk=acme.pk).update(name="<script>alert(1)</script>")
    page = Client().get(path(acme)).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link[:-1],
        lambda link: link + "A",
        lambda link: link[:5],
        lambda link: link + "/",
        lambda link: link + "/x",
    ],
)
def test_a_damaged_link_says_so_and_leads_to_no_sign_in(
    acme: Organisation, noted: Noted, change: Callable[[str], str]
) -> None:
    link = change(path(acme))
    for response in (Client().get(link), Client().post(link + "?page")):
        assert response.status_code == 404
        page = response.content.decode()
        assert "This link is incomplete" in page
        assert "use the link in it" in page
        assert 'href="/o/' not in page
    assert noted() == []


@pytest.mark.parametrize("reason", [SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINED])
def test_who_is_unsubscribed_already_is_told_so(acme: Organisation, noted: Noted, reason: SuppressionReason) -> None:
    lead = save_lead(Lead(organisation=acme), {"email": "lead@x.example"})
    suppress_lead(lead, reason, "")
    link = unsubscribe_url(Mark(acme.pk, 5, lead.pk)).removeprefix("http://testserver")
    page = Client().get(link).content.decode()
    assert "You are unsubscribed already" in page
    assert "<form" not in page
    assert noted() == []


def test_a_weaker_reason_leaves_the_button(acme: Organisation) -> None:
    """A member's or a server's word can be taken back, the recipient's own must then stand."""
    lead = save_lead(Lead(organisation=acme), {"email": "lead@x.example"})
    suppress_lead(lead, SuppressionReason.MANUAL, "")
    link = unsubscribe_url(Mark(acme.pk, 5, lead.pk)).removeprefix("http://testserver")
    assert "<form" in Client().get(link).content.decode()


def test_another_organisation_s_suppression_counts_there_alone(acme: Organisation, charlie: User) -> None:
    strangers = charlie.memberships.get().organisation
    lead = save_lead(Lead(organisation=acme), {"email": "lead@x.example"})
    suppress_lead(save_lead(Lead(organisation=strangers), {"email": lead.email}), SuppressionReason.UNSUBSCRIBED, "")
    for organisation in (acme, strangers):
        link = unsubscribe_url(Mark(organisation.pk, 5, lead.pk)).removeprefix("http://testserver")
        assert "<form" in Client().get(link).content.decode()


def test_another_kind_of_token_is_not_found(acme: Organisation) -> None:
    token = pixel_url(Mark(acme.pk, 5, 6)).rpartition("/")[2].removesuffix(".gif")
    assert Client().get(f"/t/u/{token}").status_code == 404


def test_an_organisation_that_is_gone_still_lets_go(acme: Organisation, noted: Noted) -> None:
    link = unsubscribe_url(Mark(999_999, 5, 6)).removeprefix("http://testserver")
    assert Client().get(link).status_code == 200
    assert Client().post(link + "?page").status_code == 200


def test_being_signed_in_as_whomever_makes_no_difference(
    acme: Organisation, as_alice: Browser, as_vera: Browser, as_charlie: Browser, noted: Noted
) -> None:
    """The link is the key: it works for the recipient and anybody they pass it on to, and shows nothing more."""
    pages = {browser.get(path(acme)).content for browser in (as_alice, as_vera, as_charlie)}
    assert len(pages) == 1
    assert noted() == []


def test_what_could_not_be_noted_is_said(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise NotRecorded

    monkeypatch.setattr("tracking.views.record", refuse)
    response = Client().post(path(acme) + "?page")
    assert response.status_code == 503
    assert "again" in response.content.decode()


def test_other_methods_are_refused(acme: Organisation, alice: User) -> None:
    assert Client().delete(path(acme)).status_code == 405
    assert Client().put(path(acme)).status_code == 405
