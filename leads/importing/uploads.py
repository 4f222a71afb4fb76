"""Uploaded files: below MEDIA_ROOT under a random name, readable by us alone, gone as soon as nobody needs them (p17)."""

import os
import secrets
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from leads.importing.read import Dialect
from leads.models import Import, SuppressionFile

FOLDER = "imports"
# An upload without an import is one whose import is not saved yet, or was deleted with its organisation.
ORPHAN_SECONDS = 3600


def path_of(file: str) -> Path:
    """Where the upload called `file` (`Import.file`) is."""
    return Path(settings.MEDIA_ROOT) / file


def store(chunks: Iterable[bytes]) -> str:
    """Keep an upload; returns its name for `Import.file`."""
    file = f"{FOLDER}/{secrets.token_hex(16)}"
    path = path_of(file)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            for chunk in chunks:
                out.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return file


def delete(file: str) -> None:
    """Delete an upload; one that is gone already stays so."""
    if file:
        path_of(file).unlink(missing_ok=True)


def dialect_of(importing: Import) -> Dialect:
    """How the upload of an import is read."""
    columns = len(importing.header)
    return Dialect(importing.encoding, importing.separator, importing.header_line, importing.sheet, columns)


def drop(importing: Import) -> None:
    """Delete the upload of an import that needs it no more."""
    delete(importing.file)
    Import.objects.filter(pk=importing.pk).update(file="")


@receiver(post_delete, sender=Import)
@receiver(post_delete, sender=SuppressionFile)
def delete_with_import(instance: Import | SuppressionFile, **about: Any) -> None:
    """Whatever deletes an import (a discard, the end of its organisation) deletes its upload."""
    transaction.on_commit(partial(delete, instance.file))


def delete_orphans() -> None:
    """Delete the uploads that no import knows."""
    latest = time.time() - ORPHAN_SECONDS
    found = [path for path in path_of(FOLDER).glob("*") if path.stat().st_mtime < latest]
    files = [f"{FOLDER}/{path.name}" for path in found]
    of_leads, of_suppressions = (
        owner.objects.filter(file__in=files).values_list("file", flat=True) for owner in (Import, SuppressionFile)
    )
    known = {*of_leads, *of_suppressions}
    for file in files:
        if file not in known:
            delete(file)
