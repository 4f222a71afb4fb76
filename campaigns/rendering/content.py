"""What a variant's mails are made of, read from the database at once: the engine renders while its connection is busy."""

from collections.abc import Collection
from dataclasses import dataclass

from campaigns.models import Variant
from campaigns.models.content import CONTENT_ID
from campaigns.rendering.files import EncodedFile, encoded_files
from campaigns.rendering.snippets import Pieces, expand, pieces_for
from campaigns.rendering.templates import RenderError


@dataclass(frozen=True)
class Content:
    """A variant's templates with their snippets in place, and its files. `problem`: why there can be no
    mail of it.
    """

    html: str = ""
    text: str = ""
    images: tuple[EncodedFile, ...] = ()
    attached: tuple[EncodedFile, ...] = ()
    problem: str = ""


def content_of(variant: Variant) -> Content:
    return contents([variant])[0]


def contents(variants: Collection[Variant]) -> list[Content]:
    """The contents of variants of one organisation, in their order; two questions to the database at most, none where no
    variant has a snippet or a file.
    """
    organisation = next((variant.organisation_id for variant in variants), 0)
    pieces = pieces_for(organisation, (body for one in variants for body in (one.body_html, one.body_text)))
    bodies = [bodies_of(variant, pieces) for variant in variants]
    ids = {
        pk for variant, (html, _, _) in zip(variants, bodies, strict=True) for pk in (*variant.files, *image_ids(html))
    }
    files = encoded_files(organisation, ids) if ids else {}
    return [with_files(variant, *body, files) for variant, body in zip(variants, bodies, strict=True)]


def bodies_of(variant: Variant, pieces: Pieces) -> tuple[str, str, str]:
    """HTML and text with the snippets in place, and what is wrong."""
    try:
        return expand(variant.body_html, pieces, html=True), expand(variant.body_text, pieces, html=False), ""
    except RenderError as error:
        return "", "", str(error)


def image_ids(html: str) -> list[int]:
    """The files that HTML shows as images, each once, in order."""
    return list(dict.fromkeys(int(found[1]) for found in CONTENT_ID.finditer(html))) if "cid:" in html else []


def file_ids(variant: Variant) -> list[int]:
    """Every file that the variant's mails carry, each once."""
    return list(dict.fromkeys((*variant.files, *image_ids(content_html(variant)))))


def content_html(variant: Variant) -> str:
    """The variant's HTML with its snippets in place; empty where that cannot be."""
    return bodies_of(variant, pieces_for(variant.organisation_id, [variant.body_html, variant.body_text]))[0]


def with_files(variant: Variant, html: str, text: str, problem: str, files: dict[int, EncodedFile]) -> Content:
    images = image_ids(html)
    if any(pk not in files for pk in (*variant.files, *images)):
        problem = problem or "A file of this mail was deleted. Attach it again, or take it out."
    return Content(
        html,
        text,
        tuple(files[pk] for pk in images if pk in files),
        tuple(files[pk] for pk in variant.files if pk in files),
        problem,
    )
