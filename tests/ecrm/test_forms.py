"""What forms say, in our own words."""

from typing import Any

import pytest
from django import forms

from ecrm.forms import OurWords


class Form(OurWords, forms.Form):
    name = forms.CharField(max_length=5)
    port = forms.IntegerField(min_value=1, max_value=65535)
    pause = forms.FloatField()
    kind = forms.ChoiceField(choices=[("a", "A")])
    days = forms.MultipleChoiceField(choices=[("1", "Monday")], error_messages={"required": "Choose one day at least."})
    address = forms.EmailField()


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "Please fill this in."),
        ("name", "abcdefgh", "At most 5 characters; this has 8."),
        ("name", "a\0b", "There is an invisible character in it (NUL). Type it again."),
        ("port", "0", "At least 1."),
        ("port", "70000", "At most 65535."),
        ("port", "x", "Enter a whole number."),
        ("pause", "x", "Enter a number, like 2.5."),
        ("kind", "", "Please choose."),
        ("kind", "b", "This cannot be chosen, or not any more. Choose another."),
        ("days", [], "Choose one day at least."),
        ("days", ["9"], "This cannot be chosen, or not any more. Choose another."),
        ("address", "alice", "This is not an email address; one looks like name@example.com."),
    ],
)
def test_an_error_is_worded_here_but_for_what_a_field_words_itself(field: str, typed: Any, said: str) -> None:
    assert Form({field: typed}).errors[field] == [said]
