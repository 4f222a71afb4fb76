"""How many leads an edit concerns: who has had a step, and who is still to get it."""

from dataclasses import dataclass

from django.db.models import Count

from campaigns.models import GOING, GONE_OUT, Campaign, Enrollment, Message


@dataclass(frozen=True)
class Reach:
    """Of one step, by its position: leads that have had it, and those whose sequence still comes to it."""

    position: int
    had: int
    to_come: int


def reach(campaign: Campaign) -> list[Reach]:
    """For each step of the campaign, in order."""
    sent = Message.objects.filter(campaign=campaign, state__in=GONE_OUT).values("step__position")
    had = dict(sent.annotate(count=Count("pk")).values_list("step__position", "count"))
    going = Enrollment.objects.filter(campaign=campaign, state__in=GOING).values("next_position")
    at = dict(going.annotate(count=Count("pk")).values_list("next_position", "count"))
    positions = campaign.steps.order_by("position").values_list("position", flat=True)
    return [
        Reach(position, had.get(position, 0), sum(count for place, count in at.items() if place <= position))
        for position in positions
    ]
