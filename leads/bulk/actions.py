"""What is done with a batch of leads: one statement each, which returns the leads for whom it made a difference.

Every statement names the organisation beside the ids. Undoing one is another one, on those leads alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection

from accounts.models import Organisation
from leads.models import BulkAction, Lead
from leads.services import MAX_TAGS, erase_leads

# MEANT in these stands for the condition that follows, ROOM for how many tags a lead may have.
MEANT = "organisation_id = %(organisation)s AND id = ANY (%(leads)s)"
TAG = """
UPDATE leads_lead SET tags = array_append(tags, %(value)s), updated_at = statement_timestamp()
WHERE MEANT AND NOT tags @> ARRAY[%(value)s]::varchar[] AND cardinality(tags) < ROOM RETURNING id
"""
UNTAG = """
UPDATE leads_lead SET tags = array_remove(tags, %(value)s), updated_at = statement_timestamp()
WHERE MEANT AND tags @> ARRAY[%(value)s]::varchar[] RETURNING id
"""
RETAG = """
UPDATE leads_lead SET updated_at = statement_timestamp(), tags = CASE
    WHEN tags @> ARRAY[%(new_value)s]::varchar[] THEN array_remove(tags, %(value)s)
    ELSE array_replace(tags, %(value)s, %(new_value)s) END
WHERE MEANT AND tags @> ARRAY[%(value)s]::varchar[] RETURNING id
"""
ADD = """
INSERT INTO leads_listentry (lead_list_id, lead_id, organisation_id)
SELECT %(list)s, id, organisation_id FROM leads_lead WHERE MEANT ORDER BY id ON CONFLICT DO NOTHING RETURNING lead_id
"""
REMOVE = """
DELETE FROM leads_listentry
WHERE organisation_id = %(organisation)s AND lead_list_id = %(list)s AND lead_id = ANY (%(leads)s) RETURNING lead_id
"""
# Whose address is suppressed already stays so, for the reason that is known; whose domain is, is now for themselves too.
SUPPRESS = """
WITH entered AS (
    INSERT INTO leads_suppression (organisation_id, digest, address, reason, source, created_by_id, created_at)
    SELECT organisation_id, digest, email, 'manual', %(source)s, %(by)s, statement_timestamp() FROM leads_lead
    WHERE MEANT ORDER BY digest ON CONFLICT DO NOTHING RETURNING digest)
SELECT id FROM leads_lead JOIN entered USING (digest) WHERE MEANT
"""
# What somebody else said since then stays.
UNSUPPRESS = """
DELETE FROM leads_suppression entry USING leads_lead lead
WHERE lead.organisation_id = %(organisation)s AND lead.id = ANY (%(leads)s) AND entry.organisation_id = %(organisation)s
    AND entry.digest = lead.digest AND entry.reason = 'manual' AND entry.source = %(source)s RETURNING lead.id
"""
RENAME_FIELD = """
UPDATE leads_lead SET updated_at = statement_timestamp(), fields = CASE
    WHEN fields ? %(new_value)s THEN fields - %(value)s
    ELSE (fields - %(value)s) || jsonb_build_object(%(new_value)s, fields -> %(value)s) END
WHERE MEANT AND fields ? %(value)s RETURNING id
"""
DROP_FIELD = """
UPDATE leads_lead SET fields = fields - %(value)s, updated_at = statement_timestamp()
WHERE MEANT AND fields ? %(value)s RETURNING id
"""
# Imports lock leads in this order: so neither waits for the other in a circle.
LOCK = "SELECT id FROM leads_lead WHERE MEANT ORDER BY email_key FOR NO KEY UPDATE"


def complete(statement: str) -> str:
    """With what its words stand for, and the type of parameters that PostgreSQL could not tell."""
    statement = statement.replace("MEANT", MEANT).replace("ROOM", str(MAX_TAGS))
    return statement.replace("%(value)s", "%(value)s::text").replace("%(new_value)s", "%(new_value)s::text")


def by(statement: str) -> Callable[[BulkAction, Sequence[int]], list[int]]:
    statement, lock = complete(statement), complete(LOCK)

    def act(bulk: BulkAction, leads: Sequence[int]) -> list[int]:
        values: dict[str, str | int | list[int] | None] = {
            "organisation": bulk.organisation_id,
            "leads": list(leads),
            "value": bulk.value,
            "new_value": bulk.new_value,
            "list": bulk.target_list_id,
            "source": source_of(bulk),
            "by": bulk.created_by_id,
        }
        with connection.cursor() as cursor:
            cursor.execute(lock, values)
            cursor.execute(statement, values)
            return [row[0] for row in cursor.fetchall()]

    return act


def source_of(bulk: BulkAction) -> str:
    """Why these people are not mailed; its number lets this action alone be taken back."""
    return f"by {bulk.created_by.name if bulk.created_by else 'a member'}, with others ({bulk.pk})"[:300]


def erase(bulk: BulkAction, leads: Sequence[int]) -> list[int]:
    erase_leads(Lead.objects.filter(organisation=bulk.organisation_id, pk__in=leads))
    return list(leads)


@dataclass(frozen=True)
class Action:
    """`asks`: what a confirmation says before the number of leads; `said`: what was done, in words; `undo`: how to take
    it back."""

    asks: str
    said: str
    act: Callable[[BulkAction, Sequence[int]], list[int]]
    undo: Callable[[BulkAction, Sequence[int]], list[int]] | None = None
    on_list: bool = False
    danger: bool = False


ACTIONS: dict[str, Action] = {
    "tag": Action("Tag {leads} “{value}”", "{leads} tagged {value}.", by(TAG), by(UNTAG)),
    "untag": Action("Take the tag “{value}” off {leads}", "{value} taken off {leads}.", by(UNTAG), by(TAG)),
    "add": Action("Add {leads} to “{value}”", "{leads} added to {value}.", by(ADD), by(REMOVE), on_list=True),
    "remove": Action(
        "Remove {leads} from “{value}”", "{leads} removed from {value}.", by(REMOVE), by(ADD), on_list=True
    ),
    "suppress": Action("Send nothing more to {leads}", "{leads} not mailed any more.", by(SUPPRESS), by(UNSUPPRESS)),
    "erase": Action("Erase {leads}", "{leads} erased.", erase, danger=True),
    "retag": Action("Rename “{value}” to “{new_value}”", "{value} is {new_value} now, on {leads}.", by(RETAG)),
    "rename_field": Action(
        "Rename the field “{value}” to “{new_value}”", "{value} is {new_value} now, for {leads}.", by(RENAME_FIELD)
    ),
    "drop_field": Action(
        "Delete “{value}” of {leads}", "{value} is deleted, with the values of {leads}.", by(DROP_FIELD), danger=True
    ),
}
EXPORT = "export"


@dataclass(frozen=True)
class Choice:
    """What the table offers besides: `label` for the action, and what it is done with (key → name), for an organisation."""

    label: str
    options: Callable[[Organisation], dict[str, str]]


# Apps above add actions of their own to ACTIONS, and here under the same name what people choose for them: its key comes in
# `BulkAction.new_value`, its name in `value`.
CHOICES: dict[str, Choice] = {}


def in_words(text: str, bulk: BulkAction, leads: str) -> str:
    return text.format(leads=leads, value=bulk.value, new_value=bulk.new_value)
