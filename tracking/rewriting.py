"""Put tracked links and the pixel into a mail's HTML, and change nothing else in it, byte for byte.

The patterns follow the tokenizer of the HTML standard (WHATWG HTML 13.2.5). Every quantifier is possessive and what is
cut off ends at the end of the text, so that no template, however broken, is read twice: the time grows with its length.
"""

import re
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
        # Browsers drop line breaks and tabs, and what surrounds the URL (WHATWG URL 4.4).
        url = decoded(attribute[form]).translate(DROPPED).strip(OUTER)
        return attribute.start(form), attribute.end(form), url
    return None


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
    parts: list[str] = []
    done, end, end_part = 0, len(html), -1
    for piece in PIECES.finditer(html):
        kind = piece.lastgroup
        if kind == "link" and clicks:
            found = href(piece[0])
            if found and trackable(found[2]):
                start = piece.start()
                parts += html[done : start + found[0]], click_url(mark, found[2])
                done = start + found[1]
        elif kind == "body":
            parts.append(html[done : piece.start()])
            done = end = piece.start()
            end_part = len(parts)
    parts.append(html[done:])
    if opens:
        pixel = f'<img src="{pixel_url(mark)}" width="1" height="1" alt="" style="display:block;border:0">'
        parts.insert(end_part if end < len(html) else len(parts), pixel)
    return "".join(parts)


def links(html: str) -> list[str]:
    """Every link target in a mail, in order, entities decoded: for the preflight."""
    tags = (piece[0] for piece in PIECES.finditer(html) if piece.lastgroup == "link")
    return [found[2] for tag in tags if (found := href(tag))]


__all__ = ["links", "track_html"]
