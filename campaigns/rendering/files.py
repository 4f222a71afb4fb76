"""Files as parts of a mail: encoded once, for all mails and threads of this process.

The encoded bytes of what was used last are kept, up to KEPT_BYTES; a mail that carries more has its own for as long as it is
in hand.
"""

import base64
import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from email.message import Message

from campaigns.models import MailFile
from campaigns.rendering.mime import Chunks

KEPT_BYTES = 64 << 20


@dataclass(frozen=True)
class EncodedFile:
    """A file's headers, as an attachment and as an inline image, and its bytes in base64 (RFC 2045 6.8)."""

    name: str
    size: int  # in bytes, before it was encoded
    reference: str  # how HTML names it
    content_type: str
    as_attachment: bytes
    as_image: bytes
    body: bytes

    @property
    def attached(self) -> Chunks:
        return self.as_attachment, self.body

    @property
    def inline(self) -> Chunks:
        return self.as_image, self.body

    @property
    def data_url(self) -> str:
        """The file within a page."""
        return f"data:{self.content_type};base64,{self.body.decode().replace(chr(13) + chr(10), '')}"


def encoded(file: MailFile) -> EncodedFile:
    body = base64.encodebytes(file.data).replace(b"\n", b"\r\n")
    return EncodedFile(
        *(file.name, file.size, f"cid:{file.content_id}", file.content_type),
        *(head(file, "attachment"), head(file, "inline"), body),
    )


def head(file: MailFile, disposition: str) -> bytes:
    """The part's headers (RFC 2183; RFC 2392 for the image's id), a name beyond ASCII as RFC 2231 has it."""
    name = file.name if file.name.isascii() else ("utf-8", "", file.name)
    part = Message()
    part.add_header("Content-Type", file.content_type, name=name)
    if file.content_type.startswith("text/"):
        part.set_param("charset", "utf-8")
    part["Content-Transfer-Encoding"] = "base64"
    part.add_header("Content-Disposition", disposition, filename=name)
    if disposition == "inline":
        part["Content-ID"] = f"<{file.content_id}>"
    return part.as_bytes().replace(b"\n", b"\r\n")


class Cupboard:
    """Encoded files by their ids, those that were used last; for all threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.lock = threading.Lock()
        self.files: OrderedDict[int, EncodedFile] = OrderedDict()
        self.size = 0

    def get(self, pk: int) -> EncodedFile | None:
        with self.lock:
            if pk in self.files:
                self.files.move_to_end(pk)
            return self.files.get(pk)

    def put(self, pk: int, file: EncodedFile) -> None:
        with self.lock:
            if pk in self.files or len(file.body) > self.most:
                return
            self.files[pk] = file
            self.size += len(file.body)
            while self.size > self.most:
                _, oldest = self.files.popitem(last=False)
                self.size -= len(oldest.body)


cupboard = Cupboard(KEPT_BYTES)


def encoded_files(organisation: int, ids: Collection[int]) -> dict[int, EncodedFile]:
    """The files of the organisation with this id by theirs; what is not there is left out."""
    ours = MailFile.objects.filter(organisation=organisation, pk__in=ids)
    # Ids stand in what people wrote: that a file is the organisation's is asked each time, its bytes are not.
    return {pk: file for pk in ours.values_list("pk", flat=True) if (file := cupboard.get(pk) or fetched(pk))}


def fetched(pk: int) -> EncodedFile | None:
    """A file from the database; None where it was deleted this very moment."""
    row = MailFile.objects.filter(pk=pk).first()
    if row is None:
        return None
    file = encoded(row)
    cupboard.put(pk, file)
    return file
