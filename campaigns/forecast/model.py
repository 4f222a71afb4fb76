"""The engine's days in the small: plan what is due, then each group of senders sends what it may, until the day is over."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from campaigns.forecast.course import Course, Mail
from campaigns.forecast.days import Day, common
from campaigns.forecast.mailboxes import Group


@dataclass
class Forecast:
    """Mails by day, campaign (its primary key) and step (its position); and when each campaign ends that does so in time."""

    mails: Counter[tuple[date, int, int]] = field(default_factory=Counter)
    ends: dict[int, date] = field(default_factory=dict)


def run(courses: Sequence[Course], groups: Sequence[Group], days: Sequence[Day], matter: int) -> Forecast:
    """Let these days pass, or as many as the first `matter` campaigns take."""
    found = Forecast()
    for day in days:
        for course in courses:
            course.open()
        for group in groups:
            group.open(day)
        went = True
        while went:  # a step that waits for an hour is due on the same day
            went = send_once(day, courses, groups, found)
        if not any(course.goes_on for course in courses[:matter]):
            break
    through = [course for course in courses if not course.goes_on and not course.stuck]
    found.ends = {course.campaign.pk: course.last for course in through if course.last}
    return found


def send_once(day: Day, courses: Sequence[Course], groups: Sequence[Group], found: Forecast) -> bool:
    """Plan, and let each group send; whether any mail went."""
    for course in courses:
        course.plan(day)
    return sum(send(day, place, group, courses, found) for place, group in enumerate(groups)) > 0


def send(day: Day, place: int, group: Group, courses: Sequence[Course], found: Forecast) -> int:
    """What a group sends now; returns how many mails."""
    before = group.room
    for course, mail in turns(courses, place):
        hours = common(course.hours.on(day), group.hours.on(day))
        if hours is None or not group.room or mail.opens > day.date:
            continue
        pk = course.campaign.pk
        count = min(course.planned[place][mail], group.room_for(pk, hours.seconds))
        if count:
            found.mails[day.date, pk, mail.position] += count
            course.send(day, hours.first, place, mail, count, group)
            group.take(pk, count)
    return before - group.room


def turns(courses: Sequence[Course], place: int) -> list[tuple[Course, Mail]]:
    """Whose mails go first, as in `engine.claim`: by priority, follow-ups before new leads, then as they are due."""
    waiting = [(course, mail) for course in courses if place in course.planned for mail in course.planned[place]]
    return sorted(waiting, key=lambda turn: rank(*turn))


def rank(course: Course, mail: Mail) -> tuple[int, bool, date, int]:
    return course.campaign.priority, mail.position == 1, mail.due, course.campaign.pk
