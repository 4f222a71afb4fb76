"""What a recorded event means: the first time of each kind on its message, and the end of sequences."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import engine
from campaigns.models import Campaign, Message, Step
from campaigns.stats import stats
from tests.campaigns.launching import Launcher, message_to, only_sender
from tracking.consumer import store
from tracking.models import Event, Happening

pytestmark = pytest.mark.django_db(transaction=True)
LEAD = "lead1@example.com"


@pytest.fixture
def campaign(launcher: Launcher) -> Campaign:
    """Two of three mails are out, the second step waits for everyone."""
    campaign = launcher.start(3)
    Step.objects.create(organisation=launcher.acme, campaign=campaign, position=2, delay_hours=1)
    engine.drain(only_sender(campaign).pk)
    return campaign


def happen(message: Message, kind: Happening, *, rule: str = "", seconds: int = 0, name: str = "") -> int:
    at = timezone.now() + timedelta(seconds=seconds)
    fields = {
        "i": name or f"{kind}-{message.pk}-{rule}-{seconds}",
        "k": kind.value,
        "m": f"{message.organisation_id}.{message.pk}.{message.lead_id}",
        "u": "",
        "r": rule,
        "t": str(int(at.timestamp() * 1000)),
    }
    return store([fields])


@pytest.mark.parametrize(
    ("kind", "rule", "column"),
    [
        (Happening.OPENED, "", "opened_at"),
        (Happening.OPENED, "apple-mail-privacy", "machine_opened_at"),
        (Happening.CLICKED, "", "clicked_at"),
        (Happening.CLICKED, "head", "machine_clicked_at"),
        (Happening.UNSUBSCRIBED, "", "unsubscribed_at"),
        (Happening.REPLIED, "", "replied_at"),
        (Happening.BOUNCED, "", "bounced_at"),
        (Happening.COMPLAINED, "", "complained_at"),
    ],
)
def test_the_first_time_is_kept_and_people_and_machines_apart(
    campaign: Campaign, kind: Happening, rule: str, column: str
) -> None:
    message = message_to(campaign, LEAD)
    happen(message, kind, rule=rule, seconds=-60)
    happen(message, kind, rule=rule, seconds=-30)
    message.refresh_from_db()
    first = getattr(message, column)
    assert 55 < (timezone.now() - first).total_seconds() < 70
    others = [name for name in Message.__dict__ if name.endswith("ed_at") and name not in {column, "offered_at"}]
    assert all(getattr(message, name) is None for name in others)
    assert Event.objects.filter(message_id=message.pk, kind=kind).count() == 2, "every event is kept"
    counted = {
        name: getattr(stats(campaign), name) for name in ("opened", "clicked", "machine_opened", "machine_clicked")
    }
    assert sum(counted.values()) == (1 if kind in {Happening.OPENED, Happening.CLICKED} else 0)


def test_of_a_batch_the_earliest_counts(campaign: Campaign) -> None:
    message = message_to(campaign, LEAD)
    mark = f"{message.organisation_id}.{message.pk}.{message.lead_id}"
    times = [1_700_000_300_000, 1_700_000_100_000, 1_700_000_200_000]
    store([{"i": str(at), "k": "opened", "m": mark, "u": "", "r": "", "t": str(at)} for at in times])
    message.refresh_from_db()
    assert message.opened_at is not None
    assert message.opened_at.timestamp() == 1_700_000_100


@pytest.mark.parametrize("kind", [Happening.UNSUBSCRIBED, Happening.REPLIED, Happening.BOUNCED, Happening.COMPLAINED])
def test_whoever_left_or_answered_gets_no_further_step(launcher: Launcher, campaign: Campaign, kind: Happening) -> None:
    happen(message_to(campaign, LEAD), kind)
    enrollment = campaign.enrollments.get(lead__email=LEAD)
    assert (enrollment.state, enrollment.reason, enrollment.due_at) == ("stopped", kind.value, None)
    assert campaign.enrollments.filter(state="active").count() == 2


def test_a_planned_mail_of_theirs_is_skipped(launcher: Launcher, campaign: Campaign) -> None:
    message = message_to(campaign, LEAD)
    other = launcher.start(3, senders=[only_sender(campaign)])
    happen(message, Happening.UNSUBSCRIBED)
    planned = message_to(other, LEAD)
    assert (planned.state, planned.error) == ("skipped", "The sequence ended: unsubscribed.")
    engine.drain(only_sender(campaign).pk)
    assert launcher.received().count(LEAD) == 1
    assert launcher.received().count("lead0@example.com") == 2


def test_a_reply_ends_only_the_campaign_that_was_replied_to(launcher: Launcher, campaign: Campaign) -> None:
    message = message_to(campaign, LEAD)
    other = launcher.start(3, senders=[only_sender(campaign)])
    happen(message, Happening.REPLIED)
    assert message_to(other, LEAD).state == "planned"


def test_opens_and_clicks_stop_nothing(campaign: Campaign) -> None:
    message = message_to(campaign, LEAD)
    happen(message, Happening.OPENED)
    happen(message, Happening.CLICKED)
    assert campaign.enrollments.filter(state="active").count() == 3


def test_another_organisations_mark_touches_nothing_of_acmes(campaign: Campaign, strangers: Campaign) -> None:
    """Charlie's own token, were it to name Acme's message, changes nothing there."""
    message = message_to(campaign, LEAD)
    fields = {
        "k": "opened",
        "m": f"{strangers.organisation_id}.{message.pk}.{message.lead_id}",
        "u": "",
        "r": "",
        "t": "1",
    }
    store([fields | {"i": "a"}, fields | {"i": "b", "k": "unsubscribed"}])
    message.refresh_from_db()
    assert (message.opened_at, message.unsubscribed_at) == (None, None)
    assert campaign.enrollments.get(lead__email=LEAD).state == "active"
