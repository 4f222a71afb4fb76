"""Thin Celery entries; what is due stands in PostgreSQL, so a lost task costs a tick."""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from campaigns import engine


@shared_task(name="campaigns.tasks.tick")
def tick() -> None:
    """Each second: plan what is due, take up what the dead left, close what is done, wake the drains."""
    engine.recover_abandoned()
    engine.plan()
    engine.finish()
    for sender in engine.senders_with_work():
        drain_sender.apply_async((sender,), expires=10)


@shared_task(name="campaigns.tasks.drain_sender")
def drain_sender(sender: int) -> None:
    """Send what is due through one sender; comes back at once where there is more than one turn's work."""
    if engine.drain(sender).more:
        drain_sender.apply_async((sender,), expires=10)


@worker_shutting_down.connect
def end_drains(**kwargs: Any) -> None:
    """A worker that is told to stop finishes the mail in hand, not the whole turn."""
    engine.stopping.set()
