"""What custom fields hold: definitions, names, values that fit."""

from collections.abc import Callable

import pytest

from accounts.models import Organisation
from leads.fields import (
    DuplicateField,
    FieldError,
    fits,
    fitted,
    known_fields,
    rename_field,
    save_field,
)
from leads.models import CustomField, FieldKind, Lead, Segment
from leads.segments.rules import read_rules
from leads.segments.saving import save_segment
from leads.segments.vocabulary import BadValue


def test_fields_are_those_with_a_definition_and_those_that_leads_have(
    acme: Organisation, grace: Lead, theirs: Lead
) -> None:
    save_field(CustomField(organisation=acme, name=" Seats "), FieldKind.NUMBER)
    save_field(CustomField(organisation=theirs.organisation, name="Secret"), FieldKind.TEXT)
    assert [(field.name, field.kind) for field in known_fields(acme)] == [("Language", "text"), ("Seats", "number")]


def test_what_cannot_be_defined_is_said(acme: Organisation, grace: Lead) -> None:
    for name, kind, said in [
        ("", FieldKind.TEXT, "Give the field a name"),
        ("Plan", FieldKind.CHOICE, "can be chosen"),
    ]:
        with pytest.raises(FieldError, match=said):
            save_field(CustomField(organisation=acme, name=name), kind)
    save_field(CustomField(organisation=acme, name="Plan"), FieldKind.CHOICE, ["a", " a ", "", "b"])
    assert CustomField.objects.get().choices == ["a", "b"]
    with pytest.raises(DuplicateField):
        save_field(CustomField(organisation=acme, name="Plan"), FieldKind.TEXT)


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("number", " 2,50 ", "2.50"),
        ("number", "1e3", "1000"),
        ("number", "two", None),
        ("number", "0.30000000000000004", "0.3"),
        ("number", "1e-999999999", "0"),
        ("number", "0e-999999999", "0"),
        ("number", "0e999999999", "0"),
        ("date", "2026-03-31", "2026-03-31"),
        ("date", "31.3.2026", None),
        ("date", "2026-03-31 14:05:00", "2026-03-31"),
        ("date", "2026-03-31T14:05:00Z", "2026-03-31"),
        ("choice", "a", "a"),
        ("choice", "c", None),
        ("choice", "", ""),
        ("text", " x ", "x"),
    ],
)
def test_values_are_kept_in_a_form_that_compares(kind: str, typed: str, kept: str | None) -> None:
    field = CustomField(name="F", kind=kind, choices=["a", "b"])
    if kept is not None:
        assert fitted(field, typed) == kept
    else:
        with pytest.raises(BadValue):
            fitted(field, typed)


def test_values_that_do_not_fit_are_found(acme: Organisation, add_lead: Callable[..., Lead]) -> None:
    for number, value in enumerate(["3", "-2.5", "many", "2026-03-31", "a", "2026-13-01"]):
        add_lead(f"{number}@x.example", fields={"F": value})
    add_lead("none@x.example")
    fitting = {}
    for kind in ("number", "date", "choice"):
        field = CustomField(organisation=acme, name="F", kind=kind, choices=["a"])
        found = Lead.objects.filter(fits(field), fields__has_key="F")
        fitting[kind] = sorted(lead.fields["F"] for lead in found)
    assert fitting == {"number": ["-2.5", "3"], "date": ["2026-03-31"], "choice": ["a"]}


def test_a_name_that_is_taken_is_refused(acme: Organisation, grace: Lead) -> None:
    field = save_field(CustomField(organisation=acme, name="Seats"), FieldKind.NUMBER)
    for name in ("Language", "Seats", " "):
        with pytest.raises(FieldError):
            rename_field(field, name)
    rename_field(field, "Places")
    field.refresh_from_db()
    assert field.name == "Places"


def test_a_field_that_a_segment_asks_for_stays_known(acme: Organisation, grace: Lead) -> None:
    rules = read_rules({"rules": [{"field": "field:Language", "asks": "is", "value": "cobol"}]})
    save_segment(Segment(organisation=acme), "Old hands", rules)
    Lead.objects.update(fields={})
    assert [field.name for field in known_fields(acme)] == ["Language"]
