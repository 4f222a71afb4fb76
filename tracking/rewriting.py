"""Put tracked links and the pixel into a mail's HTML, and change nothing else in it, byte for byte.

The patterns follow the tokenizer of the HTML standard (WHATWG HTML 13.2.5). Every quantifier is possessive and what is
cut off ends at the end of the text, so that no template, however broken, is read twice: the time grows with its length.
"""

import re
from collections.abc import Callable
from html import unescape
from html.entities import html5
from urllib.parse import urlsplit

from django.conf import settings

from tracking.tokens import MAX_TARGET, PREFIX, Mark, click_url, pixel_url

BLANK = r" \t\n\r\f"
# What follows a "=": a quote that stands in a bare value is part of it.
VALUE = (
    rf"""[{BLANK}]*+(?:"(?P<double>[^"]*+)(?:"|\Z) | '(?P<single>[^']*+)(?:'|\Z)"""
    rf""" | (?P<bare>[^{BLANK}>"'][^{BLANK}>]*+))?+"""
)
ATTRIBUTES = re.compile(rf"(?P<name>[^{BLANK}/>=]++)(?:[{BLANK}]*+={VALUE})?+", re.VERBOSE)
# The rest of a tag after its name: all but ">", "=" and values says nothing about where it ends.
REST = rf"(?:[^>=]++ | ={re.sub('[?]P<[a-z]+>', '?:', VALUE)})*+"
# What a mail's HTML is made of: comments and raw-text elements, in which nothing is a tag, and tags.
PIECES = re.compile(
    rf"""<(?:
        !--(?:-?> | (?:[^-]++ | -(?!-!?>))*+(?:--!?>)?+)
      | (?P<link>a(?:rea)?+(?=[{BLANK}/]){REST}>)
      | (?P<body>/body(?=[{BLANK}/>]){REST}>)
      | (?P<raw>script|style|textarea|title|xmp|iframe|noembed|noframes)(?=[{BLANK}/>]){REST}>?+
        (?:[^<]++ | <(?!/(?P=raw)[{BLANK}/>]))*+
      | /?+[a-z][^{BLANK}/>]*+{REST}>?+
      | [!?/][^>]*+>?+
    )""",
    re.IGNORECASE | re.VERBOSE,
)
TAG_NAME = re.compile(rf"</?+[a-z][^{BLANK}/>]*+", re.IGNORECASE)
TAG = re.compile(rf"{TAG_NAME.pattern}{REST}>", re.IGNORECASE | re.VERBOSE)
VALUES = re.compile(rf"[^>=]++|={VALUE}", re.VERBOSE)  # what REST is made of
REFERENCE = re.compile(r"&(?:#[0-9]++;?+|#x[0-9a-f]++;?+|([a-z][a-z0-9]*+)(;|(?!=)))", re.IGNORECASE)
LONGEST_REFERENCE = 40  # html5's longest name has 33 characters
DROPPED = dict.fromkeys(map(ord, "\t\r\n"))
OUTER = "".join(map(chr, range(33)))


def decoded(value: str) -> str:
    """An attribute's value as a browser reads it (WHATWG HTML 13.2.5.73): `&section=5` is no "§" there, unlike in text,
    so `html.unescape` alone would break every query that was written without `&amp;`."""

    def reference(found: re.Match[str]) -> str:
        name, end = found[1], found[2]
        if name and name + end not in html5:
            return found[0]
        if len(found[0]) > LONGEST_REFERENCE:  # no character has such a number, and Python refuses to read it
            return "\ufffd"
        return unescape(found[0])

    return REFERENCE.sub(reference, value) if "&" in value else value


def href(tag: str) -> tuple[int, int, str] | None:
    """Where the value of an `<a>`'s or `<area>`'s first href stands (without quotes), and the URL that it means."""
    for attribute in ATTRIBUTES.finditer(tag, 5 if tag[:5].lower() == "<area" else 2):
        if attribute["name"].lower() != "href":
            continue
        form = attribute.lastgroup or "name"
        if form == "name":
            return None
        return attribute.start(form), attribute.end(form), meant(attribute[form])
    return None


