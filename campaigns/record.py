"""What campaigns know of senders, for the app below: the hooks of `senders.standing` and `senders.health`."""

from datetime import datetime

from django.db import connection

from senders.health import Outcomes
from senders.models import Sender

# On how many of the past spans of 24 hours since its ramp-up began a sender has sent: a probe of `message_sent_by` for each
# span, of which no more matter than a year's.
SENDING_DAYS = """
SELECT ramp.sender, count(*) FROM unnest(%(senders)s::bigint[], %(starts)s::timestamptz[]) AS ramp(sender, start)
CROSS JOIN LATERAL generate_series(
    greatest(ramp.start, now() - interval '365 days'), now() - interval '24 hours', interval '24 hours') AS day
WHERE EXISTS (SELECT FROM campaigns_message
              WHERE sender_id = ramp.sender AND state = 'sent' AND sent_at >= day AND sent_at < day + interval '24 hours')
GROUP BY ramp.sender
"""

# With `cap` mails in any 24 hours: the next one goes when the cap-th newest is a day old.
ROOM = """
SELECT sent_at + interval '24 hours' FROM campaigns_message
WHERE sender_id = %(sender)s AND state = 'sent' AND sent_at > now() - interval '24 hours'
ORDER BY sent_at DESC OFFSET %(cap)s - 1 LIMIT 1
"""

# The newest mails that left, or were refused for their address while we were still talking to its server.
OUTCOMES = """
SELECT count(*), count(bounced_at), count(complained_at) FROM (
    SELECT bounced_at, complained_at FROM (
        (SELECT sent_at AS at, bounced_at, complained_at FROM campaigns_message
         WHERE sender_id = %(sender)s AND state = 'sent' AND sent_at > coalesce(%(since)s::timestamptz, '-infinity')
         ORDER BY sent_at DESC LIMIT %(most)s)
        UNION ALL
        (SELECT bounced_at, bounced_at, complained_at FROM campaigns_message
         WHERE sender_id = %(sender)s AND state = 'failed' AND bounced_at > coalesce(%(since)s::timestamptz, '-infinity')
         ORDER BY bounced_at DESC LIMIT %(most)s)
    ) AS left_or_refused ORDER BY at DESC LIMIT %(most)s) AS newest
"""


def sending_days(senders: list[Sender]) -> dict[int, int]:
    """The hook `senders.standing.SENDING_DAYS`."""
    ramps = [(sender.pk, sender.ramp_started_at) for sender in senders if sender.ramp_started_at]
    if not ramps:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(SENDING_DAYS, {"senders": [pk for pk, _ in ramps], "starts": [start for _, start in ramps]})
        return dict(cursor.fetchall())


def room_at(sender: int, cap: int) -> datetime | None:
    """The hook `senders.standing.ROOM`."""
    if not cap:
        return None
    with connection.cursor() as cursor:
        cursor.execute(ROOM, {"sender": sender, "cap": cap})
        row = cursor.fetchone()
    return row[0] if row else None


def outcomes(sender: int, since: datetime | None, most: int) -> Outcomes:
    """The hook `senders.health.OUTCOMES`."""
    with connection.cursor() as cursor:
        cursor.execute(OUTCOMES, {"sender": sender, "since": since, "most": most})
        return Outcomes(*(cursor.fetchone() or (0, 0, 0)))
