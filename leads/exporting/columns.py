"""What columns an export can have."""

from collections.abc import Iterable

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import F, OuterRef
from django.db.models.expressions import Combinable

from accounts.models import Organisation
from ecrm.database import TooSlow, within
from leads.fields import MOST_FIELDS, defined_fields, names_in_use
from leads.mailable import WhySuppressed
from leads.models import LeadList
from leads.segments.asking import CustomText
from leads.segments.rules import CUSTOM

# Key → name, as an import recognises it again.
STANDARD = {
    "email": "Email",
    "first_name": "First name",
    "last_name": "Last name",
    "company": "Company",
    "title": "Job title",
    "phone": "Phone",
    "tags": "Tags",
    "lists": "Lists",
    "suppressed": "Not mailed because",
    "source": "Source",
    "created_at": "Added",
    "updated_at": "Changed",
}
PATIENCE = 3000  # ms

NAMES = """
SELECT DISTINCT jsonb_object_keys(fields) AS name FROM leads_lead
WHERE organisation_id = %(organisation)s AND fields <> '{}' ORDER BY name LIMIT %(limit)s
"""


def offered(organisation: Organisation) -> dict[str, str]:
    """All columns, key → name; custom fields are those with a definition and those that leads have."""
    names = sorted({*defined_fields(organisation), *all_names(organisation)}, key=str.lower)
    return STANDARD | {f"{CUSTOM}{name}": name for name in names}


def all_names(organisation: Organisation) -> list[str]:
    """The custom fields that any lead has; of the newest ones alone where looking at all takes too long."""
    try:
        with within(PATIENCE), connection.cursor() as cursor:
            cursor.execute(NAMES, {"organisation": organisation.pk, "limit": MOST_FIELDS})
            return [row[0] for row in cursor.fetchall()]
    except TooSlow:
        return names_in_use(organisation)


def chosen(offer: dict[str, str], keys: Iterable[str]) -> dict[str, str]:
    """Those of `keys` that are offered, in the order of the offer; all of them where none is."""
    wanted = set(keys)
    return {key: name for key, name in offer.items() if key in wanted} or offer


def expression(key: str) -> Combinable:
    """What a column holds, for a query of leads."""
    if key.startswith(CUSTOM):
        return CustomText(key.removeprefix(CUSTOM))
    if key == "lists":
        return ArraySubquery(LeadList.objects.filter(leads=OuterRef("pk")).order_by("name").values("name"))
    if key == "suppressed":
        return WhySuppressed()
    return F(key)
