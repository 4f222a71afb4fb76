"""Slots: what differs between leads, told apart from what does not."""

import pytest

from campaigns.rendering.flat import Field, NotFlat, Slots

COMMON = {"sender": {"name": "Alice & Co"}, "organisation": {"name": "Acme"}}
VALUES = {"first_name": "O'Brien", "job": "CTO", "fields": {"job": "CTO"}} | COMMON


def test_a_field_has_one_slot_however_often_it_stands_there() -> None:
    slots = Slots(COMMON)
    text = slots.read("{{ first_name }}, {{first_name}} {{ first_name | default: 'x' }}", html=False)
    assert list(slots.fields) == [Field("first_name", False, None), Field("first_name", False, "x")]
    assert [found["number"] for found in slots.pattern.finditer(text)] == ["0", "0", "1"]


def test_what_is_the_senders_is_text_escaped_where_it_must_be() -> None:
    slots = Slots(COMMON)
    assert slots.read("From {{ sender.name }}", html=False) == "From Alice & Co"
    assert slots.read("From {{ sender.name }}", html=True) == "From Alice &amp; Co"


def test_values_are_as_liquid_prints_them_in_each_kind() -> None:
    slots = Slots(COMMON)
    slots.read("{{ first_name }} {{ fields.job | downcase }}", html=False)
    slots.read('{{ fields["job"] }} {{ company | default: "none" }} {{ job | downcase }} {{ job | size }}', html=True)
    text, html = slots.values(VALUES, "token")
    assert text == ["token", "O'Brien", "CTO", "none", "cto"]
    assert html == ["token", "O&#39;Brien", "CTO", "none", "cto", "3"]


@pytest.mark.parametrize(
    "values", [{}, {"first_name": ""}, {"first_name": 7}, {"first_name": "a\nb"}, {"first_name": "\ud800"}]
)
def test_a_value_that_liquid_might_print_otherwise_is_left_to_it(values: dict[str, object]) -> None:
    slots = Slots(COMMON)
    slots.read("{{ first_name }}", html=True)
    with pytest.raises(NotFlat):
        slots.values(values | {"fields": {}}, "token")


@pytest.mark.parametrize(
    "source", ["{% if job %}x{% endif %}", "{% assign a = job %}", "{{ [job] }}", "{{ unsubscribe_url | upcase }}"]
)
def test_what_is_more_than_text_and_outputs_is_not_flat(source: str) -> None:
    with pytest.raises(NotFlat):
        Slots(COMMON).read(source, html=True)
