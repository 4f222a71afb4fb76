"""Every number of campaigns comes from here: today counted from the messages each time, later kept as counters.

Messages are counted for the states, distinct leads for what happened; people and machines apart.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import Organisation
from campaigns.models import Campaign

# By lead first, since a lead with several steps counts once; the index `message_of_campaign` narrows it to the
# campaign. 100,000 messages take about 0.1 s.
COUNT = """
WITH by_lead AS (
    SELECT campaign_id, lead_id,
        count(*) FILTER (WHERE state = 'planned') AS planned, count(*) FILTER (WHERE state = 'sending') AS sending,
        count(*) FILTER (WHERE state = 'sent') AS sent, count(*) FILTER (WHERE state = 'failed') AS failed,
        count(*) FILTER (WHERE state = 'unknown') AS unknown, count(*) FILTER (WHERE state = 'skipped') AS skipped,
        count(opened_at) AS opened, count(clicked_at) AS clicked, count(replied_at) AS replied,
        count(bounced_at) AS bounced, count(unsubscribed_at) AS unsubscribed, count(complained_at) AS complained,
        count(machine_opened_at) AS machine_opened, count(machine_clicked_at) AS machine_clicked
    FROM campaigns_message WHERE campaign_id = ANY(%(campaigns)s) GROUP BY campaign_id, lead_id
), enrolled AS (
    SELECT campaign_id, count(*) AS leads FROM campaigns_enrollment
    WHERE campaign_id = ANY(%(campaigns)s) GROUP BY campaign_id
), counted AS (
    SELECT campaign_id, sum(planned) AS planned, sum(sending) AS sending, sum(sent) AS sent, sum(failed) AS failed,
        sum(unknown) AS unknown, sum(skipped) AS skipped,
        count(*) FILTER (WHERE opened > 0) AS opened, count(*) FILTER (WHERE clicked > 0) AS clicked,
        count(*) FILTER (WHERE replied > 0) AS replied, count(*) FILTER (WHERE bounced > 0) AS bounced,
        count(*) FILTER (WHERE unsubscribed > 0) AS unsubscribed, count(*) FILTER (WHERE complained > 0) AS complained,
        count(*) FILTER (WHERE machine_opened > 0) AS machine_opened,
        count(*) FILTER (WHERE machine_clicked > 0) AS machine_clicked
    FROM by_lead GROUP BY campaign_id
)
SELECT enrolled.campaign_id, leads, planned, sending, sent, failed, unknown, skipped, opened, clicked, replied, bounced,
    unsubscribed, complained, machine_opened, machine_clicked
FROM enrolled LEFT JOIN counted ON counted.campaign_id = enrolled.campaign_id
"""

# An organisation's last days: messages sent, and those of them to which something happened.
TOTALS = """
SELECT count(*), count(opened_at), count(clicked_at), count(replied_at), count(unsubscribed_at),
    count(bounced_at)
FROM campaigns_message WHERE organisation_id = %(organisation)s AND state = 'sent' AND sent_at > %(since)s
"""

# What counts against a sender's day, as in engine.claim: what went, or may have gone, out.
USAGE = """
SELECT sender_id, count(*) FROM (
    SELECT sender_id FROM campaigns_message
    WHERE sender_id = ANY(%(senders)s) AND state = 'sent' AND sent_at > now() - interval '24 hours'
    UNION ALL
    SELECT sender_id FROM campaigns_message
    WHERE sender_id = ANY(%(senders)s) AND state = 'unknown' AND offered_at > now() - interval '24 hours') AS gone
GROUP BY sender_id
"""

# By distinct leads, people first; the events are found through the messages that were clicked, by `event_of_message`.
LINKS = """
SELECT event.url, count(DISTINCT event.lead_id) FILTER (WHERE NOT event.machine) AS people,
    count(DISTINCT event.lead_id) FILTER (WHERE event.machine) AS machines
FROM campaigns_message message
JOIN tracking_event event ON event.message_id = message.id AND event.kind = 'clicked'
WHERE message.campaign_id = %(campaign)s AND event.organisation_id = %(organisation)s
  AND (message.clicked_at IS NOT NULL OR message.machine_clicked_at IS NOT NULL)
GROUP BY event.url ORDER BY people DESC, machines DESC, event.url LIMIT %(limit)s
"""

SPAN = """
SELECT min(sent_at), greatest(max(sent_at), max(opened_at), max(clicked_at))
FROM campaigns_message WHERE campaign_id = %(campaign)s AND sent_at IS NOT NULL
"""
BUCKETS = """
SELECT date_bin(make_interval(secs => %(width)s), at, %(origin)s) AS bucket,
    count(*) FILTER (WHERE kind = 'sent'), count(*) FILTER (WHERE kind = 'opened'),
    count(*) FILTER (WHERE kind = 'clicked')
