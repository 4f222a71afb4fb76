"""The API's base: pages by cursor, opaque ids, bodies without unknown fields."""

from typing import Any

import pytest
from pydantic import ValidationError

from accounts.models import Organisation
from ecrm.problems import Problem
from ecrm.rest import Body, decode_cursor, encode_cursor, page, row_id


class Named(Body):
    name: str


def show(row: Organisation) -> dict[str, Any]:
    return {"slug": row.slug}


@pytest.fixture
def five(db: None) -> list[str]:
    return [Organisation.objects.create(name=str(n), slug=f"o{n}").slug for n in range(5)]


def test_pages_follow_each_other_newest_first(five: list[str]) -> None:
    seen, cursor = [], ""
    for _ in range(3):
        answer = page(Organisation.objects.all(), show, 2, cursor)
        seen += [item["slug"] for item in answer["items"]]
        cursor = answer["next"]
    assert seen == list(reversed(five))
    assert cursor is None


def test_a_row_that_comes_in_between_moves_nothing(five: list[str]) -> None:
    first = page(Organisation.objects.all(), show, 3, "")
    Organisation.objects.create(name="new", slug="new")
    second = page(Organisation.objects.all(), show, 3, first["next"])
    assert [item["slug"] for item in second["items"]] == ["o1", "o0"]


@pytest.mark.django_db
@pytest.mark.parametrize("limit", [0, -1, 501])
def test_a_limit_has_limits(limit: int) -> None:
    with pytest.raises(Problem) as caught:
        page(Organisation.objects.all(), show, limit, "")
    assert caught.value.status == 422
    assert caught.value.errors[0]["field"] == "limit"


@pytest.mark.parametrize("cursor", ["x", "====", "ÄÖ", "%00", "bm90IGEgbnVtYmVy"])
def test_a_cursor_of_somebody_elses_making_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as caught:
        decode_cursor(cursor)
    assert caught.value.status == 422
    assert caught.value.errors[0]["field"] == "cursor"


@pytest.mark.parametrize("number", [0, -1, 10**30, -(10**30)])
def test_a_cursor_beyond_every_row_does_no_harm(five: list[str], number: int) -> None:
    found = page(Organisation.objects.all(), show, 500, encode_cursor(number))
    assert len(found["items"]) == (5 if number > 0 else 0)


def test_a_cursor_comes_back() -> None:
    assert decode_cursor(encode_cursor(1234567)) == 1234567


@pytest.mark.parametrize("text", ["", "-1", "1.0", " 1", "١", "1" * 19, "x", "\0"])
def test_an_id_of_somebody_elses_making_is_no_row(text: str) -> None:
    assert row_id(text) == -1


def test_an_id_is_a_number_in_disguise() -> None:
    assert row_id("42") == 42


def test_a_body_refuses_what_it_does_not_know_and_strips_the_rest() -> None:
    assert Named.model_validate({"name": " Ada "}).name == "Ada"
    with pytest.raises(ValidationError):
        Named.model_validate({"name": "Ada", "nmae": "Ada"})
