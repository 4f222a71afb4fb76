"""Rules → the condition of a query."""

from django.db.models import Q

from accounts.models import Organisation
from leads.models import Segment
from leads.segments.rules import BadRules, Rules, read_rules
from leads.segments.vocabulary import compiled, vocabulary


def condition_of(organisation: Organisation, rules: Rules) -> Q:
    """What a lead of the organisation must be; raises BadRules."""
    if rules.empty:
        raise BadRules("Add a condition first.")
    return compiled(vocabulary(organisation), rules)


def in_segment(organisation: Organisation, pk: int) -> Q:
    """Being in that segment; raises BadRules, also where it was deleted meanwhile."""
    segment = Segment.objects.filter(organisation=organisation, pk=pk).first()
    if segment is None:
        raise BadRules("This segment is not there any more.")
    return condition_of(organisation, read_rules(segment.rules))
