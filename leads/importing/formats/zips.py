"""Opens ZIP archives, those that are workbooks included, without trusting what they say of themselves."""

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leads.importing.read import Unreadable

MOST_ENTRIES = 1000
MOST_DIRECTORY_BYTES = 1 << 20  # of a ZIP archive's list of entries, all of which `zipfile` keeps in memory
END = struct.Struct("<4s4H2LH")  # the end of central directory record (APPNOTE.TXT 4.3.16)
END_SIGNATURE, ZIP64_SIGNATURE = b"PK\x05\x06", b"PK\x06\x07"
ZIP64_LOCATOR_BYTES = 20
LONGEST_COMMENT = 1 << 16
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # of others a little input can be gigabytes at once

DAMAGED = "The archive is damaged. Make it anew, or upload the files in it."
CROWDED = f"There are more than {MOST_ENTRIES:,} entries in the archive. Pack only the lists of contacts."
LOCKED = "The archive is protected with a password. Unpack it, and upload what is in it."
UNUSUAL = "The archive is compressed in an unusual way. Unpack it, and upload what is in it."
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, ValueError)


@contextmanager
def words_for_damage() -> Iterator[None]:
    """Raises Unreadable for whatever the reading of broken archives raises."""
    try:
        yield
    except BROKEN as error:
        raise Unreadable(DAMAGED) from error


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive; raises Unreadable where it is damaged, has too many entries, or any that cannot be read."""
    with words_for_damage():
        check_directory(path)
        with zipfile.ZipFile(path) as archive:
            check_entries(archive.infolist())
            yield archive


def check_directory(path: Path) -> None:
    """Raises Unreadable where the list of entries is longer than an archive's of people's lists."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - END.size - ZIP64_LOCATOR_BYTES - LONGEST_COMMENT))
        tail = file.read()
    at = len(tail) - END.size
    if not (tail[max(at, 0) :].startswith(END_SIGNATURE) and tail.endswith(b"\0\0")):  # there is a comment
        at = tail.rfind(END_SIGNATURE)
    _, _, _, _, entries, directory_bytes, _, _ = END.unpack_from(tail, at)
    is_zip64 = tail[max(0, at - ZIP64_LOCATOR_BYTES) :].startswith(ZIP64_SIGNATURE)
    if is_zip64 or entries > MOST_ENTRIES or directory_bytes > MOST_DIRECTORY_BYTES:
        raise Unreadable(CROWDED)


def check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise Unreadable(CROWDED)
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable(LOCKED)
    if not METHODS.issuperset(entry.compress_type for entry in entries):
        raise Unreadable(UNUSUAL)
