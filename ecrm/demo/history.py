"""A finished campaign: two weeks of sending and of what people did, written as the engine and the consumer would have."""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import Organisation
from campaigns.models import Campaign, CampaignState, Enrollment, EnrollmentState, Message, MessageState, Variant
from ecrm.demo.behaviour import Act, Kind, acts
from leads.models import Lead, Suppression, SuppressionReason
from leads.suppression import suppress
from senders.models import Sender
from tracking.models import Event, Happening
from tracking.rewriting import links

DAYS_AGO = 13
WORKDAY = (8, 16)  # mails go out between these hours (UTC)
# The live simulation happens within a minute or two; in the history the same takes hours or days.
STRETCH = 1500.0
REFUSED = "550 5.1.1 There is no such mailbox here"

HAPPENINGS = {
    Kind.OPEN: Happening.OPENED,
    Kind.CLICK: Happening.CLICKED,
    Kind.UNSUBSCRIBE: Happening.UNSUBSCRIBED,
    Kind.REPLY: Happening.REPLIED,
    Kind.BOUNCE: Happening.BOUNCED,
}
SUPPRESSING = {
    Happening.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
    Happening.BOUNCED: SuppressionReason.BOUNCED,
}


@dataclass(frozen=True)
class Story:
    """One message and what became of it."""

    message: Message
    events: list[Event]


def tell(campaign: Campaign, leads: Sequence[Lead]) -> None:
    """Write the history of a draft that was sent to `leads`, oldest first, and is finished now."""
    draw = random.Random(7)  # noqa: S311
    variant = Variant.objects.select_related("step").get(step__campaign=campaign)
    times = list(slots(draw, len(leads)))
    enrollments = Enrollment.objects.bulk_create(enrolled(campaign, leads, times[0]))
    stories = [story(draw, enrollment, variant, at) for enrollment, at in zip(enrollments, times, strict=True)]
    Message.objects.bulk_create([told.message for told in stories])
    for told in stories:
        for event in told.events:
            event.message_id = told.message.pk
    Event.objects.bulk_create([event for told in stories for event in told.events], batch_size=1000)
    for told in stories:
        suppress_leavers(campaign.organisation, told)
    close(campaign, stories, times)


def slots(draw: random.Random, count: int) -> Iterator[datetime]:
    """When each mail went out: minutes apart, on working days, from `DAYS_AGO` on."""
    at = (timezone.now() - timedelta(days=DAYS_AGO)).replace(hour=WORKDAY[0], minute=0, second=0, microsecond=0)
    for _ in range(count):
        at += timedelta(seconds=draw.uniform(180, 420))
        while at.hour >= WORKDAY[1] or at.weekday() > 4:
            at = (at + timedelta(days=1)).replace(hour=WORKDAY[0], minute=draw.randrange(20))
        yield at


def enrolled(campaign: Campaign, leads: Sequence[Lead], at: datetime) -> Iterator[Enrollment]:
    senders: list[Sender] = list(campaign.senders.order_by("pk"))
    for number, lead in enumerate(leads):
        yield Enrollment(
            organisation=campaign.organisation,
            campaign=campaign,
            lead=lead,
            sender=senders[number % len(senders)],
            state=EnrollmentState.STOPPED if refused(lead) else EnrollmentState.FINISHED,
            reason="failed" if refused(lead) else "",
            next_position=2,
            created_at=at,
        )


def refused(lead: Lead) -> bool:
    """Whether the receiving server, which is the mail catcher, takes no mail for this address."""
    return lead.email.startswith("bounce")


def story(draw: random.Random, enrollment: Enrollment, variant: Variant, at: datetime) -> Story:
    failed = refused(enrollment.lead)
    message = Message(
        organisation=enrollment.organisation,
        campaign=enrollment.campaign,
        enrollment=enrollment,
        step=variant.step,
        variant=variant,
        lead=enrollment.lead,
        sender=enrollment.sender,
        state=MessageState.FAILED if failed else MessageState.SENT,
        error=REFUSED if failed else "",
        message_id=f"{uuid.UUID(int=draw.getrandbits(128)).hex}@demo.example",
        due_at=at,
        attempts=1,
        offered_at=at,
        sent_at=None if failed else at + timedelta(milliseconds=40),
    )
    if failed:
        return Story(message, [])
    targets = links(variant.body_html)
    slowness = STRETCH * draw.choice([0.02, 0.1, 0.3, 1, 1, 4])
    happened = [event_of(message, act, targets, slowness) for act in acts(draw, len(targets))]
    events = [event for event in happened if event.at < timezone.now()]
    for event in events:
        note(message, event)
    return Story(message, events)


def event_of(message: Message, act: Act, targets: Sequence[str], slowness: float) -> Event:
    """The event of an act: a person takes `slowness` times as long as in the live simulation, machines stay quick."""
    sent = message.sent_at
    assert sent is not None
    slow = 1.0 if act.machine or act.kind is Kind.BOUNCE else slowness
    return Event(
        organisation=message.organisation,
        lead_id=message.lead_id,
        kind=HAPPENINGS[act.kind],
        url=targets[act.link] if act.kind is Kind.CLICK else "",
        machine=act.machine,
        rule=rule_of(act),
        at=sent + timedelta(seconds=act.after * slow),
        stream_id=uuid.uuid4().hex,
    )


def rule_of(act: Act) -> str:
    """What `tracking.machines` would have said."""
    if not act.machine:
        return ""
    return "link-scanner" if act.kind is Kind.CLICK else "apple-mail-privacy"


def note(message: Message, event: Event) -> None:
    """Keep the first time on the message, as `campaigns.happenings` does."""
    name = f"{'machine_' if event.machine else ''}{event.kind}_at"
    known = getattr(message, name)
    if known is None or event.at < known:
        setattr(message, name, event.at)


def suppress_leavers(organisation: Organisation, told: Story) -> None:
    for event in told.events:
        if reason := SUPPRESSING.get(Happening(event.kind)):
            source = "link in a mail" if event.kind == Happening.UNSUBSCRIBED else "the mail server"
            entry = suppress(organisation, told.message.lead.email, reason, source)
            Suppression.objects.filter(pk=entry.pk).update(created_at=event.at)


def close(campaign: Campaign, stories: Sequence[Story], times: Sequence[datetime]) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(
        state=CampaignState.FINISHED,
        created_at=times[0] - timedelta(hours=3),
        started_at=times[0],
        finished_at=times[-1] + timedelta(seconds=2),
    )
    campaign.refresh_from_db()
