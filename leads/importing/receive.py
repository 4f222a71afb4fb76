"""An upload → files that can be read row by row: unpacked, and rewritten where it is no text."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from django.conf import settings

from leads.importing import uploads
from leads.importing.formats import table
from leads.importing.formats.archives import NESTED, files_in, unpack_entry, unpack_gzip
from leads.importing.formats.kinds import Kind, kind_of
from leads.importing.formats.vcards import convert_vcards
from leads.importing.formats.workbooks import PROBLEMS, convert_workbook
from leads.importing.read import Unreadable

PACKED = (".gz", ".gzip")


@dataclass(frozen=True)
class Received:
    """A file that can be read: what it was called, where it is (`Import.file`), and the sheets of a workbook.

    `separator` is empty where the file is text as it came, so that how it is written is still to be recognised.
    """

    name: str
    file: str
    separator: str = ""
    sheets: list[str] = field(default_factory=list)


def receive(chunks: Iterable[bytes], name: str, undo: ExitStack) -> list[Received]:
    """Keep an upload, as the files that are in it; `undo` deletes them. Raises Unreadable, in words for who uploaded it."""
    file = kept(chunks, undo)
    path = uploads.path_of(file)
    kind = kind_of(path)
    if kind is Kind.ZIP:
        found = unzipped(path, undo)
    elif kind is Kind.GZIP:
        unpacked = kept(unpack_gzip(path, settings.IMPORT_MAX_BYTES), undo)
        found = [readable(unpacked, without_packing(name), undo)]
    else:
        return [readable(file, name, undo)]
    uploads.delete(file)
    return found


def kept(chunks: Iterable[bytes], undo: ExitStack) -> str:
    file = uploads.store(chunks)
    undo.callback(uploads.delete, file)
    return file


def without_packing(name: str) -> str:
    return name[: name.rindex(".")] if name.lower().endswith(PACKED) else name


def unzipped(path: Path, undo: ExitStack) -> list[Received]:
    """The files in a ZIP archive, which together may be as large as one upload."""
    found = []
    left = settings.IMPORT_MAX_BYTES
    for entry in files_in(path):
        name = PurePosixPath(entry.filename).name
        with naming(name):
            file = kept(unpack_entry(path, entry, left), undo)
            left -= uploads.path_of(file).stat().st_size
            found.append(readable(file, name, undo))
    return found


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Say of which file it is that it is Unreadable; an empty name goes without saying."""
    try:
        yield
    except Unreadable as error:
        raise Unreadable(f"{name}: {error}" if name else str(error)) from error


def readable(file: str, name: str, undo: ExitStack) -> Received:
    """The file itself where it is text; workbooks and vCards are rewritten, and go."""
    kind = kind_of(uploads.path_of(file))
    if kind in {Kind.ZIP, Kind.GZIP}:
        raise Unreadable(NESTED)
    if kind is Kind.TEXT:
        return Received(name, file)
    target = kept([], undo)
    sheets = rewritten(kind, uploads.path_of(file), uploads.path_of(target))
    uploads.delete(file)
    return Received(name, target, table.SEPARATOR, sheets)


def rewritten(kind: Kind, source: Path, target: Path) -> list[str]:
    """Write the tables of `source` to `target`; returns the names of a workbook's sheets."""
    if kind is Kind.WORKBOOK:
        return convert_workbook(source, target, settings.IMPORT_MAX_BYTES)
    try:
        convert_vcards(source, target, settings.IMPORT_MAX_BYTES)
    except table.TooLarge as error:
        raise Unreadable(PROBLEMS["large"]) from error
    return []
