"""CSV for people, whose spreadsheet opens it: streamed, and no cell runs as a formula."""

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Any

from django.http import StreamingHttpResponse

# A spreadsheet runs a cell that begins so as a formula (OWASP, CSV injection); a quote in front makes it text.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Line:
    """A file for `csv.writer` that keeps nothing: what is written is returned."""

    def write(self, text: str) -> str:
        return text


def cell(value: Any) -> str:
    """`value` as text that is shown, never run; times in UTC as ISO 8601."""
    text = value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def plain(text: str) -> str:
    """What `cell` made of a text, back again: a file of ours that comes in."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    writer = csv.writer(Line())
    for row in rows:
        yield writer.writerow([cell(value) for value in row])


def csv_response(rows: Iterable[Iterable[Any]], file_name: str, *, mark: bool = True) -> StreamingHttpResponse:
    """A download of `rows`, the header first; `file_name` is ours, in ASCII.

    `mark`: a byte-order mark in front. Without one Excel takes UTF-8 for the machine's old code page; a program takes it
    for a part of the first column's name, so the API leaves it out.
    """
    start = ["\ufeff"] if mark else []
    response = StreamingHttpResponse(chain(start, lines(rows)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response