FROM campaigns_message
CROSS JOIN LATERAL (VALUES ('sent', sent_at), ('opened', opened_at), ('clicked', clicked_at)) AS hit(kind, at)
WHERE campaign_id = %(campaign)s AND at IS NOT NULL AND at >= %(origin)s
GROUP BY bucket ORDER BY bucket LIMIT 1000
"""
# A chart has at most this many buckets; the first width (seconds) that keeps to it is taken.
MOST_BUCKETS = 48
WIDTHS = (60, 300, 900, 3600, 6 * 3600, 86400, 7 * 86400, 28 * 86400)


@dataclass(frozen=True)
class Stats:
    """The keys of the API's `stats`, in its order."""

    leads: int = 0
    planned: int = 0
    sending: int = 0
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    opened: int = 0
    clicked: int = 0
    replied: int = 0
    bounced: int = 0
    unsubscribed: int = 0
    complained: int = 0
    machine_opened: int = 0
    machine_clicked: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    @property
    def messages(self) -> int:
        return self.planned + self.sending + self.done

    @property
    def total(self) -> int:
        """Messages, and the leads whose first one is not planned yet."""
        return max(self.leads, self.messages)

    @property
    def outcomes(self) -> list["Outcome"]:
        """What became of its mails so far, one after the other: what was sent, and what was not, where there is any."""
        found: list[Outcome] = []
        for state, said in OUTCOMES:
            count = getattr(self, state)
            if count or state == "sent":
                found.append(Outcome(state, said, count, sum(before.count for before in found)))
        return found

    @property
    def left(self) -> int:
        """Mails that are still to come."""
        return self.total - self.done

    @property
    def done(self) -> int:
        """Messages that need nothing more from the engine."""
        return self.sent + self.failed + self.unknown + self.skipped


@dataclass(frozen=True)
class Outcome:
    """How many messages came to one end; `before`: how many to those that are told before it."""

    state: str
    said: str
    count: int
    before: int


OUTCOMES = (("sent", "sent"), ("failed", "failed"), ("unknown", "without an answer"), ("skipped", "skipped"))


@dataclass(frozen=True)
class Totals:
    """Messages sent in a span of days, and how many of them were opened, clicked and so on by people."""

    sent: int
    opened: int
    clicked: int
    replied: int
    unsubscribed: int
    bounced: int


@dataclass(frozen=True)
class Bucket:
    start: datetime
    sent: int
    opened: int
    clicked: int


@dataclass(frozen=True)
class Link:
    """A link of a campaign, and how many leads clicked it; `machines` are scanners' clicks, by lead too."""

    url: str
    people: int
    machines: int


def stats_of(campaigns: Sequence[int]) -> dict[int, Stats]:
    """The numbers of each of these campaigns, by primary key."""
    found = {pk: Stats() for pk in campaigns}
    if found:
        with connection.cursor() as cursor:
            cursor.execute(COUNT, {"campaigns": list(found)})
            for row in cursor.fetchall():
                found[row[0]] = Stats(*(int(number or 0) for number in row[1:]))
    return found


def stats(campaign: Campaign) -> Stats:
    return stats_of([campaign.pk])[campaign.pk]


def totals(organisation: Organisation, days: int = 30) -> Totals:
    """What the organisation sent in the last `days`, and what came of it."""
    since = timezone.now() - timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute(TOTALS, {"organisation": organisation.pk, "since": since})
        return Totals(*(cursor.fetchone() or [0] * len(fields(Totals))))


def sender_usage(senders: list[int]) -> dict[int, int]:
    """Mails sent in the last 24 hours by sender: the hook `senders.services.USAGE`."""
    return dict(rows(USAGE, {"senders": senders}))


def top_links(campaign: Campaign, limit: int = 10) -> list[Link]:
    """The links that were clicked most."""
    parameters = {"campaign": campaign.pk, "organisation": campaign.organisation_id, "limit": limit}
    return [Link(*row) for row in rows(LINKS, parameters)]


def rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def chart(campaign: Campaign) -> list[Bucket]:
    """Sent, and first opened and clicked by people, over time, in at most MOST_BUCKETS equal spans without a hole;
    empty before the first mail.
    """
    (span,) = rows(SPAN, {"campaign": campaign.pk})
    if span[0] is None:
        return []
    first, last = span[0].astimezone(UTC), span[1].astimezone(UTC)
    width = next((width for width in WIDTHS if (last - first).total_seconds() / width < MOST_BUCKETS - 1), WIDTHS[-1])
    origin = floor(first, width)
    found = {row[0]: row[1:] for row in rows(BUCKETS, {"campaign": campaign.pk, "width": width, "origin": origin})}
    count = min(int((last - origin).total_seconds() // width) + 1, 1000)
    starts = [origin + timedelta(seconds=width * number) for number in range(count)]
    return [Bucket(start, *found.get(start, (0, 0, 0))) for start in starts]


def floor(at: datetime, width: int) -> datetime:
    """The start of the bucket of `width` seconds that holds `at`: whole minutes, hours, days in UTC."""
    return datetime.fromtimestamp(at.timestamp() // width * width, UTC)
