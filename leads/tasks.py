"""Thin Celery entries; imports that wait stand in PostgreSQL, so a lost task costs half a minute."""

from celery import shared_task

from leads.importing import run, upkeep

RESUME_SECONDS = 30


@shared_task(name="leads.tasks.run_import")
def run_import(pk: int) -> None:
    """Import one file, unless another worker has it."""
    run.run_import(pk)


@shared_task(name="leads.tasks.resume_imports")
def resume_imports() -> None:
    """Each half minute: take up the imports that a dead worker left, and tidy up."""
    for pk in upkeep.abandoned_imports():
        run_import.apply_async((pk,), expires=RESUME_SECONDS)
    upkeep.tidy()
