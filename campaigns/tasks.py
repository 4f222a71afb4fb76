"""Thin Celery entries; what is due stands in PostgreSQL, so a lost task costs a tick."""

from celery import shared_task

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
