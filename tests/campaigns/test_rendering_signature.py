"""The sender's signature and reply address: where they stand in a mail, and that nothing typed in them is markup."""

from email import message_from_bytes, policy

import pytest

from campaigns.models import Campaign, Variant
from campaigns.rendering import Renderer
from campaigns.rendering.fields import sample_lead
from senders.models import Sender
from tracking.tokens import Mark

SIGNATURE = "Alice <Archer>\nAcme & Co\n"


@pytest.fixture
def signed(sender: Sender) -> Sender:
    sender.signature = SIGNATURE
    return sender


def renderer(campaign: Campaign, variant: Variant, sender: Sender, html: str, text: str = "") -> Renderer:
    variant.body_html, variant.body_text = html, text
    return Renderer(campaign, variant, sender, campaign.organisation)


def test_a_signature_stands_above_the_footer(campaign: Campaign, variant: Variant, signed: Sender) -> None:
    made = renderer(campaign, variant, signed, "<html><body><p>Hello</p></body></html>")
    mail = made.render(sample_lead(campaign.organisation), "https://x.example/u")
    assert "Alice &lt;Archer&gt;<br>Acme &amp; Co</p><div" in mail.html
    assert mail.html.endswith("</body></html>")
    assert "Hello\n\nAlice <Archer>\nAcme & Co\n\n-- \nAcme GmbH, " in mail.text


def test_a_template_places_it_itself_and_it_stands_there_once(
    campaign: Campaign, variant: Variant, signed: Sender
) -> None:
    made = renderer(campaign, variant, signed, "<p>{{ sender.signature }}</p><p>PS: Hi</p>")
    mail = made.render(sample_lead(campaign.organisation), "#")
    assert "<p>Alice &lt;Archer&gt;<br>Acme &amp; Co</p><p>PS: Hi</p>" in mail.html
    assert mail.html.count("Acme &amp; Co") == 1
    assert mail.text.count("Acme & Co") == 1


@pytest.mark.parametrize("html", ["<p>Hello</p>", "<p>Hello {{ sender.signature }}</p>"])
def test_without_a_signature_nothing_is_added(campaign: Campaign, variant: Variant, sender: Sender, html: str) -> None:
    mail = renderer(campaign, variant, sender, html).render(sample_lead(campaign.organisation), "#")
    assert mail.html.startswith(("<p>Hello</p><div", "<p>Hello </p><div"))
    assert "Hello\n\n-- \nAcme" in mail.text.replace("Hello \n", "Hello\n")


def test_replies_go_where_the_sender_says(campaign: Campaign, variant: Variant, sender: Sender) -> None:
    made = renderer(campaign, variant, sender, "<p>Hello</p>")
    lead = sample_lead(campaign.organisation)
    mark = Mark(campaign.organisation_id, 1, 1)
    assert message_from_bytes(made.mail(lead, mark, "x@acme.example"), policy=policy.default)["Reply-To"] is None
    sender.reply_address = "desk@acme.example"
    mail = renderer(campaign, variant, sender, "<p>Hello</p>").mail(lead, mark, "x@acme.example")
    assert message_from_bytes(mail, policy=policy.default)["Reply-To"] == "Alice <desk@acme.example>"