def meant(value: str) -> str:
    """The URL that an href's value means: browsers drop line breaks and tabs, and what surrounds it (WHATWG URL 4.4)."""
    return decoded(value).translate(DROPPED).strip(OUTER)


def steady(html: str, hole: re.Pattern[str]) -> bool:
    """Whether any text without `<`, `>` and quotes may stand where `hole` matches, and all the rest of `html` is read as
    before: tags, links and where the body ends."""
    if any(html.startswith("<", found.start() - 1) for found in hole.finditer(html) if found.start()):
        return False
    return all(steady_piece(piece[0], piece.lastgroup, hole) for piece in PIECES.finditer(html))


def steady_piece(text: str, kind: str | None, hole: re.Pattern[str]) -> bool:
    """Whether holes stand only in quoted values of a tag, as both who looks for its end and who looks for its href read
    it, or in the text of an element that nothing before them can close."""
    holes = [found.span() for found in hole.finditer(text)]
    if not holes:
        return True
    if kind == "raw":
        opening = TAG.match(text)
        return opening is not None and opening.end() <= holes[0][0] and "<" not in text[opening.end() : holes[-1][0]]
    return bool(TAG.match(text)) and all(
        any(start <= at and end <= stop for start, stop in quoted(pattern, text))
        for pattern in (ATTRIBUTES, VALUES)
        for at, end in holes
    )


def quoted(pattern: re.Pattern[str], tag: str) -> list[tuple[int, int]]:
    """Where the quoted values of a tag stand; those with a `<` in them are left out: they may look like a body's end."""
    name = TAG_NAME.match(tag)
    found = pattern.finditer(tag, name.end() if name else 0)
    spans = [value.span(value.lastgroup) for value in found if value.lastgroup in ("double", "single")]
    return [(start, end) for start, end in spans if "<" not in tag[start:end]]


def trackable(url: str) -> bool:
    """Only web links, and none of our own (the unsubscribe link stays what it is)."""
    if not url[:8].lower().startswith(("http://", "https://")):
        return False
    if url.startswith(settings.PUBLIC_URL + PREFIX):
        return False
    try:
        return len(url.encode()) <= MAX_TARGET and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def track_html(html: str, mark: Mark, *, opens: bool, clicks: bool) -> str:
    """`html` with its web links leading through us (`clicks`) and the pixel before the last `</body>` (`opens`)."""

    def through_us(written: str, url: str) -> str:
        return click_url(mark, url) if trackable(url) else written

    return rewrite(html, pixel_tag(pixel_url(mark)) if opens else "", through_us if clicks else None)


def pixel_tag(url: str) -> str:
    return f'<img src="{url}" width="1" height="1" alt="" style="display:block;border:0">'


def rewrite(html: str, pixel: str, link: Callable[[str, str], str] | None) -> str:
    """`html` with `pixel` before the last `</body>`, or at its end, and each link's target as `link` makes it of what is
    written there and the URL that it means."""
    parts: list[str] = []
    done, end, end_part = 0, len(html), -1
    for piece in PIECES.finditer(html):
        kind = piece.lastgroup
        if kind == "link" and link:
            if found := href(piece[0]):
                start, stop = piece.start() + found[0], piece.start() + found[1]
                parts += html[done:start], link(html[start:stop], found[2])
                done = stop
        elif kind == "body":
            parts.append(html[done : piece.start()])
            done = end = piece.start()
            end_part = len(parts)
    parts.append(html[done:])
    if pixel:
        parts.insert(end_part if end < len(html) else len(parts), pixel)
    return "".join(parts)


def links(html: str) -> list[str]:
    """Every link target in a mail, in order, entities decoded: for the preflight."""
    tags = (piece[0] for piece in PIECES.finditer(html) if piece.lastgroup == "link")
    return [found[2] for tag in tags if (found := href(tag))]


__all__ = ["links", "meant", "pixel_tag", "rewrite", "steady", "track_html", "trackable"]
