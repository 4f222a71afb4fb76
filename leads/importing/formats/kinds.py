"""What a file is, by what it begins with; refused where it is nothing to import, with what to do instead."""

from enum import Enum, auto
from pathlib import Path

from leads.importing.formats.zips import opened
from leads.importing.read import Unreadable, open_upload

AS_CSV = "Open it in the program it comes from and save it as CSV."
EMPTY = "The file is empty."


class Kind(Enum):
    """What is done with a file: read as it is, unpacked, or rewritten."""

    TEXT = auto()
    GZIP = auto()
    ZIP = auto()
    WORKBOOK = auto()
    VCARDS = auto()


KINDS = {b"PK\x03\x04": Kind.ZIP, b"PK\x05\x06": Kind.ZIP, b"\x1f\x8b": Kind.GZIP, b"begin:vcard": Kind.VCARDS}
KINDS[b"\xd0\xcf\x11\xe0"] = Kind.WORKBOOK  # OLE: an old workbook, or one with a password

# What else a file begins with, and what to say to the person who took it for a list of contacts.
OTHERS = {
    b"%pdf": f"This is a PDF. {AS_CSV}",
    b"\x89png": "This is a picture (PNG), not a list of contacts.",
    b"\xff\xd8\xff": "This is a picture (JPEG), not a list of contacts.",
    b"gif8": "This is a picture (GIF), not a list of contacts.",
    b"7z\xbc\xaf\x27\x1c": "This is a 7-Zip archive. Unpack it first, or use ZIP.",
    b"rar!": "This is a RAR archive. Unpack it first, or use ZIP.",
    b"bzh": "This file is compressed (bzip2). Unpack it first, or use gzip or ZIP.",
    b"\xfd7zxz": "This file is compressed (xz). Unpack it first, or use gzip or ZIP.",
    b"{\\rtf": f"This is a text document (RTF). {AS_CSV}",
    b"<!doctype": f"This is a web page. {AS_CSV}",
    b"<html": f"This is a web page. {AS_CSV}",
    b"<?xml": f"This is XML. {AS_CSV}",
}

# What stands in a ZIP archive that is a program's document.
WORKBOOKS = ("xl/workbook.xml", "xl/workbook.bin")
DOCUMENTS = {
    "word/document.xml": f"This is a Word document. {AS_CSV}",
    "ppt/presentation.xml": "This is a presentation, not a list of contacts.",
    "Index/Document.iwa": "This is a Numbers spreadsheet. In Numbers choose File, Export To, CSV or Excel.",
    "Index.zip": "This is a Numbers spreadsheet. In Numbers choose File, Export To, CSV or Excel.",
}
SPREADSHEET = b"application/vnd.oasis.opendocument.spreadsheet"
OTHER_OPEN_DOCUMENT = f"This is an OpenDocument file, but no spreadsheet. {AS_CSV}"


def kind_of(path: Path) -> Kind:
    """Raises Unreadable for a file that is empty, gone, or something else."""
    with open_upload(path) as file:
        start = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not path.stat().st_size:
        raise Unreadable(EMPTY)
    for signature, words in OTHERS.items():
        if start.startswith(signature):
            raise Unreadable(words)
    # Two bytes of gzip are letters that a text can hardly begin with.
    kind = next((kind for signature, kind in KINDS.items() if start.startswith(signature.lower())), Kind.TEXT)
    return document_in(path) if kind is Kind.ZIP else kind


def document_in(path: Path) -> Kind:
    """A ZIP archive is a workbook, another document, or what people pack."""
    with opened(path) as archive:
        names = set(archive.namelist())
        kind = b""
        if "mimetype" in names:
            with archive.open("mimetype") as file:
                kind = file.read(len(SPREADSHEET))
    for name, words in DOCUMENTS.items():
        if name in names:
            raise Unreadable(words)
    if kind == SPREADSHEET or not names.isdisjoint(WORKBOOKS):
        return Kind.WORKBOOK
    if kind.startswith(b"application/vnd.oasis.opendocument"):
        raise Unreadable(OTHER_OPEN_DOCUMENT)
    return Kind.ZIP
