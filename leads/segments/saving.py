"""What people do with segments: save, delete."""

from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.models import Organisation
from leads.fields import define
from leads.lists import clean_text
from leads.models import Lead, Segment
from leads.segments.filtering import condition_of
from leads.segments.rules import CUSTOM, Rules

LONGEST_NAME = 200
MOST_SEGMENTS = 500


class SegmentError(Exception):
    """What was asked cannot be done; its text says why."""


class DuplicateSegment(SegmentError):
    """Another segment of the organisation has this name."""


class SegmentGone(Exception):
    """Somebody deleted the segment meanwhile."""

    def __init__(self) -> None:
        super().__init__("This segment is not there any more.")


class SegmentInUse(SegmentError):
    """Something still needs it."""


# What may be in the way of deleting a segment: each gives a reason in words, or None. Apps above add theirs.
GUARDS: list[Callable[[Segment], str | None]] = []


def delete_segment(segment: Segment) -> None:
    """Delete a segment, not its leads; raises SegmentInUse where something still needs it."""
    for guard in GUARDS:
        if reason := guard(segment):
            raise SegmentInUse(reason)
    segment.delete()


def leads_of(organisation: Organisation, rules: Rules) -> QuerySet[Lead]:
    """Who the rules find; raises BadRules."""
    return Lead.objects.filter(condition_of(organisation, rules), organisation=organisation)


def custom_names(rules: Rules) -> list[str]:
    """The custom fields that rules ask for."""
    keys = [rule.field for group in rules.all_groups for rule in group.rules]
    return [key.removeprefix(CUSTOM) for key in keys if key.startswith(CUSTOM)]


def save_segment(segment: Segment, name: str, rules: Rules) -> Segment:
    """Keep a segment, new or known; raises BadRules, SegmentError, DuplicateSegment or SegmentGone."""
    condition_of(segment.organisation, rules)
    segment.name = clean_text(name, LONGEST_NAME)
    if not segment.name:
        raise SegmentError("Give the segment a name.")
    new = segment._state.adding
    if new and segment.organisation.segments.count() >= MOST_SEGMENTS:
        raise SegmentError(f"An organisation has {MOST_SEGMENTS} segments at most.")
    # A field without a definition is known for as long as new leads have it; one that a segment asks for stays.
    define(segment.organisation, custom_names(rules))
    segment.rules = rules.model_dump(mode="json", exclude_defaults=True)
    try:
        with transaction.atomic():
            # Django would insert a segment that it does not find, and so bring a deleted one back.
            if not new and not Segment.objects.select_for_update().filter(pk=segment.pk).exists():
                raise SegmentGone
            segment.save(force_update=not new)
    except IntegrityError as error:
        raise DuplicateSegment(f"There is a segment called {segment.name} already.") from error
    return segment
