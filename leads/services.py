"""What people do with leads, one function each; pages, API and imports call these."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts.models import Organisation
from leads.addresses import BadAddress, normalise_email
from leads.models import Lead, LeadList, ListEntry, SuppressionReason
from leads.suppression import digest, suppress

__all__ = ["BadAddress", "DuplicateLead", "erase_leads", "normalise_email", "save_lead", "search_leads"]

# As the columns are; longer text is cut.
LONGEST = {"first_name": 200, "last_name": 200, "company": 300, "title": 300, "phone": 100}
TEXT_FIELDS = tuple(LONGEST)
MAX_CUSTOM_FIELDS = 100
MAX_TAGS = 50


class DuplicateLead(Exception):
    """Another lead of the organisation has this address."""

    def __init__(self, lead: Lead | None) -> None:
        super().__init__("There is a lead with this address already.")
        self.lead = lead


def set_address(lead: Lead, email: str) -> None:
    """Give a lead its address, key and digest; raises BadAddress."""
    address = normalise_email(email)
    lead.email, lead.email_key, lead.digest = address.email, address.key, digest(address.key)


def save_lead(lead: Lead, values: Mapping[str, Any]) -> Lead:
    """Set `values` (any of email, the text fields, fields, tags) and save; raises BadAddress or DuplicateLead."""
    if "email" in values:
        set_address(lead, values["email"])
    for name in TEXT_FIELDS:
        if name in values:
            setattr(lead, name, clean_text(values[name], LONGEST[name]))
    if "fields" in values:
        lead.fields = clean_fields(values["fields"])
    if "tags" in values:
        lead.tags = clean_tags(values["tags"])
    try:
        with transaction.atomic():
            lead.save()
    except IntegrityError as error:
        other = Lead.objects.filter(organisation=lead.organisation, email_key=lead.email_key).first()
        raise DuplicateLead(other) from error
    return lead


def clean_text(value: Any, longest: int) -> str:
    """Text as the database and a mail's header can hold it: no NUL, no line breaks, no blanks around."""
    return " ".join(str(value).replace("\0", "").split())[:longest]


def clean_fields(fields: Mapping[str, Any]) -> dict[str, str]:
    cleaned = {clean_text(name, 100): str(value).replace("\0", "")[:5000] for name, value in fields.items()}
    return dict(list(cleaned.items())[:MAX_CUSTOM_FIELDS])


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Tags without blanks and doubles, in the order given."""
    return list(dict.fromkeys(tag for tag in (clean_text(tag, 100) for tag in tags) if tag))[:MAX_TAGS]


def erase_leads(leads: QuerySet[Lead]) -> int:
    """Delete these leads with all that hangs on them, and keep their digests suppressed (promise p18); returns how many.

    An erased person is never mailed or re-imported by mistake, and their address is not kept either.
    """
    count = 0
    for lead in leads.select_related("organisation").iterator(chunk_size=500):
        with transaction.atomic():
            suppress(lead.organisation, lead.email, SuppressionReason.ERASED, "erased", keep_address=False)
            lead.delete()
        count += 1
    return count


def search_leads(organisation: Organisation, q: str = "", list_id: int | None = None, tag: str = "") -> QuerySet[Lead]:
    """The organisation's leads whose name, company or address contains every word of `q`, on a list, with a tag."""
    leads = Lead.objects.filter(organisation=organisation)
    for word in q.split()[:5]:
        names = Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(company__icontains=word)
        leads = leads.filter(names | Q(email__icontains=word))
    if list_id is not None:
        leads = leads.filter(entries__lead_list=list_id)
    if tag:
        leads = leads.filter(tags__contains=[tag])
    return leads


def named_list(organisation: Organisation, name: str) -> LeadList:
    """The list of that name, made where there is none."""
    found, _ = LeadList.objects.get_or_create(organisation=organisation, name=clean_text(name, 200))
    return found


def add_to_list(chosen: LeadList, leads: Iterable[Lead]) -> int:
    """Put leads of the same organisation on a list; those on it already stay. Returns how many were given."""
    entries = [
        ListEntry(lead_list=chosen, lead=lead, organisation_id=chosen.organisation_id)
        for lead in leads
        if lead.organisation_id == chosen.organisation_id
    ]
    ListEntry.objects.bulk_create(entries, ignore_conflicts=True, batch_size=2000)
    return len(entries)


def remove_from_list(chosen: LeadList, leads: Iterable[Lead]) -> int:
    removed, _ = ListEntry.objects.filter(lead_list=chosen, lead__in=list(leads)).delete()
    return removed
