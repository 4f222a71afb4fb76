"""What campaigns know of a lead, for its page (`leads.timeline.SOURCES` and `PLACES`)."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.formats import date_format

from campaigns.models import GOING, Enrollment, EnrollmentState, Message, MessageState
from leads.models import Lead
from leads.timeline import MOST_ENTRIES, Entry, Place
from tracking.models import Event, Happening

# As many of the lead's mails as are looked at, the newest; and of what happened to them.
MOST_MAILS = 200
MOST_CAMPAIGNS = 100
SAID = {
    Happening.OPENED: "Opened",
    Happening.CLICKED: "Clicked a link in",
    Happening.REPLIED: "Replied to",
    Happening.UNSUBSCRIBED: "Unsubscribed through",
    Happening.BOUNCED: "Did not get, since it bounced,",
    Happening.COMPLAINED: "Complained about",
}
# What became of a mail that was not sent, and since when.
LEFT = {
    MessageState.FAILED: "Could not be sent",
    MessageState.UNKNOWN: "May or may not have got",
    MessageState.SKIPPED: "Was not sent",
    MessageState.PLANNED: "Is to get",
}


@dataclass(frozen=True)
class Mail:
    """A message, and how its page and its wording are called."""

    message: Message
    several: bool  # the campaign has several steps, or the step several variants

    @property
    def name(self) -> str:
        step = f" (step {self.message.step.position}, {self.message.variant.name})" if self.several else ""
        return f"{self.message.campaign.name}{step}"

    @property
    def href(self) -> str:
        return campaign_page(self.message.campaign.organisation.slug, self.message.campaign_id)


def campaign_page(slug: str, pk: int) -> str:
    return reverse("campaign", kwargs={"org": slug, "pk": pk})


def message_entries(lead: Lead) -> Iterator[Entry]:
    """What became of the lead's newest mails, and everything that happened to them."""
    wanted = Message.objects.filter(lead=lead).select_related("campaign__organisation", "step", "variant")
    mails = {message.pk: Mail(message, is_of_several(message)) for message in wanted.order_by("-pk")[:MOST_MAILS]}
    told: set[tuple[int, str]] = set()
    events = Event.objects.filter(organisation=lead.organisation_id, message_id__in=mails).order_by("-at")
    for event in events[:MOST_ENTRIES]:
        told.add((event.message_id, event.kind))
        mail = mails[event.message_id]
        said = SAID[Happening(event.kind)]
        yield Entry(event.at, f"{said} {mail.name}", mail.href, event.kind, event.machine, event.url)
    for mail in mails.values():
        yield from own_entries(mail, told)


def is_of_several(message: Message) -> bool:
    return message.step.position > 1 or message.variant.name != "A"


def own_entries(mail: Mail, told: set[tuple[int, str]]) -> Iterator[Entry]:
    """What the message's own row says; the first time of each kind where no event is kept of it any more."""
    message = mail.message
    if message.sent_at:
        yield Entry(message.sent_at, f"Was sent {mail.name}", mail.href, "sent")
    elif (at := message.offered_at or message.due_at) and (said := LEFT.get(MessageState(message.state))):
        yield Entry(at, f"{said} {mail.name}", mail.href, message.state, detail=message.error)
    for kind, said in SAID.items():
        at = getattr(message, f"{kind}_at")
        if at is not None and (message.pk, kind) not in told:
            yield Entry(at, f"{said} {mail.name}", mail.href, kind)


def campaign_places(lead: Lead) -> Iterator[Place]:
    """The campaigns that the lead is in, and where it stands in each."""
    found = Enrollment.objects.filter(lead=lead).select_related("campaign__organisation", "sender").order_by("-pk")
    for enrollment in found[:MOST_CAMPAIGNS]:
        campaign = enrollment.campaign
        page = campaign_page(campaign.organisation.slug, campaign.pk)
        yield Place(campaign.name, page, enrollment.state, where(enrollment))


def where(enrollment: Enrollment) -> str:
    """What comes next, or why nothing does."""
    if enrollment.state not in GOING:
        return enrollment.reason
    said = f"next: step {enrollment.next_position}"
    if enrollment.state == EnrollmentState.ACTIVE and enrollment.due_at:
        said += f", {date_format(enrollment.due_at, 'M j, H:i')}"
    return f"{said}, through {enrollment.sender.address}" if enrollment.sender else said
