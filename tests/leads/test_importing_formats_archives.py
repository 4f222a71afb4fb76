"""What people pack is unpacked; what would fill the disk is not."""

import contextlib
import gzip
import io
import zipfile
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.importing.read import Unreadable
from leads.importing.receive import Received, receive
from leads.importing.uploads import path_of

PEOPLE = b"Email,Name\nanna@b.example,Anna\n"
CARD = b"BEGIN:VCARD\nEMAIL:zoe@b.example\nEND:VCARD\n"


def zipped(files: dict[str, bytes], **options: Any) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", **{"compression": zipfile.ZIP_DEFLATED, **options}) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def received(content: bytes, name: str = "upload") -> list[Received]:
    with ExitStack() as undo:
        found = receive([content], name, undo)
        undo.pop_all()
    return found


def refusal(content: bytes, name: str = "upload") -> str:
    """What is said of it; nothing of it is kept."""
    with pytest.raises(Unreadable) as refused:
        received(content, name)
    folder = path_of("imports")
    assert not folder.exists() or not list(folder.iterdir())
    return str(refused.value)


def test_gzip_is_unpacked_and_loses_the_end_of_its_name() -> None:
    [found] = received(gzip.compress(PEOPLE), "people.csv.gz")
    assert (found.name, found.separator) == ("people.csv", "")
    assert path_of(found.file).read_bytes() == PEOPLE
    assert len(list(path_of("imports").iterdir())) == 1


def test_each_list_in_a_zip_is_a_file_of_its_own() -> None:
    files = {"a/people.csv": PEOPLE, "cards.vcf": CARD, "a/": b"", "__MACOSX/._people.csv": b"\0", "read.me": b"Hello"}
    found = received(zipped(files), "export.zip")
    assert [one.name for one in found] == ["people.csv", "cards.vcf"]
    assert path_of(found[0].file).read_bytes() == PEOPLE
    assert len(list(path_of("imports").iterdir())) == 2


def test_a_name_in_a_zip_leads_nowhere() -> None:
    [found] = received(zipped({"../../etc/people.csv": PEOPLE}))
    assert found.name == "people.csv"
    assert path_of(found.file).parent == path_of("imports")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped({"read.me": b"Hello", "logo.png": b"x"}), "no list of contacts"),
        (zipped({"people.csv": PEOPLE, "more.zip": zipped({"people.csv": PEOPLE})}), "archive inside the archive"),
        (zipped({"people.csv": zipped({"people.csv": PEOPLE})}), "people.csv: There is an archive inside"),
        (gzip.compress(zipped({"people.csv": PEOPLE})), "archive inside the archive"),
        (gzip.compress(gzip.compress(PEOPLE)), "archive inside the archive"),
        (zipped({"people.csv": PEOPLE, "photo.txt": b"\x89PNG\r\n"}), "photo.txt: This is a picture"),
        (zipped({f"{n}.csv": PEOPLE for n in range(21)}), "more than 20 files"),
        (zipped({f"{n}.jpg": b"" for n in range(1001)}), "more than 1,000 entries"),
        (zipped({"people.csv": PEOPLE}, compression=zipfile.ZIP_LZMA), "unusual way"),
        (zipped({"people.csv": bytes(20 << 20)}), "unpacks to far more"),
        (gzip.compress(bytes(20 << 20)), "unpacks to far more"),
        (gzip.compress(PEOPLE)[:-12], "damaged"),
        (zipped({"people.csv": PEOPLE * 50})[:-30], "damaged"),
        (b"PK\x03\x04\x14\0\0\0", "damaged"),
        (zipped({"word/document.xml": b"<w/>"}), "Word document"),
        (zipped({"Index/Document.iwa": b"x"}), "Numbers"),
        (zipped({"mimetype": b"application/vnd.oasis.opendocument.text"}), "no spreadsheet"),
        (gzip.compress(b""), "empty"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "picture"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"", "empty"),
    ],
    ids=lambda given: given if isinstance(given, str) else "bytes",  # which hold the time they were made
)
def test_what_cannot_be_taken_says_why_and_leaves_nothing(content: bytes, words: str) -> None:
    assert words in refusal(content)


def test_an_archive_with_a_password_says_so() -> None:
    content = bytearray(zipped({"people.csv": PEOPLE}))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + at] |= 1
    assert "protected with a password" in refusal(bytes(content))


def test_a_damaged_entry_says_so() -> None:
    content = bytearray(zipped({"people.csv": PEOPLE}, compression=zipfile.ZIP_STORED))
    content[content.index(b"anna")] ^= 1
    assert "damaged" in refusal(bytes(content))


def test_the_files_of_an_archive_together_are_limited(settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 2 << 20
    files = {f"{n}.csv": PEOPLE * 30_000 for n in range(3)}
    assert "2.csv: Unpacked" in refusal(zipped(files))
    assert "larger than 2 MB" in refusal(gzip.compress(PEOPLE * 100_000))


def test_a_list_of_entries_that_lies_is_not_read() -> None:
    content = bytearray(zipped({"people.csv": PEOPLE}))
    end = content.index(b"PK\x05\x06")
    content[end + 12 : end + 16] = (1 << 30).to_bytes(4, "little")
    assert "1,000 entries" in refusal(bytes(content))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([zipped({"people.csv": PEOPLE, "cards.vcf": CARD}), gzip.compress(PEOPLE), CARD]),
    st.integers(0, 400),
    st.binary(max_size=6),
)
def test_whatever_is_broken_in_them_it_is_a_file_or_a_clear_error(content: bytes, at: int, other: bytes) -> None:
    broken = content[: at % len(content)] + other + content[at % len(content) + len(other) :]
    found: list[Received] = []
    with contextlib.suppress(Unreadable):
        found = received(broken)
    assert all(path_of(one.file).is_file() for one in found)
