"""What a file is, by its bytes: its name says what somebody calls it, and a browser's word for it is no more than that.

A table of our own: what looks at bytes among the packages (puremagic, filetype) takes any ZIP for a Word document and knows
nothing of plain text, and of the thousand kinds that they know a mail needs these.
"""

import io
import zipfile

# (where, what stands there, the type); the first that fits.
SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),  # Office before 2007
    (0, b"{\\rtf", "application/rtf"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
)
ZIP = b"PK\x03\x04"
OFFICE = "application/vnd.openxmlformats-officedocument"
# The folder in a ZIP that makes it an Office document.
OFFICE_FOLDERS = {
    "word/": f"{OFFICE}.wordprocessingml.document",
    "xl/": f"{OFFICE}.spreadsheetml.sheet",
    "ppt/": f"{OFFICE}.presentationml.presentation",
}
# How texts begin that programs know by their beginning.
TEXTS = (
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"BEGIN:VCARD", "text/vcard"),
    (b"<svg", "image/svg+xml"),
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
)
UNKNOWN = "application/octet-stream"


def content_type_of(data: bytes) -> str:
    """The media type of these bytes; UNKNOWN where nothing is known of them."""
    for at, mark, kind in SIGNATURES:
        if data.startswith(mark, at):
            return kind
    if data.startswith(ZIP):
        return zip_type(data)
    return text_type(data) if is_text(data) else UNKNOWN


def zip_type(data: bytes) -> str:
    """An OpenDocument says its type itself, in its first entry; an Office document by its folders."""
    names = names_in(data)
    if names[:1] == ["mimetype"]:
        said = data[38:120].partition(b"PK")[0]
        if (
            said.startswith(b"application/vnd.oasis.opendocument.")
            and said.replace(b".", b"").replace(b"-", b"").isascii()
        ):
            return said.decode()
    for folder, kind in OFFICE_FOLDERS.items():
        if "[Content_Types].xml" in names and any(name.startswith(folder) for name in names):
            return kind
    return "application/zip"


def names_in(data: bytes) -> list[str]:
    """What lies in a ZIP, by its directory; nothing where that cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return []


def is_text(data: bytes) -> bool:
    if b"\0" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def text_type(data: bytes) -> str:
    begins = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    found = (kind for mark, kind in TEXTS if begins.startswith(mark.lower()))
    return next(found, "text/plain")
