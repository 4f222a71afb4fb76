"""How a step's variants fare, and which of them wins."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import User
from campaigns.activity import note
from campaigns.models import Campaign, CampaignState, Message, MessageState, Step, Variant, WinnerBy

# Of a normal distribution, for 95 %.
Z = 1.959964
# How old a mail is before it counts for the choice of a winner: most who answer have done so.
SETTLED = timedelta(hours=4)
# How many steps are looked at in one turn for the automatic choice.
MOST_STEPS = 200


@dataclass(frozen=True)
class Share:
    """`count` of `whole`, with the 95 % interval that the true rate lies in."""

    count: int
    whole: int

    @property
    def rate(self) -> float:
        """Percent."""
        return 100 * self.count / self.whole if self.whole else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Percent, lowest and highest: Wilson's score interval (J. Am. Stat. Assoc. 22, 1927), right also for few mails."""
        if not self.whole:
            return 0.0, 100.0
        part, square = self.count / self.whole, Z * Z / self.whole
        middle = (part + square / 2) / (1 + square)
        half = Z / (1 + square) * math.sqrt(part * (1 - part) / self.whole + square / self.whole / 4)
        return max(0.0, 100 * (middle - half)), min(100.0, 100 * (middle + half))


@dataclass(frozen=True)
class Arm:
    """A variant and what became of its mails; people alone, machines do not count."""

    variant: Variant
    sent: int
    opened: Share
    clicked: Share
    replied: Share
    bounced: Share

    def share(self, by: str) -> Share:
        found: Share = getattr(self, by)
        return found


@dataclass(frozen=True)
class StepResults:
    """A step and its variants; `verdict` says in words what may be concluded."""

    step: Step
    arms: Sequence[Arm]

    @property
    def several(self) -> bool:
        return len(self.arms) > 1

    @property
    def verdict(self) -> str:
        step = self.step
        if step.winner:
            return f"{step.winner.name} was chosen: everyone from now on gets it."
        if not self.several or not any(arm.sent for arm in self.arms):
            return ""
        best = leader(self.arms, step.winner_by)
        if best is None:
            return f"None is ahead by {WORDS[step.winner_by]}."
        others = [arm for arm in self.arms if arm is not best]
        sure = all(is_better(best.share(step.winner_by), arm.share(step.winner_by)) for arm in others)
        by = WORDS[step.winner_by]
        return f"{best.variant.name} is ahead by {by}{'' if sure else ', but it could be chance'}."


WORDS: dict[str, str] = {WinnerBy.OPENED: "opens", WinnerBy.CLICKED: "clicks", WinnerBy.REPLIED: "replies"}


def is_better(one: Share, other: Share) -> bool:
    """Whether the rates differ by more than chance makes them: the test of two proportions, pooled, at 95 %."""
    if not one.whole or not other.whole:
        return False
    pooled = (one.count + other.count) / (one.whole + other.whole)
    error = math.sqrt(pooled * (1 - pooled) * (1 / one.whole + 1 / other.whole))
    return error > 0 and (one.count / one.whole - other.count / other.whole) / error > Z


def leader(arms: Sequence[Arm], by: str) -> Arm | None:
    """The one with the best rate; None where two share it."""
    ranked = sorted(arms, key=lambda arm: -arm.share(by).rate)
    if len(ranked) > 1 and ranked[0].share(by).rate == ranked[1].share(by).rate:
        return None
    return ranked[0]


def results(campaign: Campaign, before: datetime | None = None) -> list[StepResults]:
    """Of every step and variant; with `before`, of the mails that were sent before that time alone."""
    sent = Message.objects.filter(campaign=campaign, state=MessageState.SENT)
    if before:
        sent = sent.filter(sent_at__lt=before)
    happened = {
        name: Count("pk", filter=Q(**{f"{name}_at__isnull": False}))
        for name in ("opened", "clicked", "replied", "bounced")
    }
    rows: dict[int, Any] = {
        row["variant"]: row for row in sent.values("variant").annotate(sent=Count("pk"), **happened)
    }
    steps = campaign.steps.select_related("winner").prefetch_related("variants")
    return [StepResults(step, [arm_of(variant, rows) for variant in step.variants.all()]) for step in steps]


def arm_of(variant: Variant, rows: dict[int, Any]) -> Arm:
    row = rows.get(variant.pk, {})
    sent = row.get("sent", 0)
    return Arm(variant, sent, *(Share(row.get(name, 0), sent) for name in ("opened", "clicked", "replied", "bounced")))


def choose_winners() -> int:
    """For each step that asks for it: once every variant was sent often enough and its mails have had some hours, the best
    one goes to everyone else. Returns how many were chosen.
    """
    asking = Step.objects.filter(
        winner_after__isnull=False, winner=None, campaign__state__in=[CampaignState.RUNNING, CampaignState.PAUSED]
    )
    return sum(choose_winner(step) for step in asking.select_related("campaign").order_by("pk")[:MOST_STEPS])


def choose_winner(step: Step) -> bool:
    """Whether one was chosen now; a tie waits for more mails."""
    found = results(step.campaign, timezone.now() - SETTLED)
    arms = next(([arm for arm in one.arms if arm.variant.weight] for one in found if one.step == step), [])
    if len(arms) < 2 or any(arm.sent < (step.winner_after or 0) for arm in arms):
        return False
    best = leader(arms, step.winner_by)
    if best is None:
        return False
    told = ", ".join(f"{arm.variant.name} {arm.share(step.winner_by).rate:.1f} %" for arm in arms)
    reason = f"Step {step.position} goes on with variant {best.variant.name}: most {WORDS[step.winner_by]} ({told})."
    return set_winner(step, best.variant, reason, None)


def set_winner(step: Step, variant: Variant | None, reason: str, by: User | None) -> bool:
    """Let the step go on with `variant` alone, or with all of them again; False where somebody was faster."""
    before = step.winner_id
    if not Step.objects.filter(pk=step.pk, winner=before).update(winner=variant):
        return False
    note(step.campaign, "winner", reason, by=by)
    return True


def choose_by_hand(step: Step, variant: Variant | None, by: User) -> bool:
    """What a person decides: a variant for everyone from now on, or all of them again (None)."""
    said = f"goes on with variant {variant.name} alone" if variant else "goes on with all its variants"
    return set_winner(step, variant, f"Step {step.position} {said}.", by)
