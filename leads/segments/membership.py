"""In which of the organisation's segments a lead is."""

from django.db.models import BooleanField, ExpressionWrapper, Q

from ecrm.database import TooSlow, within
from leads.models import Lead, Segment
from leads.segments.rules import BadRules, read_rules
from leads.segments.vocabulary import compiled, vocabulary

# As many segments as are looked at, and for how long (milliseconds).
MOST_SEGMENTS = 50
LOOK_MS = 500


def segments_of(lead: Lead) -> list[Segment]:
    """By name; none where that takes too long. One query for all of them."""
    known = vocabulary(lead.organisation)
    conditions: dict[Segment, Q] = {}
    for segment in lead.organisation.segments.order_by("name")[:MOST_SEGMENTS]:
        try:
            conditions[segment] = compiled(known, read_rules(segment.rules))
        except BadRules:  # it asks for what is gone, and its own page says so
            continue
    asked = {
        f"in_{segment.pk}": ExpressionWrapper(condition, BooleanField()) for segment, condition in conditions.items()
    }
    try:
        with within(LOOK_MS):
            found = Lead.objects.filter(pk=lead.pk, organisation=lead.organisation).values(**asked).first() or {}
    except TooSlow:
        return []
    return [segment for segment in conditions if found.get(f"in_{segment.pk}")]
