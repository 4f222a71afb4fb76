"""What people do with leads, one function each; pages, API and imports call these. Lists have their own (`leads.lists`)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.idempotency import forget_answers
from leads.addresses import BadAddress, normalise_email
from leads.fields import LONGEST_FIELD_NAME
from leads.flags import flags_of
from leads.lists import LIST_GUARDS, add_to_list, clean_text, named_list, remove_from_list
from leads.models import FormerAddress, Lead
from leads.search import search_leads
from leads.suppression import digest, erased_digests, forget
from leads.tags import LONGEST_TAG

__all__ = [
    "LIST_GUARDS",
    "LONGEST_FIELD_NAME",
    "LONGEST_TAG",
    "BadAddress",
    "DuplicateLead",
    "ErasedAddress",
    "LeadGone",
    "add_to_list",
    "clean_text",
    "erase_leads",
    "named_list",
    "normalise_email",
    "remove_from_list",
    "save_lead",
    "search_leads",
]

# As the columns are; longer text is cut.
LONGEST = {"first_name": 200, "last_name": 200, "company": 300, "title": 300, "phone": 100}
TEXT_FIELDS = tuple(LONGEST)
LONGEST_SOURCE = 300
MAX_CUSTOM_FIELDS = 100
LONGEST_FIELD = 5000
MAX_TAGS = 50
ERASE_BATCH = 500


class DuplicateLead(Exception):
    """Another lead of the organisation has this address."""

    def __init__(self, lead: Lead | None) -> None:
        super().__init__("There is a lead with this address already.")
        self.lead = lead


class LeadGone(Exception):
    """The lead was erased meanwhile, and does not come back."""

    def __init__(self) -> None:
        super().__init__("This lead is not there any more.")


class ErasedAddress(BadAddress):
    """The person behind this address was erased, and does not become a lead again by mistake (promise p18)."""

    def __init__(self) -> None:
        super().__init__("The person with this address was erased, and is not added again.")


def set_address(lead: Lead, email: str) -> None:
    """Give a lead its address, and what follows from that; raises BadAddress."""
    address = normalise_email(email)
    lead.email, lead.email_key, lead.digest = address.email, address.key, digest(address.key)
    lead.flags = flags_of(address.key)


def save_lead(lead: Lead, values: Mapping[str, Any]) -> Lead:
    """Set `values` (any of email, the text fields, source, fields, tags) and save.

    Raises BadAddress (also for an erased person's address: ErasedAddress), DuplicateLead or LeadGone.
    """
    set_values(lead, values)
    try:
        with transaction.atomic():
            # Django would insert a lead that it does not find, and so bring an erased one back.
            before = None if lead._state.adding else stored_digest(lead)
            lead.save(force_update=before is not None)
            if before not in (None, bytes(lead.digest)):
                FormerAddress.objects.get_or_create(organisation=lead.organisation, lead=lead, digest=before)
            # Asked last: while this waited for the address to be free, its owner may have been erased.
            if erased_digests(lead.organisation, [bytes(lead.digest)]):
                raise ErasedAddress
    except IntegrityError as error:
        other = Lead.objects.filter(organisation=lead.organisation, email_key=lead.email_key).first()
        raise DuplicateLead(other) from error
    return lead


def stored_digest(lead: Lead) -> bytes:
    """The lead's digest in the database, its row locked; raises LeadGone."""
    found = Lead.objects.select_for_update().filter(pk=lead.pk).values_list("digest", flat=True).first()
    if found is None:
        raise LeadGone
    return bytes(found)


def set_values(lead: Lead, values: Mapping[str, Any]) -> None:
    if "email" in values:
        set_address(lead, values["email"])
    for name in TEXT_FIELDS:
        if name in values:
            setattr(lead, name, clean_text(values[name], LONGEST[name]))
    if "source" in values:
        lead.source = clean_text(values["source"], LONGEST_SOURCE)
    if "fields" in values:
        lead.fields = clean_fields(values["fields"])
    if "tags" in values:
        lead.tags = clean_tags(values["tags"])


def clean_fields(fields: Mapping[str, Any]) -> dict[str, str]:
    """Custom fields as text, those without a name or a value left out."""
    cleaned = {
        clean_text(name, LONGEST_FIELD_NAME): field_text(value)[:LONGEST_FIELD] for name, value in fields.items()
    }
    return {name: value for name, value in list(cleaned.items())[:MAX_CUSTOM_FIELDS] if name and value}


def field_text(value: Any) -> str:
    """A custom field's value as text; JSON's true, false and null are spelt as JSON does, the last as nothing."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value).replace("\0", "")


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Tags without blanks and doubles, in the order given; a comma separates two, as it does where people type them."""
    cleaned = (clean_text(tag, LONGEST_TAG) for text in tags for tag in str(text).split(","))
    return list(dict.fromkeys(filter(None, cleaned)))[:MAX_TAGS]


# What is kept about leads outside their foreign keys, in apps above too: called with their primary keys as they are erased.
ERASERS: list[Callable[[Sequence[int]], None]] = []


def erase_leads(leads: QuerySet[Lead]) -> int:
    """Delete these leads with all that hangs on them, and keep their digests suppressed (promise p18); returns how many.

    An erased person is never mailed or re-imported by mistake, and their address is not kept either. Batch by batch,
    each whole or not at all: what ends half way may be repeated.
    """
    pks = sorted(leads.values_list("pk", flat=True))
    count = 0
    for start in range(0, len(pks), ERASE_BATCH):
        with transaction.atomic():
            chosen = pks[start : start + ERASE_BATCH]
            for erase in ERASERS:
                erase(chosen)
            batch = Lead.objects.filter(pk__in=chosen)
            forget_answers(batch.values("organisation_id"))
            forget(batch.order_by("pk").only("organisation", "digest"))
            _, deleted = batch.delete()
            count += deleted.get("leads.Lead", 0)
    return count
