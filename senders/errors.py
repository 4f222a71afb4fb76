"""What went wrong with a sender lately, in words, for its page: the last few, each once where it repeats."""

from django.db import connection

from senders.models import Sender, SendingError

KEPT = 20

# The newest is counted up where it says the same; otherwise a row more, and those beyond the kept ones go.
NOTE = """
WITH newest AS (
    SELECT id, reason FROM senders_sendingerror WHERE sender_id = %(sender)s ORDER BY at DESC, id DESC LIMIT 1
), again AS (
    UPDATE senders_sendingerror SET at = now(), times = times + 1
    WHERE id = (SELECT id FROM newest WHERE reason = %(reason)s)
    RETURNING id
), pruned AS (
    DELETE FROM senders_sendingerror WHERE id IN (
        SELECT id FROM senders_sendingerror WHERE sender_id = %(sender)s ORDER BY at DESC, id DESC OFFSET %(kept)s - 1)
      AND NOT EXISTS (SELECT FROM again)
)
INSERT INTO senders_sendingerror (organisation_id, sender_id, at, times, reason)
SELECT organisation_id, id, now(), 1, %(reason)s FROM senders_sender
WHERE id = %(sender)s AND NOT EXISTS (SELECT FROM again)
"""


def note_error(sender: int, reason: str) -> None:
    """Keep `reason` among the last errors of the sender with that primary key."""
    if not reason:
        return
    with connection.cursor() as cursor:
        cursor.execute(NOTE, {"sender": sender, "reason": reason.replace("\0", "")[:500], "kept": KEPT})


def last_errors(sender: Sender) -> list[SendingError]:
    """Newest first."""
    return list(sender.errors.all()[:KEPT])
