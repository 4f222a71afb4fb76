"""A mail before it goes out: for a lead that the user chooses, and as a test mail through a real SMTP server."""

from collections.abc import Callable, Iterator
from email import message_from_bytes, policy

import pytest

from accounts.models import Organisation, User
from campaigns.editing import update_campaign
from campaigns.errors import BadValue
from campaigns.models import Campaign, Message
from campaigns.previews import chosen_lead, in_words, lead_choices, preview_for, send_test_mail
from campaigns.rendering import RenderError
from campaigns.wording import StepContent
from leads.models import Lead, SuppressionReason
from leads.suppression import suppress
from senders.models import Sender
from senders.transports.base import Deferred, Disconnected, Rejected, Sent, Unanswered
from tests.providers.smtp import SmtpServer


@pytest.fixture
def server(sender: Sender) -> Iterator[SmtpServer]:
    """The sender's own server."""
    with SmtpServer() as running:
        Sender.objects.filter(pk=sender.pk).update(port=running.port)
        sender.refresh_from_db()
        yield running


def ada() -> Lead:
    return Lead.objects.get(email="ada@example.com")


def test_leads_of_the_audience_are_offered_and_found(
    campaign: Campaign, acme: Organisation, add_lead: Callable[..., Lead]
) -> None:
    add_lead("elsewhere@example.com")
    suppress(acme, "nobody@example.com", SuppressionReason.UNSUBSCRIBED, "test")
    assert [lead.email for lead in lead_choices(campaign)] == ["ada@example.com", "grace@example.com"]
    assert [lead.email for lead in lead_choices(campaign, "hopper navy")] == ["grace@example.com"]
    campaign.lists.clear()
    assert len(lead_choices(campaign)) == 4


def test_the_chosen_lead_is_the_organisations_own(campaign: Campaign, charlie: User) -> None:
    theirs = charlie.organisations.get()
    assert chosen_lead(campaign.organisation, ada().pk, []) == ada()
    assert chosen_lead(theirs, ada().pk, []).email == "grace@example.com"
    assert chosen_lead(theirs, ada().pk, []).pk is None
    assert chosen_lead(campaign.organisation, None, [ada()]) == ada()


def test_a_preview_is_what_the_lead_would_read(campaign: Campaign) -> None:
    shown = preview_for(campaign, ada())
    assert shown.rendered is not None
    assert shown.rendered.subject == "Hello Ada"
    assert "Hauptstr. 1" in shown.rendered.text
    assert "/t/" not in shown.rendered.html


def test_a_preview_says_why_a_lead_would_get_nothing(campaign: Campaign) -> None:
    update_campaign(campaign, {"steps": [StepContent("Hi", "{{ company }}")]})
    shown = preview_for(campaign, ada())
    assert shown.rendered is None
    assert "no company" in shown.problem


def test_a_test_mail_arrives_and_counts_nowhere(
    campaign: Campaign, alice: User, sender: Sender, server: SmtpServer
) -> None:
    outcome = send_test_mail(campaign, alice, ada(), sender, alice.email)
    assert isinstance(outcome, Sent)
    assert in_words(outcome, alice.email) == "Sent to alice@acme.example. The server said: 2.0.0 Taken"
    (mail,) = server.mails
    assert mail.recipients == ["alice@acme.example"]
    parsed = message_from_bytes(mail.data, policy=policy.default)
    assert parsed["Subject"] == "Hello Ada"
    assert not Message.objects.exists()


def test_the_servers_refusal_comes_back_in_its_words(
    campaign: Campaign, alice: User, sender: Sender, server: SmtpServer
) -> None:
    server.reply("RCPT", "550 5.1.1 No such user here")
    outcome = send_test_mail(campaign, alice, ada(), sender, alice.email)
    assert isinstance(outcome, Rejected)
    assert "No such user here" in in_words(outcome, alice.email)


def test_a_dead_server_is_told(campaign: Campaign, alice: User, sender: Sender) -> None:
    outcome = send_test_mail(campaign, alice, ada(), sender, alice.email)
    assert not isinstance(outcome, Sent)
    assert in_words(outcome, alice.email).startswith("The server does not take it now")


def test_a_suppressed_address_gets_no_test_mail_but_ones_own_does(
    campaign: Campaign, alice: User, acme: Organisation, sender: Sender, server: SmtpServer
) -> None:
    for address in (alice.email, "gone@example.com"):
        suppress(acme, address, SuppressionReason.UNSUBSCRIBED, "test")
    with pytest.raises(BadValue) as raised:
        send_test_mail(campaign, alice, ada(), sender, "Gone@example.com")
    assert raised.value.field == "to"
    assert isinstance(send_test_mail(campaign, alice, ada(), sender, alice.email), Sent)
    assert len(server.mails) == 1


def test_a_template_that_fails_sends_nothing(
    campaign: Campaign, alice: User, sender: Sender, server: SmtpServer
) -> None:
    update_campaign(campaign, {"steps": [StepContent("Hi", "{{ company }}")]})
    with pytest.raises(RenderError, match="no company"):
        send_test_mail(campaign, alice, ada(), sender, alice.email)
    assert server.mails == []


def test_a_secret_that_cannot_be_opened_is_told(campaign: Campaign, alice: User, sender: Sender) -> None:
    Sender.objects.filter(pk=sender.pk).update(username="alice", secret=b"not ours")
    sender.refresh_from_db()
    outcome = send_test_mail(campaign, alice, ada(), sender, alice.email)
    assert "enter it again" in in_words(outcome, alice.email)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Deferred("450 Later"), "does not take it now: 450 Later"),
        (Disconnected("535 No"), "not let in: 535 No"),
        (Unanswered("lost"), "may or may not arrive: lost"),
        (Sent(), "Sent to a@b.example."),
    ],
)
def test_every_outcome_has_words(outcome: Deferred | Disconnected | Unanswered | Sent, said: str) -> None:
    assert said in in_words(outcome, "a@b.example")
