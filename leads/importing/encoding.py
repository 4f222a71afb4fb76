"""Which encoding a file is written in: its BOM, else UTF-8 where that fits, else what its letters look like."""

import codecs
import re
from pathlib import Path

from charset_normalizer import from_bytes

from leads.importing.vocabulary import meaning

# A codec's name → what a person calls it; these can be chosen.
ENCODINGS = {
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16 (Unicode text)",
    "cp1252": "Western European (Windows-1252, Latin-1)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Cyrillic (Windows-1251)",
    "koi8_r": "Cyrillic (KOI8-R)",
    "cp1253": "Greek (Windows-1253)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1255": "Hebrew (Windows-1255)",
    "cp1256": "Arabic (Windows-1256)",
    "cp1257": "Baltic (Windows-1257)",
    "cp932": "Japanese (Shift JIS)",
    "gb18030": "Simplified Chinese (GB 18030)",
    "big5": "Traditional Chinese (Big5)",
    "cp949": "Korean (Windows-949)",
    "mac_roman": "Western European (old Macintosh)",
}
# Found, never chosen: UTF-16 without its mark.
UNMARKED = {"utf-16-le": "UTF-16 (Unicode text)", "utf-16-be": "UTF-16 (Unicode text)"}
GUESSED = [name for name in ENCODINGS if not name.startswith("utf")]
WESTERN = "cp1252"

CHUNK = 1 << 20
SAMPLE = 1 << 16  # bytes of lines beyond ASCII are enough to tell an encoding
CELL_ENDS = re.compile(r"[,;|\t\r\n\"]+")
HEADER_CHARS = 4096  # a header that names columns in the right encoding says most
# What stands inside words only where a text is read in the wrong encoding: £ukasz, Wi¶niewski.
ODD = re.compile(r"\w[^\w\s.,;:'’\"&@()/+-]\w|[¡-¿×÷]\w|\w[€‚ƒ„…†‡ˆ‰‹‘“”•˜™›¢-¿×÷]")


def encoding_of(path: Path) -> str:
    """A key of ENCODINGS or UNMARKED."""
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if unmarked := unmarked_utf16(start):
        return unmarked
    sample = sample_of(path)
    return "utf-8-sig" if is_utf8(sample) else guess(sample)


def unmarked_utf16(start: bytes) -> str:
    """ASCII in UTF-16 has a NUL in every other byte."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    half = len(start) // 2
    if half >= 4 and odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if half >= 4 and even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    return ""


def sample_of(path: Path) -> bytes:
    """The lines that are not plain ASCII, whole, until there are enough; empty for a file that is."""
    sample = rest = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            *lines, rest = (rest + chunk).split(b"\n") if len(rest) < CHUNK else (rest, chunk)
            sample += b"".join(line + b"\n" for line in lines if not line.isascii())
            if len(sample) > SAMPLE:
                return sample
    return sample if rest.isascii() else sample + rest


def is_utf8(sample: bytes) -> bool:
    """Whether the bytes beyond ASCII are UTF-8, but for a few that are broken."""
    text = sample.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    fit = sum(not char.isascii() for char in text) - broken
    return fit >= 3 * broken


def guess(sample: bytes) -> str:
    """The encoding in which `sample` looks least odd; of those the likeliest, Western European where it is a tie."""
    sample = sample[:SAMPLE]
    # A match stands for every encoding that reads the sample alike.
    matches = from_bytes(sample, cp_isolation=GUESSED)
    candidates = {name: match for match in matches for name in match.could_be_from_charset if name in ENCODINGS}
    if not candidates:
        return WESTERN

    def rank(name: str) -> tuple[int, float, int, float, bool]:
        match = candidates[name]
        text = sample.decode(name, errors="replace")
        known = sum(
            meaning(word) is not None for word in set(CELL_ENDS.split(text[:HEADER_CHARS])) if not word.isascii()
        )
        odd = len(ODD.findall(text))
        return -known, round(match.chaos, 1), odd, -round(match.coherence, 1), name != WESTERN

    return min(candidates, key=rank)
