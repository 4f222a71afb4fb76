"""Snippets take their places before Liquid reads a template."""

import pytest

from accounts.models import Organisation
from campaigns.models import Snippet
from campaigns.rendering import RenderError
from campaigns.rendering.limits import MAX_SOURCE
from campaigns.rendering.snippets import Piece, as_piece, expand, names_in, pieces_for

PIECES = {"bye": as_piece("<p>Bye <b>now</b></p>", ""), "ps": as_piece("", 'P.S. <3\n{{ a | default: "b" }}')}


@pytest.mark.parametrize("tag", ['{% snippet "bye" %}', "{%- snippet 'bye' -%}", '{%snippet   "bye"%}'])
def test_every_way_to_write_the_tag_is_read(tag: str) -> None:
    assert names_in(f"a{tag}b") == {"bye"}
    assert expand(f"a{tag}b", PIECES, html=True) == "a<p>Bye <b>now</b></p>b"


def test_what_is_written_in_one_form_says_the_same_in_the_other() -> None:
    assert expand('{% snippet "bye" %}', PIECES, html=False) == "Bye now"
    assert expand('{% snippet "ps" %}', PIECES, html=True) == 'P.S. &lt;3<br>{{ a | default: "b" }}'


@pytest.mark.parametrize("name", ["none", ""])
def test_a_name_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(RenderError, match="snippet"):
        expand(f'{{% snippet "{name}" %}}', PIECES, html=True)


def test_snippets_cannot_make_a_template_larger_than_one_may_be() -> None:
    """Nor is more made on the way: all of it would be 10 GB."""
    large = {"x": Piece("y" * MAX_SOURCE, "")}
    with pytest.raises(RenderError, match="more than 500,000 characters"):
        expand('{% snippet "x" %}' * 20_000, large, html=True)


def test_snippets_that_take_each_other_in_without_end_are_refused() -> None:
    pieces = {"a": Piece('{% snippet "b" %}', ""), "b": Piece('{% snippet "a" %}', "")}
    with pytest.raises(RenderError, match="take each other in"):
        expand('{% snippet "a" %}', pieces, html=True)


def test_an_organisation_has_its_own(acme: Organisation, strangers: object) -> None:
    other = Organisation.objects.get(slug="other")
    Snippet.objects.create(organisation=other, name="bye", body_html="theirs")
    assert pieces_for(acme.pk, ['{% snippet "bye" %}']) == {}
    assert pieces_for(other.pk, ['{% snippet "bye" %}']) == {"bye": Piece("theirs", "theirs")}
