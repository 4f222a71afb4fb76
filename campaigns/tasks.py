"""Thin Celery entries; what is due stands in PostgreSQL, so a lost task costs a tick."""

from smtplib import SMTPException
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from campaigns import engine, enrolment, scheduling, variants, waking
from campaigns.models import Activity


@shared_task(name="campaigns.tasks.tick")
def tick() -> None:
    """Each second: plan what is due, take up what the dead left, close what is done, wake the drains."""
    engine.recover_abandoned()
    scheduling.start_due()
    engine.hand_over()
    engine.plan()
    engine.finish()
    waking.wake_waiting()


@shared_task(name=waking.DRAIN)
def drain_sender(sender: int) -> None:
    """Send what is due through one sender. One that gave up its turn comes next where nobody waits any more; otherwise
    it is the next ticks' to say who does.
    """
    waking.taken_up(sender)
    if engine.drain(sender, anyone_waits=waking.anyone_waits).more and not waking.anyone_waits():
        waking.signal([sender])


@shared_task(name="campaigns.tasks.let_grow")
def let_grow() -> None:
    """Each minute: enrol who came into the audience of campaigns that grow."""
    enrolment.let_grow()


@shared_task(name="campaigns.tasks.choose_winners")
def choose_winners() -> None:
    """Each minute: the variants that won."""
    variants.choose_winners()


@shared_task(
    name="campaigns.tasks.tell_not_started",
    autoretry_for=(OSError, SMTPException),
    retry_backoff=60,
    max_retries=5,
)
def tell_not_started(entry: int) -> None:
    """Write to whoever scheduled a campaign that it did not start."""
    found = Activity.objects.select_related("campaign__organisation", "campaign__created_by").filter(pk=entry).first()
    if found:
        scheduling.tell_scheduler(found)


@worker_shutting_down.connect
def end_drains(**kwargs: Any) -> None:
    """A worker that is told to stop finishes the mail in hand, not the whole turn."""
    engine.stopping.set()
