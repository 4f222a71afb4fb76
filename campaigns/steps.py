"""Keeping a sequence, also while it runs: what was sent stays, and what is to come changes.

A step or variant that was sent keeps its row, since mails are of it. Others do too, so that those who wait for them still
do; a step is known by its id or, without one, by its place.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone

from campaigns.errors import BadValue
from campaigns.files.keeping import BadFile, fit_files
from campaigns.models import Campaign, CampaignState, Enrollment, Message, MessageState, Step, Variant
from campaigns.wording import MOST_STEPS, MOST_VARIANTS, TIMING, StepContent, VariantContent
from ecrm.text import clean

# Out of the way of the others' places while they change.
ASIDE = 10_000
LONGEST_NAME = 20

# Who waits for the step waits as long as it says now, from when the mail before was sent.
WAIT_ANEW = """
UPDATE campaigns_enrollment enrollment SET due_at = campaigns_due_after(
    before.sent_at, %(hours)s, %(days)s, %(zone)s)
FROM (
    SELECT message.enrollment_id, max(message.sent_at) AS sent_at
    FROM campaigns_message message JOIN campaigns_step step ON step.id = message.step_id
    WHERE message.campaign_id = %(campaign)s AND message.state = 'sent' AND step.position < %(position)s
    GROUP BY message.enrollment_id) before
WHERE enrollment.id = before.enrollment_id AND enrollment.campaign_id = %(campaign)s
  AND enrollment.next_position = %(position)s AND enrollment.due_at IS NOT NULL
"""


def save_steps(campaign: Campaign, steps: Sequence[StepContent]) -> None:
    """Make the campaign's steps these, in this order; the caller holds its row. Raises BadValue (fields `steps`,
    `steps.0.variants`…) for what cannot be, and then the caller's transaction must end.
    """
    if not 1 <= len(steps) <= MOST_STEPS:
        raise BadValue("steps", f"A sequence has 1 to {MOST_STEPS} steps.")
    stored = list(campaign.steps.order_by("position"))
    chosen = placed(stored, steps)
    refuse_moves(stored, chosen)
    drop(campaign, [step for step in stored if step not in chosen])
    campaign.steps.filter(position__lt=ASIDE).update(position=F("position") + ASIDE)
    for position, (content, step) in enumerate(zip(steps, chosen, strict=True), 1):
        save_step(campaign, position, content, step)


def placed(stored: Sequence[Step], steps: Sequence[StepContent]) -> list[Step | None]:
    """For each of `steps` the stored one that it is; None for a new one. Raises BadValue for an unknown id."""
    by_id = {step.pk: step for step in stored}
    if any(content.id for content in steps):
        ids = [content.id for content in steps if content.id]
        if len(set(ids)) < len(ids) or set(ids) - set(by_id):
            raise BadValue("steps", "This campaign has no such step any more. Read it again.")
        return [by_id[content.id] if content.id else None for content in steps]
    return [stored[at] if at < len(stored) else None for at in range(len(steps))]


def refuse_moves(stored: Sequence[Step], chosen: Sequence[Step | None]) -> None:
    """Raise BadValue where a step that was sent would go or change its place."""
    sent = gone_out(stored)
    for at, step in enumerate(stored):
        if step.pk in sent and (at >= len(chosen) or chosen[at] != step):
            reason = f"Step {step.position} was sent already: it stays where it is. Add new steps behind it."
            raise BadValue("steps", reason)


def gone_out(steps: Sequence[Step]) -> set[int]:
    """Those of which a mail went out, or is about to."""
    found = Message.objects.filter(step__in=steps).exclude(state=MessageState.PLANNED)
    return set(found.values_list("step", flat=True).distinct())


def drop(campaign: Campaign, steps: Sequence[Step]) -> None:
    """Take steps away that nothing was sent of. Who had a mail of them planned is due again, for whatever comes then."""
    if not steps:
        return
    planned = Message.objects.filter(step__in=steps)
    waiting = list(planned.values_list("enrollment", flat=True))
    Enrollment.objects.filter(pk__in=waiting).update(due_at=timezone.now())
    planned.delete()
    Step.objects.filter(pk__in=[step.pk for step in steps]).delete()


def save_step(campaign: Campaign, position: int, content: StepContent, step: Step | None) -> None:
    """Write one step at its place, with its variants."""
    step = step or Step(campaign=campaign, organisation=campaign.organisation)
    before = None if step._state.adding else (step.delay_hours, step.delay_business_days)
    values: dict[str, Any] = {name: getattr(content, name) for name in TIMING}
    for name, value in values.items():
        setattr(step, name, value)
    step.position = position
    step.save()
    save_variants(step, content.wordings)
    if before not in (None, (step.delay_hours, step.delay_business_days)) and campaign.state != CampaignState.DRAFT:
        wait_anew(campaign, step)


def wait_anew(campaign: Campaign, step: Step) -> None:
    asked: dict[str, Any] = {
        "campaign": campaign.pk,
        "position": step.position,
        "hours": step.delay_hours,
        "days": step.delay_business_days,
        "zone": campaign.time_zone,
    }
    with connection.cursor() as cursor:
        cursor.execute(WAIT_ANEW, asked)


def save_variants(step: Step, wordings: Sequence[VariantContent]) -> None:
    """Make the step's variants these, each known by its name; raises BadValue."""
    field = f"steps.{step.position - 1}.variants"
    check_variants(field, wordings)
    known = {variant.name: variant for variant in step.variants.all()}
    going = [variant for name, variant in known.items() if name not in {wording.name for wording in wordings}]
    used = Message.objects.filter(variant__in=going).values_list("variant__name", flat=True).first()
    if used:
        raise BadValue(field, f"Mails of variant {used} were sent or planned: give it the weight 0 instead.")
    Variant.objects.filter(pk__in=[variant.pk for variant in going]).delete()
    for wording in wordings:
        variant = known.get(wording.name) or Variant(step=step, organisation=step.organisation, name=wording.name)
        variant.weight = wording.weight
        variant.subject = clean(wording.subject)
        variant.body_html = clean(wording.body_html)
        variant.body_text = clean(wording.body_text)
        if wording.files is not None:
            variant.files = fit(field, step, wording)
        variant.save()


def fit(field: str, step: Step, wording: VariantContent) -> list[int]:
    """The wording's files as they can be attached; raises BadValue."""
    try:
        return fit_files(step.organisation, wording.files or ())
    except BadFile as error:
        raise BadValue(field, str(error)) from error


def check_variants(field: str, wordings: Sequence[VariantContent]) -> None:
    """Raise BadValue for variants that cannot stand side by side."""
    names = [wording.name for wording in wordings]
    if not 1 <= len(names) <= MOST_VARIANTS:
        raise BadValue(field, f"A step has 1 to {MOST_VARIANTS} variants.")
    if len(set(names)) < len(names):
        raise BadValue(field, "Two variants have the same name.")
    if any(len(name) > LONGEST_NAME or "\0" in name for name in names):
        raise BadValue(field, f"A variant's name has {LONGEST_NAME} characters at the most.")
    if not any(wording.weight > 0 for wording in wordings):
        raise BadValue(field, "One variant at least must have a weight above 0.")
