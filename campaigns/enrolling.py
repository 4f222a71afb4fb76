"""What people do with the leads of a campaign: pause, resume, skip a step, send now, take out, mark as replied.

Each is a few conditional UPDATEs over any number of enrollments of one campaign, right beside a running engine: what a drain
has claimed is its own, and what it has offered goes out. Who is paused while a mail is on its way stays paused after it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import User
from campaigns.activity import note
from campaigns.models import GOING, Campaign, Enrollment, EnrollmentState, Message, MessageState
from campaigns.stopping import stop_chosen
from ecrm.text import counted
from tracking.intake import record
from tracking.models import Happening
from tracking.tokens import Mark

REMOVED = "removed"
# How many leads one action takes.
MOST_CHOSEN = 10_000

PAUSE = """
WITH paused AS (
    UPDATE campaigns_enrollment SET state = 'paused', reason = ''
    WHERE campaign_id = %(campaign)s AND id = ANY(%(ids)s) AND state = 'active' RETURNING id
), held AS (
    UPDATE campaigns_message message SET due_at = NULL
    FROM paused WHERE message.enrollment_id = paused.id AND message.state = 'planned'
)
SELECT id FROM paused
"""
RESUME = """
WITH resumed AS (
    UPDATE campaigns_enrollment SET state = 'active'
    WHERE campaign_id = %(campaign)s AND id = ANY(%(ids)s) AND state = 'paused' RETURNING id
), freed AS (
    UPDATE campaigns_message message SET due_at = now()
    FROM resumed WHERE message.enrollment_id = resumed.id AND message.state = 'planned' AND message.due_at IS NULL
)
SELECT id FROM resumed
"""
# The next step now: whether it is planned already, or still waits for its day.
SEND_NOW = """
WITH hurried AS (
    UPDATE campaigns_message message SET due_at = now()
    FROM campaigns_enrollment enrollment
    WHERE enrollment.campaign_id = %(campaign)s AND enrollment.id = ANY(%(ids)s) AND enrollment.state = 'active'
      AND message.enrollment_id = enrollment.id AND message.state = 'planned' RETURNING enrollment.id
), due AS (
    UPDATE campaigns_enrollment SET due_at = now()
    WHERE campaign_id = %(campaign)s AND id = ANY(%(ids)s) AND state = 'active' AND due_at > now() RETURNING id
)
SELECT id FROM hurried UNION SELECT id FROM due
"""
# What is planned of the step is skipped; the sequence goes on with the one behind it, after its delay. Who has a mail on its
# way right now (claimed, or in doubt) has nothing to skip.
SKIP = """
WITH chosen AS (
    SELECT enrollment.id, enrollment.campaign_id, enrollment.next_position, campaign.time_zone
    FROM campaigns_enrollment enrollment JOIN campaigns_campaign campaign ON campaign.id = enrollment.campaign_id
    WHERE enrollment.campaign_id = %(campaign)s AND enrollment.id = ANY(%(ids)s)
      AND enrollment.state IN ('active', 'paused')
      AND NOT EXISTS (SELECT FROM campaigns_message message
                      WHERE message.enrollment_id = enrollment.id AND message.state IN ('sending', 'unknown'))
), skipped AS (
    UPDATE campaigns_message message SET state = 'skipped', error = 'Skipped by hand.'
    FROM chosen WHERE message.enrollment_id = chosen.id AND message.state = 'planned'
)
UPDATE campaigns_enrollment enrollment SET
    next_position = enrollment.next_position + 1,
    state = CASE WHEN following.id IS NULL THEN 'finished' ELSE enrollment.state END,
    due_at = CASE WHEN following.id IS NOT NULL THEN
        campaigns_due_after(now(), following.delay_hours, following.delay_business_days, chosen.time_zone) END
FROM chosen LEFT JOIN campaigns_step following
    ON following.campaign_id = chosen.campaign_id AND following.position = chosen.next_position + 1
