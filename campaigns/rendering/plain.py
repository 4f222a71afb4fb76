"""The plain-text part of a mail that was written as HTML only."""

from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from lxml import html as parser

# Links are shown with their targets: a reader of the text part has nothing else to follow.
CONFIG = ParserConfig(css=CSS_PROFILES["strict"], display_links=False, display_anchors=False)


def html_to_text(html: str) -> str:
    """`html` as readable text: paragraphs, lists and tables kept, link targets behind their words."""
    text = get_text(with_targets(html), CONFIG)
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
    tree = parser.fromstring(f"<div>{html}</div>")
    for link in tree.iter("a"):
        target = link.get("href", "")
        words = link.text_content().strip()
        if target.startswith(("http://", "https://", "{{")) and target != words:
            last = link[-1] if len(link) else None
            if last is None:
                link.text = f"{link.text or ''} ({target})"
            else:
                last.tail = f"{last.tail or ''} ({target})"
    return str(parser.tostring(tree, encoding="unicode"))
