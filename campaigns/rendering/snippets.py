"""Snippets take their places in a template before Liquid reads it, so that everything that holds for the template holds for
what they bring along: its limits, its checks, and the prepared way to each lead's mail.

In: a template with `{% snippet "name" %}`. Out: the template without. What may fail: a name that is not there, or more text
than a template may have: `RenderError`. A snippet takes no other in, so that none can grow without end.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape
from typing import NamedTuple

from campaigns.models import Snippet
from campaigns.rendering.limits import MAX_SOURCE
from campaigns.rendering.plain import html_to_text
from campaigns.rendering.templates import RenderError

TAG = re.compile(r"""\{%-?\s{0,20}snippet\s{1,20}(?:"([^"{}%]{0,100})"|'([^'{}%]{0,100})')\s{0,20}-?%\}""")
LIQUID = re.compile(r"(\{\{[^{}]*\}\}|\{%[^{}]*%\})")


class Piece(NamedTuple):
    """A snippet as it was written; in one form only, it says the same in the other."""

    html: str
    text: str

    def body(self, *, html: bool) -> str:
        """What takes its place in a template of HTML or of plain text; raises RenderError."""
        if html:
            return self.html or text_as_html(self.text)
        return self.text or derived_text(self.html)


Pieces = Mapping[str, Piece]


def names_in(source: str) -> list[str]:
    """The snippets that a template takes in, in order, as often as it does."""
    return [name_of(found) for found in TAG.finditer(source)] if "snippet" in source else []


def name_of(found: re.Match[str]) -> str:
    return found[1] or found[2] or ""


def expand(source: str, pieces: Pieces, *, html: bool) -> str:
    """`source` with its snippets in place; raises RenderError."""
    names = names_in(source)
    if not names:
        return source
    for name in names:
        if name not in pieces:
            raise RenderError(f"There is no snippet “{name}”." if name else "A snippet without a name.")
    bodies = {name: pieces[name].body(html=html) for name in set(names)}
    if len(source) + sum(len(bodies[name]) for name in names) > MAX_SOURCE:
        raise RenderError(f"With its snippets the template has more than {MAX_SOURCE:,} characters.")
    return TAG.sub(lambda found: bodies[name_of(found)], source)


def pieces_for(organisation: int, sources: Iterable[str]) -> dict[str, Piece]:
    """The snippets of the organisation with this id that these templates name; asks the database only where they do."""
    wanted = {name for source in sources for name in names_in(source)}
    if not wanted:
        return {}
    rows = Snippet.objects.filter(organisation=organisation, name__in=wanted)
    return {row.name: Piece(row.body_html, row.body_text) for row in rows}


@lru_cache(maxsize=256)
def derived_text(html: str) -> str:
    return html_to_text(html)


def text_as_html(text: str) -> str:
    """Plain text as HTML, line for line, its Liquid left alone."""
    parts = enumerate(LIQUID.split(text))
    return "".join(part if at % 2 else escape(part).replace("\n", "<br>") for at, part in parts)
