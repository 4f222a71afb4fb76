"""Thin Celery entries."""

from celery import shared_task

from accounts import idempotency


@shared_task(name="accounts.tasks.purge_answers")
def purge_answers() -> None:
    """Each hour: delete the answers to `Idempotency-Key`s of yesterday."""
    idempotency.purge()
