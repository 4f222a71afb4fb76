"""Snippets take their places in a template before Liquid reads it, so that everything that holds for the template holds for
what they bring along: its limits, its checks, and the prepared way to each lead's mail.

In: a template with `{% snippet "name" %}`. Out: the template without. What may fail: a name that is not there, or snippets
that take each other in without end: `RenderError`.
"""

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import NamedTuple

from campaigns.models import Snippet
from campaigns.rendering.limits import MAX_SOURCE
from campaigns.rendering.plain import html_to_text
from campaigns.rendering.templates import RenderError

TAG = re.compile(r"""\{%-?\s{0,20}snippet\s{1,20}(?:"([^"{}%]{0,100})"|'([^'{}%]{0,100})')\s{0,20}-?%\}""")
LIQUID = re.compile(r"(\{\{[^{}]*\}\}|\{%[^{}]*%\})")
DEEPEST = 5


class Piece(NamedTuple):
    """A snippet as HTML and as plain text."""

    html: str
    text: str


Pieces = Mapping[str, Piece]


def names_in(source: str) -> set[str]:
    """The snippets that a template takes in itself."""
    return {found[1] or found[2] or "" for found in TAG.finditer(source)} if "snippet" in source else set()


def expand(source: str, pieces: Pieces, *, html: bool) -> str:
    """`source` with its snippets in place; raises RenderError."""
    for _ in range(DEEPEST):
        if not names_in(source):
            return source
        bodies = (piece_of(found[1] or found[2] or "", pieces, html=html) for found in TAG.finditer(source))
        # Before it is put together: thousands of large ones would be more than any memory holds.
        if len(source) + sum(map(len, bodies)) > MAX_SOURCE:
            raise RenderError(f"With its snippets the template has more than {MAX_SOURCE:,} characters.")
        source = TAG.sub(lambda found: piece_of(found[1] or found[2] or "", pieces, html=html), source)
    if names_in(source):
        raise RenderError(f"Snippets take each other in more than {DEEPEST} times over.")
    return source


def piece_of(name: str, pieces: Pieces, *, html: bool) -> str:
    if name not in pieces:
        raise RenderError(f"There is no snippet {name or 'without a name'}.")
    return pieces[name].html if html else pieces[name].text


def pieces_for(organisation: int, sources: Iterable[str]) -> dict[str, Piece]:
    """The snippets of the organisation with this id that these templates need, through others too; asks the database only
    where they name one.
    """
    found: dict[str, Piece] = {}
    wanted = {name for source in sources for name in names_in(source)}
    for _ in range(DEEPEST):
        if not wanted:
            break
        rows = Snippet.objects.filter(organisation=organisation, name__in=wanted)
        fresh = {row.name: as_piece(row.body_html, row.body_text) for row in rows}
        found |= fresh
        wanted = {name for piece in fresh.values() for source in piece for name in names_in(source)} - found.keys()
    return found


def text_as_html(text: str) -> str:
    """Plain text as HTML, line for line, its Liquid left alone."""
    parts = enumerate(LIQUID.split(text))
    return "".join(part if at % 2 else escape(part).replace("\n", "<br>") for at, part in parts)


def as_piece(body_html: str, body_text: str) -> Piece:
    """A snippet that is written in one form only says the same in the other."""
    return Piece(body_html or text_as_html(body_text), body_text or html_to_text(body_html))
