"""A mail before it goes out: for a lead that the user chooses, and as a test mail through a real SMTP server."""

from collections.abc import Callable, Iterator
from email import message_from_bytes, policy

import pytest

from accounts.models import Organisation, User
from campaigns.editing import update_campaign
from campaigns.errors import BadValue
from campaigns.models import Campaign, Message
from campaigns.previews import (
    all_in_words,
    chosen_lead,
    chosen_variant,
    first_variant,
    in_words,
    labels,
    lead_choices,
    preview_for,
    send_test_mail,
    whole_sequence,
    wordings,
)
from campaigns.rendering import RenderError
from campaigns.wording import StepContent, VariantContent
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
    shown = preview_for(campaign, ada(), first_variant(campaign))
    assert shown.rendered is not None
    assert shown.rendered.subject == "Hello Ada"
    assert "Hauptstr. 1" in shown.rendered.text
    assert "/t/" not in shown.rendered.html


def test_a_preview_says_why_a_lead_would_get_nothing(campaign: Campaign) -> None:
    update_campaign(campaign, {"steps": [StepContent("Hi", "{{ company }}")]})
    shown = preview_for(campaign, ada(), first_variant(campaign))
    assert shown.rendered is None
    assert "no company" in shown.problem


def test_a_test_mail_arrives_and_counts_nowhere(
    campaign: Campaign, alice: User, sender: Sender, server: SmtpServer
) -> None:
    (outcome,) = send_test_mail(campaign, alice, ada(), sender, alice.email, [first_variant(campaign)])
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
    (outcome,) = send_test_mail(campaign, alice, ada(), sender, alice.email, [first_variant(campaign)])
    assert isinstance(outcome, Rejected)
    assert "No such user here" in in_words(outcome, alice.email)


def test_a_dead_server_is_told(campaign: Campaign, alice: User, sender: Sender) -> None:
    (outcome,) = send_test_mail(campaign, alice, ada(), sender, alice.email, [first_variant(campaign)])
    assert not isinstance(outcome, Sent)
    assert in_words(outcome, alice.email).startswith("The server does not take it now")


def test_a_suppressed_address_gets_no_test_mail_but_ones_own_does(
    campaign: Campaign, alice: User, acme: Organisation, sender: Sender, server: SmtpServer
) -> None:
    for address in (alice.email, "gone@example.com"):
        suppress(acme, address, SuppressionReason.UNSUBSCRIBED, "test")
    with pytest.raises(BadValue) as raised:
        send_test_mail(campaign, alice, ada(), sender, "Gone@example.com", [first_variant(campaign)])
    assert raised.value.field == "to"
    (outcome,) = send_test_mail(campaign, alice, ada(), sender, alice.email, [first_variant(campaign)])
    assert isinstance(outcome, Sent)
    assert len(server.mails) == 1


def test_a_template_that_fails_sends_nothing(
    campaign: Campaign, alice: User, sender: Sender, server: SmtpServer
) -> None:
    update_campaign(campaign, {"steps": [StepContent("Hi", "{{ company }}")]})
    with pytest.raises(RenderError, match="no company"):
        send_test_mail(campaign, alice, ada(), sender, alice.email, [first_variant(campaign)])
    assert server.mails == []


def test_a_secret_that_cannot_be_opened_is_told(campaign: Campaign, alice: User, sender: Sender) -> None:
    Sender.objects.filter(pk=sender.pk).update(username="alice", secret=b"not ours")
    sender.refresh_from_db()
    (outcome,) = send_test_mail(campaign, alice, ada(), sender, alice.email, [first_variant(campaign)])
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


@pytest.fixture
def sequence(campaign: Campaign) -> Campaign:
    """Three steps: two variants of which the first is not sent any more, a reply in the same thread, another thread."""
    unused = VariantContent("Old", "<p>Old</p>", weight=0)
    steps = [
        StepContent(variants=(unused, VariantContent("Hello {{ first_name }}", "<p>One</p>"))),
        StepContent("", "<p>Two</p>", delay_hours=72, same_thread=True),
        StepContent("Last", "<p>Three</p>", delay_hours=72),
    ]
    update_campaign(campaign, {"steps": steps})
    return campaign


def test_every_variant_of_every_step_can_be_chosen(sequence: Campaign, strangers: Campaign) -> None:
    every = wordings(sequence)
    names = [label for _, label in labels(every)]
    assert names == ["Step 1, variant A", "Step 1, variant B", "Step 2", "Step 3"]
    assert chosen_variant(sequence, every[3].pk) == every[3]
    assert chosen_variant(sequence, wordings(strangers)[0].pk) == every[0]
    shown = preview_for(sequence, ada(), every[2]).rendered
    assert shown is not None
    assert (shown.subject, "Two" in shown.html) == ("Re: Old", True)


def test_a_whole_sequence_is_what_leads_get_but_for_what_is_shown(sequence: Campaign) -> None:
    old, new, second, third = wordings(sequence)
    assert whole_sequence(sequence, third) == [new, second, third]
    assert whole_sequence(sequence, old) == [old, second, third]


def test_a_whole_sequence_arrives_marked_and_in_its_threads(
    sequence: Campaign, alice: User, sender: Sender, server: SmtpServer
) -> None:
    outcomes = send_test_mail(
        sequence, alice, ada(), sender, alice.email, whole_sequence(sequence, wordings(sequence)[1])
    )
    assert all_in_words(outcomes, alice.email) == "Sent 3 mails to alice@acme.example, one for each step."
    first, second, third = (message_from_bytes(mail.data, policy=policy.default) for mail in server.mails)
    assert [mail["Subject"] for mail in (first, second, third)] == [
        "[step 1] Hello Ada",
        "[step 2] Re: Hello Ada",
        "[step 3] Last",
    ]
    assert second["In-Reply-To"] == first["Message-ID"]
    assert third["References"] is None


def test_a_step_that_fails_is_named_and_nothing_is_sent(
    sequence: Campaign, alice: User, sender: Sender, server: SmtpServer
) -> None:
    steps = [StepContent("Hi", "<p>x</p>"), StepContent("Hi", "{{ company }}", delay_hours=1)]
    update_campaign(sequence, {"steps": steps})
    with pytest.raises(RenderError, match=r"Step 2: .*no company"):
        send_test_mail(sequence, alice, ada(), sender, alice.email, wordings(sequence))
    assert server.mails == []


def test_what_went_out_before_a_failure_is_said() -> None:
    said = all_in_words([Sent(), Rejected("552 Too much")], "a@b.example")
    assert said == "Sent 1 mail, then it failed. The server refused the mail: 552 Too much"
