"""What the cells of a file say: whom not to mail, and why."""

import re
from collections.abc import Sequence

from ecrm.spreadsheet import plain
from leads.addresses import BadAddress
from leads.models import SuppressionReason
from leads.suppression import given

# What other products call it, in the words that stand out.
SAID = {
    SuppressionReason.COMPLAINED: re.compile(r"complain|spam|abuse|beschwerde|plainte|queja", re.IGNORECASE),
    SuppressionReason.UNSUBSCRIBED: re.compile(
        r"unsub|opt.?(ed )?.?out|abgemeldet|abmeldung|désinscri|desinscri|(dado de )?baja|disiscri", re.IGNORECASE
    ),
    SuppressionReason.BOUNCED: re.compile(r"bounce|invalid|undeliver|unzustellbar|rebot|rejet", re.IGNORECASE),
    SuppressionReason.MANUAL: re.compile(r"manual|do not mail", re.IGNORECASE),
}


def is_entry(text: str) -> bool:
    try:
        given(plain(text))
    except BadAddress:
        return False
    return True


def reason_said(text: str, otherwise: SuppressionReason) -> SuppressionReason:
    """What the words of a reason come to."""
    return next((reason for reason, words in SAID.items() if words.search(text)), otherwise)


def cell(cells: Sequence[str], index: int | None) -> str:
    return plain(cells[index].strip()) if index is not None and index < len(cells) else ""
