"""Thin Celery entries; imports and bulk actions that wait stand in PostgreSQL, so a lost task costs half a minute."""

from celery import shared_task

from leads.bulk import run as bulk_run
from leads.bulk import upkeep as bulk_upkeep
from leads.importing import run, upkeep
from leads.suppressing import run as suppression_run

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


@shared_task(name="leads.tasks.run_bulk_action")
def run_bulk_action(pk: int) -> None:
    """Do one thing with many leads, or take it back, unless another worker does."""
    bulk_run.run_bulk(pk)


@shared_task(name="leads.tasks.resume_bulk_actions")
def resume_bulk_actions() -> None:
    """Each half minute: take up the bulk actions that a dead worker left, and tidy up."""
    for pk in bulk_upkeep.abandoned_actions():
        run_bulk_action.apply_async((pk,), expires=RESUME_SECONDS)
    bulk_upkeep.tidy()


@shared_task(name="leads.tasks.run_suppression_file")
def run_suppression_file(pk: int) -> None:
    """Put what one file holds on the suppression list, unless another worker does."""
    suppression_run.run_file(pk)


@shared_task(name="leads.tasks.resume_suppression_files")
def resume_suppression_files() -> None:
    """Each half minute: take up the files that a dead worker left, and tidy up."""
    for pk in suppression_run.abandoned_files():
        run_suppression_file.apply_async((pk,), expires=RESUME_SECONDS)
    suppression_run.tidy()
