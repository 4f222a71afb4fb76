"""A world in which weeks pass in seconds: campaigns of several steps, a server that takes everything, and who did what."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from django.db import transaction

from campaigns import engine
from campaigns.models import Campaign, CampaignState, Message, Step
from campaigns.wording import StepContent
from leads.models import Lead
from leads.services import add_to_list, named_list, save_lead
from senders.models import Sender
from senders.transports.base import Mailbox, Outcome, Outgoing, Sent
from senders.transports.sending import Steps
from tests.campaigns.launching import Launcher
from tests.clock import Traveller
from tracking.signals import Recorded, happened

numbers = itertools.count()


@dataclass(frozen=True)
class Arrival:
    """A mail that the server took: whose, of which step and variant, when, from which mailbox."""

    campaign: int
    lead: int
    step: int
    variant: str
    at: datetime
    sender: int
    message: int
    data: bytes


@dataclass
class World:
    """The clock, the server's side and what people do."""

    launcher: Launcher
    clock: Traveller
    arrivals: list[Arrival] = field(default_factory=list)

    def people(self, count: int, **values: Any) -> tuple[str, list[Lead]]:
        """A list's name, and so many new leads on it."""
        name = f"People {next(numbers)}"
        acme = self.launcher.acme
        leads = [
            save_lead(Lead(organisation=acme), {"email": f"traveller{next(numbers)}@gmail.com"} | values)
            for _ in range(count)
        ]
        add_to_list(named_list(acme, name), leads)
        return name, leads

    def start(self, steps: list[dict[str, Any]], leads: int = 2, senders: int = 1, **values: Any) -> Campaign:
        """A running campaign of its own leads and senders: each of `steps` sets columns of the step."""
        name, _ = self.people(leads)
        acme = self.launcher.acme
        mailboxes = [self.launcher.sender(f"sender{next(numbers)}") for _ in range(senders)]
        content = [
            StepContent(subject=f"Step {at}", body_html=f"<p>Step {at}</p>", delay_hours=1)
            for at, _ in enumerate(steps, 1)
        ]
        shared = {key: values.pop(key) for key in ("window", "time_zone") if key in values}
        campaign = self.launcher.draft(lists=[named_list(acme, name)], senders=mailboxes, steps=content, **shared)
        for position, columns in enumerate(steps, 1):
            Step.objects.filter(campaign=campaign, position=position).update(**columns)
        Campaign.objects.filter(pk=campaign.pk).update(**values)
        campaign.refresh_from_db()
        self.launcher.go(campaign)
        return campaign

    def took(self, outgoing: Outgoing) -> Outcome:
        row = Message.objects.select_related("step", "variant", "campaign").get(pk=outgoing.message_id)
        assert row.campaign.state == CampaignState.RUNNING
        assert row.sender_id is not None
        self.arrivals.append(
            Arrival(
                *(row.campaign_id, row.lead_id, row.step.position, row.variant.name, self.clock.now()),
                *(row.sender_id, row.pk, outgoing.data),
            )
        )
        return Sent(f"id{row.pk}/thread{row.enrollment_id}")

    def tick(self) -> None:
        """One second of the engine's life, and all of its drains."""
        engine.recover_abandoned()
        engine.hand_over()
        engine.plan()
        engine.finish()
        for sender in engine.senders_with_work():
            engine.drain(sender)

    def walk(self, until: datetime, by: timedelta) -> None:
        """Let time pass, and look at the engine so often."""
        at = self.clock.now()
        while at < until:
            self.clock.go_to(at := at + by)
            Sender.objects.update(next_slot_at=at - by)  # who rests by the real clock
            self.tick()

    def happen(self, kind: str, arrival: Arrival) -> None:
        """Its lead opens it, clicks, replies…"""
        event = Recorded(
            self.launcher.acme.pk, arrival.message, arrival.lead, kind, "", machine=False, rule="", at=self.clock.now()
        )
        with transaction.atomic():
            happened.send(sender=None, events=[event])

    def by_lead(self, campaign: Campaign) -> dict[int, list[Arrival]]:
        found: dict[int, list[Arrival]] = defaultdict(list)
        for arrival in self.arrivals:
            if arrival.campaign == campaign.pk:
                found[arrival.lead].append(arrival)
        return found


class TakingConnection:
    """A transport (senders.transports.base.Connection) whose server takes every mail; `world` keeps them."""

    world: World
    names_ahead = False

    def __init__(self, mailbox: Mailbox) -> None: ...

    def send(self, outgoing: Outgoing) -> Outcome:
        return self.world.took(outgoing)

    def sending(self, outgoing: Outgoing, following: Outgoing | None = None) -> Steps:
        yield from ()
        return self.send(outgoing)

    def fileno(self) -> int:
        return -1

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
