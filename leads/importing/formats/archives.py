"""gzip and ZIP → the files in them, unpacked as a stream, with limits that a bomb runs into before it fills anything."""

import gzip
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from leads.importing.formats.zips import opened, words_for_damage
from leads.importing.read import Unreadable

CHUNK = 1 << 18
MOST_FILES = 20  # lists of contacts in one archive
# A list of contacts shrinks to a fifth or, where it says the same again and again, to a hundredth.
MOST_RATIO = 200
UNSUSPICIOUS = 16 << 20  # bytes, of whatever ratio

# What people keep contacts in; other files in an archive (a read-me, pictures) are passed over.
CONTACTS = {".csv", ".tsv", ".tab", ".txt", ".vcf", ".vcard", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"}
ARCHIVES = {".zip", ".gz", ".7z", ".rar", ".bz2", ".xz", ".tar", ".tgz"}

NESTED = "There is an archive inside the archive. Unpack it, and upload what is in it."
NOTHING = "There is no list of contacts in the archive: no CSV file, workbook or vCards."
MANY = f"There are more than {MOST_FILES} files in the archive. Upload it in parts."
BOMB = "The archive unpacks to far more than a list of contacts would. Unpack it, and upload what is in it."


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def unpack_gzip(path: Path, most: int) -> Iterator[bytes]:
    """The bytes of the one file in it; raises Unreadable where they are damaged, or more than `most`."""
    with words_for_damage(), gzip.open(path) as unpacked:
        yield from limited(unpacked, path.stat().st_size, most)


def files_in(path: Path) -> list[zipfile.ZipInfo]:
    """The lists of contacts in a ZIP archive, in its order; raises Unreadable where there is none, or too much."""
    with opened(path) as archive:
        entries = archive.infolist()
    seen = [entry for entry in entries if not entry.is_dir() and not is_hidden(entry.filename)]
    if any(suffix(entry) in ARCHIVES for entry in seen):
        raise Unreadable(NESTED)
    found = [entry for entry in seen if suffix(entry) in CONTACTS]
    if not found:
        raise Unreadable(NOTHING)
    if len(found) > MOST_FILES:
        raise Unreadable(MANY)
    return found


def suffix(entry: zipfile.ZipInfo) -> str:
    return PurePosixPath(entry.filename).suffix.lower()


def is_hidden(name: str) -> bool:
    """What macOS packs beside the files, and files that are hidden anyway."""
    return any(part.startswith((".", "__MACOSX")) and part != ".." for part in PurePosixPath(name).parts)


def unpack_entry(path: Path, entry: zipfile.ZipInfo, most: int) -> Iterator[bytes]:
    """The bytes of a file in a ZIP archive; raises Unreadable as `unpack_gzip`."""
    with opened(path) as archive, archive.open(entry) as unpacked:
        yield from limited(unpacked, entry.compress_size, most)


def limited(unpacked: Readable, packed_bytes: int, most: int) -> Iterator[bytes]:
    size = 0
    while chunk := unpacked.read(CHUNK):
        size += len(chunk)
        if size > most:
            raise Unreadable(f"Unpacked, the file is larger than {most >> 20} MB. Split it.")
        if size > max(UNSUSPICIOUS, MOST_RATIO * packed_bytes):
            raise Unreadable(BOMB)
        yield chunk
