"""Thin Celery entries; what is due stands in PostgreSQL."""

from celery import shared_task

from senders.notices import send_notices


@shared_task(name="senders.tasks.tell_owners")
def tell_owners() -> None:
    """Each minute: mail the owners of senders that stopped by themselves."""
    send_notices()
