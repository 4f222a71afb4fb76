"""Workbooks of Excel (XLSX, XLSM, XLSB, XLS) and OpenDocument (ODS) → tables, by `sheets` in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from leads.importing.formats import sheets
from leads.importing.formats.kinds import EMPTY
from leads.importing.read import Unreadable

PATIENCE_SECONDS = 2 * sheets.MOST_SECONDS  # on a machine that does something else, too
PROBLEMS = {
    "password": "This is a password-protected workbook. Remove the password (in Excel: File, Info, Protect Workbook).",
    "damaged": "This workbook cannot be read. Open it in Excel or LibreOffice, and save it as XLSX or CSV.",
    "large": "This workbook is too large. Save the sheet with your contacts as CSV, and upload that.",
}


def convert_workbook(workbook: Path, target: Path, most_chars: int) -> list[str]:
    """Write the sheets that hold anything to `target`; returns their names. Raises Unreadable."""
    command = [sys.executable, "-m", "leads.importing.formats.sheets", str(workbook), str(target), str(most_chars)]
    try:
        # Without our environment: the keys in it are none of its business.
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, env={}, capture_output=True, timeout=PATIENCE_SECONDS, check=True
        )
    except subprocess.TimeoutExpired as error:
        raise Unreadable(PROBLEMS["large"]) from error
    except subprocess.CalledProcessError as error:  # killed by its limits, or the library's own panic
        raise Unreadable(PROBLEMS["large" if error.returncode < 0 else "damaged"]) from error
    said: dict[str, list[str] | str] = json.loads(done.stdout)
    if problem := said.get("problem"):
        raise Unreadable(PROBLEMS[str(problem)])
    if not said["sheets"]:
        raise Unreadable(EMPTY)
    return list(said["sheets"])
