"""What people do with lists, one function each. A list is a named set of leads; deleting it leaves the leads."""

from collections.abc import Callable, Iterable

from django.core.exceptions import EmptyResultSet
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Organisation
from leads.models import Lead, LeadList, ListEntry

# Apps above tell here why a list may not be deleted (a campaign sends to it): list → a sentence, or None.
LIST_GUARDS: list[Callable[[LeadList], str | None]] = []

LONGEST_NAME = 200

# FOUND stands for the SQL of Django's own query, which finds the leads.
ADD_FOUND = """
INSERT INTO leads_listentry (lead_list_id, lead_id, organisation_id)
SELECT %s, found.id, %s FROM (FOUND) found (id) ON CONFLICT DO NOTHING
"""


class ListError(Exception):
    """What was asked cannot be done; its text says why."""


class DuplicateList(ListError):
    """Another list of the organisation has this name."""


class ListGone(Exception):
    """Somebody deleted the list meanwhile."""

    def __init__(self) -> None:
        super().__init__("This list is not there any more.")


class ListInUse(ListError):
    """Something still needs the list."""


def clean_text(value: object, longest: int) -> str:
    """Text as the database and a mail's header can hold it: no NUL, no line breaks, no blanks around."""
    return " ".join(str(value).replace("\0", "").split())[:longest]


def clean_name(name: str) -> str:
    """A list's name; raises ListError where nothing is left of it."""
    if cleaned := clean_text(name, LONGEST_NAME):
        return cleaned
    raise ListError("Give the list a name.")


def save_list(chosen: LeadList, name: str) -> LeadList:
    """Name a list, new or old; raises ListError, DuplicateList or ListGone."""
    chosen.name = clean_name(name)
    new = chosen._state.adding
    try:
        with transaction.atomic():
            # Django would insert a list that it does not find, and so bring a deleted one back.
            if not new and not LeadList.objects.select_for_update().filter(pk=chosen.pk).exists():
                raise ListGone
            chosen.save(force_update=not new)
    except IntegrityError as error:
        raise DuplicateList(f"There is a list called {chosen.name} already.") from error
    return chosen


def create_list(organisation: Organisation, name: str) -> LeadList:
    """An empty list; raises ListError or DuplicateList."""
    return save_list(LeadList(organisation=organisation), name)


def named_list(organisation: Organisation, name: str) -> LeadList:
    """The list of that name, made where there is none; raises ListError where the name is empty."""
    found, _ = LeadList.objects.get_or_create(organisation=organisation, name=clean_name(name))
    return found


def delete_list(chosen: LeadList) -> None:
    """Delete a list, not its leads; raises ListInUse where something still needs it."""
    for guard in LIST_GUARDS:
        if reason := guard(chosen):
            raise ListInUse(reason)
    chosen.delete()


def with_counts(lists: QuerySet[LeadList]) -> QuerySet[LeadList]:
    """The same lists, each with `size`: how many leads are on it."""
    # A subquery for each list shown, from the index alone: cheaper than grouping the entries of all of them.
    sizes = ListEntry.objects.filter(lead_list=OuterRef("pk")).order_by().values("lead_list").annotate(n=Count("pk"))
    return lists.annotate(size=Coalesce(Subquery(sizes.values("n")), 0))


def add_to_list(chosen: LeadList, leads: Iterable[Lead]) -> int:
    """Put leads of the same organisation on a list; those on it already stay. Returns how many were given."""
    entries = [
        ListEntry(lead_list=chosen, lead=lead, organisation_id=chosen.organisation_id)
        for lead in leads
        if lead.organisation_id == chosen.organisation_id
    ]
    ListEntry.objects.bulk_create(entries, ignore_conflicts=True, batch_size=2000)
    return len(entries)


def add_found_to_list(chosen: LeadList, leads: QuerySet[Lead]) -> int:
    """Put all that a query finds on a list, in one statement; returns how many were not on it before."""
    same = leads.filter(organisation=chosen.organisation_id).order_by().values("pk")
    try:
        found, parameters = same.query.sql_with_params()
    except EmptyResultSet:  # it is plain without asking that there are none
        return 0
    with connection.cursor() as cursor:
        cursor.execute(ADD_FOUND.replace("FOUND", found), [chosen.pk, chosen.organisation_id, *parameters])
        return int(cursor.rowcount)


def remove_from_list(chosen: LeadList, leads: QuerySet[Lead]) -> int:
    """Take leads off a list; returns how many were on it."""
    removed, _ = ListEntry.objects.filter(lead_list=chosen, lead__in=leads.order_by()).delete()
    return removed
