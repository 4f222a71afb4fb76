"""An import taken back: leads that it made go, those that it changed are again what they were, and so is its list.

It can be taken back as long as nothing was sent to its leads, and for 30 days; then what the leads were before is
forgotten. Whoever was changed since, by hand or by another import, stays as they are, and so does whoever gets a mail
while it is being taken back. Batch by batch, each whole or not at all.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from leads.importing.claims import Superseded, end
from leads.lists import ListInUse, delete_list
from leads.models import Import, ImportedLead, ImportState, Lead

# Apps above append what they know of mails: of these leads, the ids of those that were sent one since then.
MAILED: list[Callable[[QuerySet[ImportedLead], datetime], "QuerySet[Any, int]"]] = []

ENDED = (ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED)
BATCH = 2000
KEPT = timedelta(days=30)

# By key: each lead in each import of the organisation of which anything is kept.
FORGET = """
DELETE FROM leads_importedlead met USING leads_lead lead, leads_import source
WHERE lead.id = ANY (%(leads)s) AND source.organisation_id = lead.organisation_id
    AND coalesce(source.finished_at, now()) > %(since)s - interval '1 day'
    AND met.source_id = source.id AND met.lead_id = lead.id
"""
# Those that are as the import left them, locked in this order until the batch is committed.
LOCK = """
SELECT met.lead_id, met.created FROM leads_importedlead met JOIN leads_lead lead ON lead.id = met.lead_id
WHERE met.source_id = %(import)s AND met.lead_id = ANY (%(leads)s) AND lead.organisation_id = %(organisation)s
    AND (met.written_at IS NULL OR met.written_at = lead.updated_at)
ORDER BY lead.email_key FOR UPDATE OF lead
"""
UNLIST = """
DELETE FROM leads_listentry entry USING leads_importedlead met
WHERE met.source_id = %(import)s AND met.lead_id = ANY (%(leads)s) AND met.listed
    AND entry.lead_list_id = %(list)s AND entry.lead_id = met.lead_id
"""
RESTORE = """
UPDATE leads_lead lead SET
    first_name = coalesce(former ->> 'first_name', first_name), last_name = coalesce(former ->> 'last_name', last_name),
    company = coalesce(former ->> 'company', company), title = coalesce(former ->> 'title', title),
    phone = coalesce(former ->> 'phone', phone), fields = coalesce(former -> 'fields', fields),
    tags = CASE WHEN former ? 'tags' THEN array(SELECT jsonb_array_elements_text(former -> 'tags')) ELSE tags END,
    updated_at = statement_timestamp()
FROM leads_importedlead met
WHERE met.source_id = %(import)s AND met.lead_id = ANY (%(leads)s) AND lead.id = met.lead_id
    AND NOT met.created AND met.former IS NOT NULL
"""


def mailed_since(importing: Import, leads: QuerySet[ImportedLead]) -> set[int]:
    """Which of these leads were sent a mail since the import began."""
    since = importing.started_at or importing.created_at
    return {lead for find in MAILED for lead in find(leads, since)}


def people_met(importing: Import) -> int:
    """How many leads an import made or met."""
    return importing.rows - importing.rejected - importing.duplicates


def is_undoable(importing: Import) -> bool:
    return importing.state in ENDED and importing.imported_leads.exists()


def why_not(importing: Import) -> str:
    """Why an import cannot be taken back, in words; empty where it can."""
    if not is_undoable(importing):
        return "This import cannot be undone any more."
    since = importing.started_at or importing.created_at
    if any(find(importing.imported_leads.all(), since)[:1] for find in MAILED):
        return "Mails were sent to leads of this import since. An import can be undone as long as nothing was sent to them."
    return ""


def take_back(importing: Import) -> None:
    """Take an import back, in a worker; goes on where another one died. Raises Superseded."""
    while leads := list(importing.imported_leads.order_by("lead_id").values_list("lead_id", flat=True)[:BATCH]):
        take_back_batch(importing, leads)
    if importing.made_list and importing.target_list and not importing.target_list.entries.exists():
        try:
            delete_list(importing.target_list)
        except ListInUse:
            pass  # a campaign needs it
    end(importing, ImportState.UNDONE)


@transaction.atomic
def take_back_batch(importing: Import, leads: list[int]) -> None:
    mine = Import.objects.select_for_update().filter(pk=importing.pk, state=ImportState.UNDOING)
    if not mine.exists():
        raise Superseded
    batch = importing.imported_leads.filter(lead_id__in=leads)
    values: dict[str, Any] = {
        "import": importing.pk,
        "organisation": importing.organisation_id,
        "list": importing.target_list_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(LOCK, values | {"leads": leads})
        unchanged = dict(cursor.fetchall())
        for lead in mailed_since(importing, batch):
            unchanged.pop(lead, None)
        values["leads"] = list(unchanged)
        cursor.execute(UNLIST, values)
        cursor.execute(RESTORE, values)
    Lead.objects.filter(pk__in=[lead for lead, created in unchanged.items() if created]).delete()
    batch.delete()
    mine.update(
        undone=F("undone") + len(unchanged),
        kept=F("kept") + len(leads) - len(unchanged),
        heartbeat_at=timezone.now(),
        attempts=0,
    )


def forget_former(leads: Sequence[int]) -> None:
    """The hook `services.ERASERS`: what these people's leads were before an import goes with them."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, {"leads": list(leads), "since": timezone.now() - KEPT})
