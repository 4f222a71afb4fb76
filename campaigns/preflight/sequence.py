"""The order of things: steps that answer nothing, conditions on nothing, mails that would come all at once."""

from collections.abc import Iterator

from campaigns.models import Campaign, Condition, Step
from campaigns.preflight.finding import Finding


def check_sequence(campaign: Campaign, steps: list[Step]) -> Iterator[Finding]:
    for step in steps:
        at = step.position
        if at == 1:
            yield from check_first(step)
        elif not step.delay_hours and not step.delay_business_days:
            reason = f"Step {at} goes out right after the step before it."
            yield Finding("warning", "delay_hours", reason, "Let some days pass between two mails to one person.", at)
    if not campaign.track_opens and any("opened" in step.condition for step in steps):
        yield Finding(
            "warning",
            "track_opens",
            "A step asks who opened, and opens are not counted.",
            "Count opens, or ask for clicks.",
        )
    if not campaign.track_clicks and (campaign.stop_on_click or any("clicked" in step.condition for step in steps)):
        reason = "The sequence asks who clicked, and clicks are not counted."
        yield Finding("warning", "track_clicks", reason, "Count clicks, or do not ask for them.")


def check_first(step: Step) -> Iterator[Finding]:
    if step.same_thread:
        reason = "The first step answers in a thread, and there is none yet."
        yield Finding("error", "same_thread", reason, "Let it begin a new one.", 1)
    if step.condition != Condition.ALWAYS:
        reason = "The first step asks what the lead did with earlier mails, and there are none."
        yield Finding("error", "condition", reason, "Send it always.", 1)
