"""What a variant's mails are made of, read from the database at once: the engine renders while its connection is busy."""

from collections.abc import Collection
from dataclasses import dataclass

from campaigns.models import Variant
from campaigns.rendering.snippets import Pieces, expand, pieces_for
from campaigns.rendering.templates import RenderError


@dataclass(frozen=True)
class Content:
    """A variant's templates with their snippets in place. `problem`: why there can be no mail of it."""

    html: str = ""
    text: str = ""
    problem: str = ""


def content_of(variant: Variant) -> Content:
    return contents([variant])[0]


def contents(variants: Collection[Variant]) -> list[Content]:
    """The contents of variants of one organisation, in their order; asks the database only where one names a snippet."""
    organisation = next((variant.organisation_id for variant in variants), 0)
    pieces = pieces_for(organisation, (body for one in variants for body in (one.body_html, one.body_text)))
    return [with_pieces(variant, pieces) for variant in variants]


def with_pieces(variant: Variant, pieces: Pieces) -> Content:
    try:
        return Content(expand(variant.body_html, pieces, html=True), expand(variant.body_text, pieces, html=False))
    except RenderError as error:
        return Content(problem=str(error))
