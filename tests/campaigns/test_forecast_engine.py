"""The forecast beside what the engine does then, over two weeks with limits, a day off and a weekend."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.forecast import of_campaign
from senders.models import Sender
from tests.campaigns.sequences import World

pytestmark = pytest.mark.django_db(transaction=True)
OFFICE = {"days": [0, 1, 2, 3, 4], "start": "09:00", "end": "17:00", "time_zone": "UTC", "days_off": ["2026-12-02"]}


def by_day(mails: Mapping[tuple[date, int], int]) -> Counter[date]:
    found: Counter[date] = Counter()
    for (day, _), count in mails.items():
        found[day] += count
    return found


def test_the_engine_does_what_was_foretold(world: World) -> None:
    world.clock.go_to(datetime(2026, 11, 30, 8, tzinfo=UTC))
    steps = [{}, {"delay_hours": 48}, {"delay_hours": 0, "delay_business_days": 1}]
    campaign = world.start(steps, leads=8, window=OFFICE, daily_cap=5, daily_new=3)
    Sender.objects.update(daily_limit=4)
    foretold = {(day, step): count for (day, _, step), count in of_campaign(campaign).mails.items()}
    world.walk(datetime(2026, 12, 13, tzinfo=UTC), timedelta(hours=4))
    went = Counter((arrival.at.date(), arrival.step) for arrival in world.arrivals)
    assert sum(foretold.values()) == sum(went.values()) == 24
    # The time of day at which mails are due decides which of two goes a day later: by the end of each day as many have gone,
    # but for one.
    told, gone = by_day(foretold), by_day(went)
    for day in sorted({*told, *gone}):
        early = sum(count for at, count in gone.items() if at <= day) - sum(n for at, n in told.items() if at <= day)
        assert abs(early) <= 1, day
    assert all(abs(went[key] - foretold.get(key, 0)) <= 1 for key in {*went, *foretold})
