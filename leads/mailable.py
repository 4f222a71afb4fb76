"""Whether a lead may be mailed: one piece of SQL, for statements that are written by hand and for Django's queries.

A lead is suppressed by an entry for its address, found by its digest, or by one for its address's domain or a domain above
that. `lead_domains` (a function in the migration 0009; 1.1 µs) gives those, the address's own first. Each is a probe of an
index. Where the organisation has no domains on its list the second one ends before they are even worked out: then the gate
of the engine takes 2.1 µs for a lead, of which 0.4 are for that; with 5,000 domains listed it is 7.3 µs (measured, two cores).
"""

from typing import Any

from django.db.models import BooleanField, CharField, Func

ADDRESS = """
    SELECT {what} FROM leads_suppression entry
    WHERE entry.organisation_id = {organisation} AND entry.digest = {digest}"""
# `listed` is read first, and nothing else where it is empty. Its order keeps it to the index: without one, PostgreSQL would
# look for any row in the table itself, and through all of it where the organisation has none.
DOMAIN = """
    SELECT {what} FROM (
        SELECT FROM leads_suppression known
        WHERE known.organisation_id = {organisation} AND known.domain <> '' ORDER BY known.domain LIMIT 1) listed
    JOIN leads_suppression entry ON entry.organisation_id = {organisation} AND entry.domain <> ''
        AND entry.domain = ANY (lead_domains({email_key}))"""
NEAREST = " ORDER BY length(entry.domain) DESC LIMIT 1"
COLUMNS = {"organisation": "organisation_id", "digest": "digest", "email_key": "email_key"}


def columns(lead: str) -> dict[str, str]:
    return {name: f"{lead}.{column}" for name, column in COLUMNS.items()}


def suppressed(lead: str) -> str:
    """SQL: whether the row of `leads_lead` that is called `lead` there is suppressed."""
    return condition(**columns(lead))


def mailable(lead: str) -> str:
    """SQL: whether it is not; in a form that PostgreSQL can turn into a join."""
    address, domain = (part.format(what="", **columns(lead)) for part in (ADDRESS, DOMAIN))
    return f"(NOT EXISTS ({address}) AND NOT EXISTS ({domain}))"


def condition(**of: str) -> str:
    """SQL: the same, `of` any SQL for COLUMNS."""
    return f"(EXISTS ({ADDRESS.format(what='', **of)}) OR EXISTS ({DOMAIN.format(what='', **of)}))"


def reason(**of: str) -> str:
    """SQL: the reason of the entry for the address, else that of its domain, else NULL."""
    address = ADDRESS.format(what="entry.reason", **of)
    return f"coalesce(({address}), {domain_reason(of['organisation'], of['email_key'])})"


def domain_reason(organisation: str, email_key: str) -> str:
    """SQL: the reason of the entry for the nearest domain of an address, else NULL."""
    return f"({DOMAIN.format(what='entry.reason', organisation=organisation, email_key=email_key)}{NEAREST})"


class OfLead(Func):
    """SQL about the lead that a query is of."""

    def __init__(self, *given: Any, **extra: Any) -> None:
        super().__init__(*(given or COLUMNS.values()), **extra)

    def of(self, compiler: Any) -> dict[str, str]:
        """What stands for the lead's columns; they have no parameters."""
        names = [compiler.compile(source)[0] for source in self.get_source_expressions()]
        return dict(zip(COLUMNS, names, strict=True))


class IsSuppressed(OfLead):
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, *given: Any, **extra: Any) -> tuple[str, tuple[str | int, ...]]:
        return condition(**self.of(compiler)), ()


class WhySuppressed(OfLead):
    """A SuppressionReason, or NULL."""

    output_field = CharField()

    def as_sql(self, compiler: Any, connection: Any, *given: Any, **extra: Any) -> tuple[str, tuple[str | int, ...]]:
        return reason(**self.of(compiler)), ()
