"""The plain-text part of a mail that was written as HTML only."""

import re

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from lxml import html as parser
from lxml.etree import LxmlError

from campaigns.rendering.templates import RenderError

# Links are shown with their targets: a reader of the text part has nothing else to follow.
CONFIG = ParserConfig(css=CSS_PROFILES["strict"], display_links=False, display_anchors=False)
# What no XML document, and so no tree of lxml's, can hold (XML 1.0 2.2); `&#1;` brings it in.
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def html_to_text(html: str) -> str:
    """`html` as readable text: paragraphs, lists and tables kept, link targets behind their words.

    Raises RenderError for what the parser cannot make sense of.
    """
    try:
        text = get_text(with_targets(html), CONFIG)
    except (LxmlError, RecursionError, ValueError) as error:
        raise RenderError(f"The HTML cannot be turned into plain text: {error}.") from error
    lines = [line.rstrip() for line in text.splitlines()]
    return "\n".join(collapse(lines)).strip()


def collapse(lines: list[str]) -> list[str]:
    """At most one empty line in a row."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return kept


def with_targets(html: str) -> str:
    """`html` with each link's target written behind its words, where it is not the words themselves."""
    if not html.strip():
        return ""
    tree = parser.fromstring(f"<div>{NO_XML.sub('', html)}</div>")
    for link in tree.iter("a"):
        target = link.get("href", "")
        words = link.text_content().strip()
        if target.startswith(("http://", "https://", "{{")) and target != words:
            last = link[-1] if len(link) else None
            if last is None:
                link.text = NO_XML.sub("", f"{link.text or ''} ({target})")
            else:
                last.tail = NO_XML.sub("", f"{last.tail or ''} ({target})")
    return str(parser.tostring(tree, encoding="unicode"))
