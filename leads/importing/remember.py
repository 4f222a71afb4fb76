"""How an organisation mapped files before: one with the same column names, in any order, is mapped alike again."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from django.utils import timezone

from accounts.models import Organisation
from leads.importing.map import guess
from leads.importing.recognise import Sheet
from leads.models import RememberedMapping

MOST_REMEMBERED = 200


def headers_digest(header: Sequence[str]) -> bytes:
    return hashlib.sha256(json.dumps(sorted(header)).encode()).digest()


def remember(organisation: Organisation, header: Sequence[str], mapping: Mapping[str, str]) -> None:
    """Keep what a person chose; what was not used for longest goes."""
    RememberedMapping.objects.update_or_create(
        organisation=organisation,
        headers=headers_digest(header),
        defaults={"mapping": dict(mapping), "used_at": timezone.now()},
    )
    newest = RememberedMapping.objects.filter(organisation=organisation).order_by("-used_at")
    for old in newest[MOST_REMEMBERED : MOST_REMEMBERED + 10]:
        old.delete()


def mapping_for(organisation: Organisation, sheet: Sheet) -> dict[str, str]:
    """What was chosen for these column names the last time, else a guess."""
    known = RememberedMapping.objects.filter(organisation=organisation, headers=headers_digest(sheet.header)).first()
    return dict(known.mapping) if known else guess(sheet.header, sheet.rows)