WHERE enrollment.id = chosen.id
RETURNING enrollment.id
"""


@dataclass(frozen=True)
class Action:
    """`kind` and `said` ("Paused {leads}.") are for the log; `run` returns whom it concerned."""

    kind: str
    said: str
    run: Callable[[Campaign, Sequence[int]], list[int]]


def statement(sql: str) -> Callable[[Campaign, Sequence[int]], list[int]]:
    def run(campaign: Campaign, ids: Sequence[int]) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"campaign": campaign.pk, "ids": list(ids)})
            return [pk for (pk,) in cursor.fetchall()]

    return run


def remove(campaign: Campaign, ids: Sequence[int]) -> list[int]:
    """Take them out for good: they stay in the campaign's books, so that no rule brings them back."""
    going = list(going_of(campaign, ids).values_list("pk", flat=True))
    stop_chosen(going, REMOVED)
    return going


def mark_replied(campaign: Campaign, ids: Sequence[int]) -> list[int]:
    """As if their reply had come in, to the last mail that each got; who has had none cannot have replied."""
    sent = Message.objects.filter(campaign=campaign, enrollment__in=list(ids), state=MessageState.SENT, replied_at=None)
    latest = sent.order_by("enrollment_id", "-step__position").distinct("enrollment_id")
    found = list(latest.values_list("enrollment_id", "pk", "lead_id"))
    for _, message, lead in found:
        record(Happening.REPLIED, Mark(campaign.organisation_id, message, lead))
    return [enrollment for enrollment, _, _ in found]


ACTIONS = {
    "pause": Action("paused", "Paused {leads}.", statement(PAUSE)),
    "resume": Action("resumed", "Resumed {leads}.", statement(RESUME)),
    "skip": Action("skipped", "Skipped the next step of {leads}.", statement(SKIP)),
    "send_now": Action("hurried", "Sends the next step to {leads} now.", statement(SEND_NOW)),
    "remove": Action("removed", "Took {leads} out.", remove),
    "replied": Action("replied", "Marked {leads} as replied.", mark_replied),
}


def going_of(campaign: Campaign, ids: Sequence[int]) -> QuerySet[Enrollment]:
    return Enrollment.objects.filter(campaign=campaign, pk__in=list(ids), state__in=GOING)


def hold(campaign: Campaign, ids: Sequence[int]) -> None:
    """Neither the planner nor a drain touches these until the transaction ends; in the order in which the planner locks."""
    chosen = Enrollment.objects.filter(campaign=campaign, pk__in=list(ids))
    list(chosen.order_by("pk").select_for_update().values_list("pk"))
    planned = Message.objects.filter(enrollment__in=chosen, state=MessageState.PLANNED)
    list(planned.order_by("pk").select_for_update(of=["self"]).values_list("pk"))


def act(campaign: Campaign, name: str, ids: Sequence[int], by: User) -> int:
    """Do the action `name` of ACTIONS with these enrollments of the campaign, and write it in its log; returns how many it
    concerned: others of them were in no state for it.
    """
    action = ACTIONS[name]
    with transaction.atomic():
        hold(campaign, ids[:MOST_CHOSEN])
        concerned = action.run(campaign, ids[:MOST_CHOSEN])
        if concerned:
            one = Enrollment.objects.select_related("lead").get(pk=concerned[0]).lead if len(concerned) == 1 else None
            note(campaign, action.kind, action.said.format(leads=counted(len(concerned), "lead")), by=by, lead=one)
    return len(concerned)


def possible(enrollment: Enrollment) -> list[str]:
    """Which of ACTIONS make sense for one in its state."""
    match enrollment.state:
        case EnrollmentState.ACTIVE:
            return ["pause", "skip", "send_now", "remove", "replied"]
        case EnrollmentState.PAUSED:
            return ["resume", "skip", "remove", "replied"]
        case _:
            return []
