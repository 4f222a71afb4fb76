"""What mail servers turn away, refused here with a reason, before a campaign fails mail by mail.

By the name's end, as Gmail and Outlook do it (data/refused_files.txt), by the bytes where those show a program,
and by the names within a ZIP.
"""

import io
import zipfile
from functools import lru_cache
from pathlib import Path

from campaigns.files.kinds import ZIP

PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"L\0\0\0\x01\x14\x02\0",
)
# Archives that no server can look into without unpacking them all; many refuse them.
ARCHIVES = (b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
ENCRYPTED = 0x1  # of a ZIP entry's flags (APPNOTE 4.4.4)


@lru_cache(maxsize=1)
def refused_ends() -> frozenset[str]:
    path = Path(__file__).parent.parent / "data" / "refused_files.txt"
    lines = path.read_text().splitlines()
    return frozenset(end for line in lines if not line.startswith("#") for end in line.split())


def end_of(name: str) -> str:
    return name.rstrip(". ").rpartition(".")[2].lower() if "." in name else ""


def why_refused(name: str, data: bytes) -> str:
    """Why no mail may carry this file, or an empty string."""
    if end_of(name) in refused_ends():
        return f"Mail servers refuse .{end_of(name)} files. Put it on a web page and link to it."
    if data.startswith(PROGRAMS):
        return "This is a program, whatever its name says, and mail servers refuse those."
    if data.startswith(ARCHIVES):
        return "Mail servers refuse archives that they cannot look into. Make it a ZIP without a password."
    return why_zip_refused(data) if data.startswith(ZIP) else ""


def why_zip_refused(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return "This file begins as a ZIP, but cannot be read as one."
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        return "This archive has a password, and mail servers refuse what they cannot look into."
    for entry in entries:
        if end_of(entry.filename) in refused_ends():
            return f"It has {entry.filename[:80]} in it, and mail servers refuse .{end_of(entry.filename)} files."
        if entry.filename.lower().endswith("vbaproject.bin"):
            return "This document has macros in it, and many mail servers refuse those. Save it without."
    return ""
