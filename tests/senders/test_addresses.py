"""A sender's address: beyond ASCII too, in one form, and said in words where it is none."""

import pytest
from django.core.exceptions import ValidationError

from leads.addresses import normalise_email
from senders.addresses import normal_address


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" alice@Acme.Example ", "alice@acme.example"),
        ("jürgen@bücher.example", "jürgen@bücher.example"),
        ("alice@xn--bcher-kva.example", "alice@bücher.example"),
        ("用户@例子.example", "用户@例子.example"),
    ],
)
def test_what_leads_may_have_a_sender_may_have(typed: str, kept: str) -> None:
    assert normal_address(typed) == normal_address(kept) == kept
    assert normalise_email(typed).email == kept


def test_a_reserved_domain_for_tests_passes() -> None:
    assert normal_address("alice@acme.test") == "alice@acme.test"


@pytest.mark.parametrize(
    "typed", ["", "alice", "alice@", "a b@acme.example", "alice@acme", f"{'a' * 250}@acme.example"]
)
def test_what_is_no_address_is_refused_with_the_reason(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        normal_address(typed)
    (said,) = refused.value.messages
    assert said.endswith(".")
    assert not said.endswith("..")
