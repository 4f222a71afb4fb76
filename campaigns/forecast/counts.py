"""How many leads of campaigns come to which step, when and through whom: counted in PostgreSQL, by the hour."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from campaigns.audience import count_audience
from campaigns.forecast.course import Course, shared
from campaigns.forecast.days import Hours
from campaigns.forecast.mailboxes import Mailboxes
from campaigns.models import Campaign, CampaignState, Step
from leads.segments.rules import BadRules

NOT_STARTED = (CampaignState.DRAFT, CampaignState.SCHEDULED)
# A row for each campaign, group of senders, step and hour, whatever lies behind it: first who waits for a step, then what is
# planned already. What is overdue is due now.
COUNT = """
WITH box AS MATERIALIZED (
    SELECT * FROM unnest(%(senders)s::bigint[], %(places)s::int[]) AS box(sender_id, place)
)
SELECT campaign_id, place, position, date_trunc('hour', greatest(due_at, %(now)s)) AS due, planned, count(*)
FROM (
    SELECT campaign_id, sender_id, next_position AS position, due_at, false AS planned FROM campaigns_enrollment
    WHERE campaign_id = ANY(%(campaigns)s) AND state = 'active' AND due_at IS NOT NULL
    UNION ALL
    SELECT message.campaign_id, message.sender_id, step.position, message.due_at, true FROM campaigns_message message
    JOIN campaigns_step step ON step.id = message.step_id
    WHERE message.campaign_id = ANY(%(campaigns)s) AND message.state IN ('planned', 'sending') AND message.due_at IS NOT NULL
) coming LEFT JOIN box USING (sender_id)
GROUP BY campaign_id, place, position, due, planned
"""


def load(campaigns: Sequence[Campaign], mailboxes: Mailboxes, now: datetime, zone: ZoneInfo) -> list[Course]:
    """The campaigns with who waits in them."""
    courses = {campaign.pk: Course(campaign, zone, Hours(campaign.window)) for campaign in campaigns}
    for step in Step.objects.filter(campaign__in=campaigns):
        courses[step.campaign_id].steps[step.position] = step
    add_enrolled(courses, mailboxes, now)
    for course in courses.values():
        if course.campaign.state in NOT_STARTED and course.steps:
            add_audience(course, mailboxes, now)
    return list(courses.values())


def add_enrolled(courses: dict[int, Course], mailboxes: Mailboxes, now: datetime) -> None:
    many = cache(mailboxes.many_of)
    asked: dict[str, Any] = {"campaigns": list(courses), "now": now}
    places = {"senders": list(mailboxes.place_of), "places": list(mailboxes.place_of.values())}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, asked | places)
        for campaign, place, position, due, planned, count in cursor.fetchall():
            course = courses[campaign]
            if position not in course.steps:
                continue
            parts = {place: count} if place is not None else to_others(course, position, count, many(campaign))
            for into, part in parts.items():
                group = mailboxes.groups[into]
                if planned:
                    course.planned[into][course.mail(position, due, group)] += part
                else:
                    course.come_up(into, position, due, part, group)


def to_others(course: Course, position: int, count: int, many: dict[int, int]) -> dict[int, int]:
    """Leads whose sender does not send: new ones go to the others where the campaign says so, all else waits."""
    if position == 1 and course.campaign.hand_over and many:
        return spread(count, many)
    course.stuck += count
    return {}


def spread(count: int, many: dict[int, int]) -> dict[int, int]:
    """So many leads by turns to the senders of each group, as `campaigns.enrolment` does."""
    return shared(count, {place: count * senders for place, senders in many.items()})


def add_audience(course: Course, mailboxes: Mailboxes, now: datetime) -> None:
    """Whom a campaign writes to that has not started; nobody where a segment cannot be followed, which its preflight says."""
    try:
        count = count_audience(course.campaign).reached
    except BadRules:
        return
    start = course.campaign.start_at if course.campaign.state == CampaignState.SCHEDULED else None
    parts = spread(count, mailboxes.many_of(course.campaign.pk))
    course.stuck += count - sum(parts.values())
    for place, part in parts.items():
        course.come_up(place, 1, max(now, start or now), part, mailboxes.groups[place])
