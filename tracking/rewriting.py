"""Put tracked links and the pixel into a mail's HTML, and change nothing else in it, byte for byte."""

import re
from html import unescape
from urllib.parse import urlsplit

from django.conf import settings

from tracking.tokens import MAX_TARGET, PREFIX, Mark, click_url, pixel_url

# What a mail's HTML is made of, as far as links go: comments and raw-text elements, in which nothing is a tag, and start
# tags, whose attribute values may hold ">". Text matches nothing and is passed over at the speed of the engine.
PIECES = re.compile(
    r"""<!--.*?(?:-->|\Z)
      | <(?P<raw>script|style|textarea|title|xmp)\b[^>]*>.*?(?:</(?P=raw)\s*>|\Z)
      | (?P<tag><(?:a|area)(?=[\s/])(?:[^>"'] | "[^"]*" | '[^']*')*>)
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
# The attributes of one tag: the first href counts, as in a browser.
ATTRIBUTE = re.compile(
    r"""(?P<name>[^\s"'>/=]+)(?:\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"'=<>`]+)))?""",
    re.DOTALL,
)
END_OF_BODY = re.compile(r"</body\s*>", re.IGNORECASE)


def href(tag: str) -> tuple[int, int, str] | None:
    """Where the value of a tag's first href stands in it (without quotes), and the URL it means; None without one."""
    start = re.match(r"<\w+", tag)
    for attribute in ATTRIBUTE.finditer(tag, start.end() if start else 1):
        if attribute["name"].lower() != "href":
            continue
        for form in ("double", "single", "bare"):
            if attribute[form] is not None:
                # Browsers drop line breaks and tabs and surrounding blanks (WHATWG URL 4.4).
                url = re.sub(r"[\r\n\t]", "", unescape(attribute[form])).strip(" \x0c")
                return attribute.start(form), attribute.end(form), url
        return None
    return None


def trackable(url: str) -> bool:
    """Only web links, and none of our own (the unsubscribe link stays what it is)."""
    if not url[:8].lower().startswith(("http://", "https://")) or len(url) > MAX_TARGET:
        return False
    if url.startswith(settings.PUBLIC_URL + PREFIX):
        return False
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def track_html(html: str, mark: Mark, *, opens: bool, clicks: bool) -> str:
    """`html` with its web links leading through us (`clicks`) and the pixel before `</body>` (`opens`)."""
    if clicks:
        html = PIECES.sub(lambda piece: tracked(piece, mark), html)
    if not opens:
        return html
    pixel = f'<img src="{pixel_url(mark)}" width="1" height="1" alt="" style="display:block;border:0">'
    ends = list(END_OF_BODY.finditer(html))
    at = ends[-1].start() if ends else len(html)
    return f"{html[:at]}{pixel}{html[at:]}"


def tracked(piece: re.Match[str], mark: Mark) -> str:
    tag = piece["tag"]
    found = href(tag) if tag else None
    if found is None or not trackable(found[2]):
        return piece[0]
    start, end, url = found
    return f"{tag[:start]}{click_url(mark, url)}{tag[end:]}"


def links(html: str) -> list[str]:
    """Every link target in a mail, in order, entities decoded: for the preflight."""
    tags = (piece["tag"] for piece in PIECES.finditer(html) if piece["tag"])
    return [found[2] for tag in tags if (found := href(tag))]


__all__ = ["links", "track_html"]
