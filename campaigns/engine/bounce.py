"""A server that refuses the address itself while we are still talking to it: a bounce, known at once."""

import logging
import re
import time

from django.db import DatabaseError

from campaigns.engine.claim import Claimed
from tracking.consumer import store
from tracking.models import Happening

log = logging.getLogger(__name__)

# RFC 3463 3.2, 3.3 and RFC 7505 4.2: no such mailbox, no such system, an address that is none, moved, a domain that takes
# no mail, a mailbox that was closed. Words without such a code may mean anything, spam filters' above all.
ADDRESS_REFUSED = re.compile(r"5\d\d[ -]5\.(?:1\.(?:1|2|3|6|10)|2\.1)\b")


def note_bounce(message: Claimed, reason: str) -> None:
    """Record a bounce where `reason`, the server's words, says that the address is no good; once however often called."""
    if not ADDRESS_REFUSED.match(reason):
        return
    fields = {
        "i": f"refused-{message.id}",
        "k": Happening.BOUNCED.value,
        "m": f"{message.campaign.organisation_id}.{message.id}.{message.lead.pk}",
        "u": "",
        "r": "",
        "t": str(int(time.time() * 1000)),
    }
    try:
        store([fields])
    except DatabaseError:  # the message is recorded as failed, with these words; its number is one short
        log.exception("The bounce of message %d could not be counted", message.id)
