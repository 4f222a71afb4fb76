"""What senders may send on a day: those alike are one group, so that a hundred of them cost what one does."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from campaigns.forecast.days import Day, Hours, length
from campaigns.models import Campaign
from senders.limits import ceiling_of, daily_cap, least_gap
from senders.models import Sender, SenderState
from senders.services import usage
from senders.standing import sending_days

# Nobody waits for so many mails a day: no limit, as a number.
UNLIMITED = 10**9
Settings = tuple[object, ...]


@dataclass
class Group:
    """`many` senders with the same settings and campaigns, `sender` being one. `days`: of sending since the ramp-up began,
    `used`: mails of the last 24 hours, of all of them. `room`: what may still go on the day that is looked at, `sent`: what
    went on it, by campaign.
    """

    sender: Sender
    campaigns: frozenset[int]
    hours: Hours
    days: int
    many: int = 0
    used: int = 0
    room: int = 0
    sent: Counter[int] = field(default_factory=Counter)

    def within(self, seconds: float) -> int:
        """How many mails its pauses let go in a time."""
        pause = max(self.sender.gap_seconds, least_gap(self.sender))
        return int(seconds / pause) * self.many if pause else UNLIMITED

    def open(self, day: Day) -> None:
        """Begin a day."""
        if self.sent:
            self.days += 1  # the ramp-up goes on with each day on which it sends
        cap = daily_cap(self.sender, self.days)
        limit = UNLIMITED if cap is None else cap * self.many - self.used
        self.room = max(0, min(limit, self.within(length(self.hours.on(day)))))
        self.used = 0
        self.sent.clear()

    def room_for(self, campaign: int, seconds: float) -> int:
        """How many more may go of a campaign in the hours that both have on this day."""
        return max(0, min(self.room, self.within(seconds) - self.sent[campaign]))

    def take(self, campaign: int, count: int) -> None:
        self.room -= count
        self.sent[campaign] += count


@dataclass
class Mailboxes:
    """The groups, and the place among them of each active sender, by its primary key."""

    groups: list[Group] = field(default_factory=list)
    place_of: dict[int, int] = field(default_factory=dict)

    def many_of(self, campaign: int) -> dict[int, int]:
        """How many of a campaign's active senders stand in which group, by its place."""
        return {place: group.many for place, group in enumerate(self.groups) if campaign in group.campaigns}


def mailboxes_of(campaigns: Sequence[Campaign]) -> Mailboxes:
    """The active senders of these campaigns."""
    serves: defaultdict[int, set[int]] = defaultdict(set)
    chosen = Campaign.senders.through.objects.filter(campaign__in=campaigns)
    for campaign, mailbox in chosen.values_list("campaign_id", "sender_id"):
        serves[mailbox].add(campaign)
    active = list(Sender.objects.filter(pk__in=serves, state=SenderState.ACTIVE).order_by("pk"))
    used, days = Counter(usage([sender.pk for sender in active])), sending_days(active)
    found = Mailboxes()
    places: dict[Settings, int] = {}
    for sender in active:
        campaigns_of = frozenset(serves[sender.pk])
        place = places.setdefault((*pace(sender), days[sender.pk], campaigns_of), len(found.groups))
        if place == len(found.groups):
            found.groups.append(Group(sender, campaigns_of, Hours(sender.window), days[sender.pk]))
        found.groups[place].many += 1
        found.groups[place].used += used[sender.pk]
        found.place_of[sender.pk] = place
    return found


def pace(sender: Sender) -> Settings:
    """What decides how much a sender may send, and when."""
    ramp = (sender.ramp_start, sender.ramp_step, sender.ramp_ceiling)
    return (ceiling_of(sender), sender.daily_limit, *ramp, sender.gap_seconds, json.dumps(sender.window))
