"""Campaigns that really run: against a scripted SMTP server, planned by the engine, for tests of what becomes of them."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.editing import create_campaign
from campaigns.models import Campaign, Message
from campaigns.services import start_campaign
from campaigns.wording import StepContent
from leads.models import Lead, LeadList, SuppressionReason
from leads.services import add_to_list, named_list, save_lead
from leads.suppression import suppress
from senders.models import Sender
from senders.services import create_sender
from tests.providers.smtp import SmtpServer

STEP = StepContent(
    subject='Hello {{ first_name | default: "there" }}',
    body_html='<p>See <a href="https://acme.example/?a=1&amp;b=2">us</a>.</p>',
)


@dataclass
class Launcher:
    """Everything of Acme's that a campaign needs."""

    acme: Organisation
    alice: User
    server: SmtpServer

    def sender(self, name: str = "alice", **values: Any) -> Sender:
        """A mailbox at the test server."""
        given = {"name": name.title(), "address": f"{name}@acme.example", "host": "127.0.0.1", "security": "none"}
        return create_sender(self.acme, None, given | {"port": self.server.port} | values)

    def people(self, count: int, name: str = "People", start: int = 0) -> LeadList:
        """A list of lead0@example.com, lead1@… (known ones are taken again)."""
        chosen = named_list(self.acme, name)
        for number in range(start, start + count):
            email = f"lead{number}@example.com"
            lead = Lead.objects.filter(organisation=self.acme, email=email).first()
            if lead is None:
                lead = save_lead(Lead(organisation=self.acme), {"email": email, "first_name": f"Lead {number}"})
            add_to_list(chosen, [lead])
        return chosen

    def draft(self, leads: int = 3, *, senders: list[Sender] | None = None, **values: Any) -> Campaign:
        """A campaign that is ready to start."""
        given = {
            "name": "Spring",
            "senders": senders or [self.sender()],
            "lists": values.get("lists") or [self.people(leads)],
            "steps": [STEP],
        }
        return create_campaign(self.acme, self.alice, given | values)

    def go(self, campaign: Campaign) -> None:
        """Start it, and plan its first messages."""
        start_campaign(campaign, self.alice)
        engine.plan()

    def start(self, leads: int = 3, *, senders: list[Sender] | None = None, **values: Any) -> Campaign:
        """A campaign that runs and whose messages are planned."""
        campaign = self.draft(leads, senders=senders, **values)
        self.go(campaign)
        return campaign

    def suppress(self, email: str) -> None:
        suppress(self.acme, email, SuppressionReason.MANUAL, "test")

    def received(self) -> list[str]:
        """Whom the server has taken mail for, in order."""
        return [mail.recipients[0] for mail in self.server.mails]


def states(campaign: Campaign) -> dict[str, int]:
    """How many messages are in which state."""
    return dict(Counter(Message.objects.filter(campaign=campaign).values_list("state", flat=True)))


def message_to(campaign: Campaign, email: str) -> Message:
    return Message.objects.get(campaign=campaign, lead__email=email)


def only_sender(campaign: Campaign) -> Sender:
    return campaign.senders.get()
