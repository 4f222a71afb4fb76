"""An organisation's slug: short, in ASCII, nobody else's."""

import pytest

from accounts.models import Organisation


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Søhne & Töchter", "sohne-tochter"),
        ("Weiß Ærlig Łódź Þór", "weiss-aerlig-lodz-thor"),
        ("Đặng Œuvre", "dang-oeuvre"),
        ("株式会社", "organisation"),
        (f"{'a' * 47} b", "a" * 47),
    ],
)
def test_a_slug_keeps_every_letter_that_has_an_ascii_form(name: str, slug: str) -> None:
    assert Organisation.free_slug(name) == slug


@pytest.mark.django_db
def test_a_slug_that_is_taken_or_reserved_gets_an_addition() -> None:
    Organisation.objects.create(name="Acme", slug="acme")
    for name in ("Acme", "API"):
        assert Organisation.free_slug(name).startswith(f"{name.lower()}-")
