"""Rules → who is found: every kind of field, all and any, groups, and only one's own leads."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organisation
from leads.fields import save_field
from leads.models import CustomField, FieldKind, Lead, LeadList, SuppressionReason
from leads.segments.rules import BadRules, Rules, read_rules
from leads.segments.saving import leads_of
from leads.suppression import suppress_lead


def rules(*conditions: tuple[str, ...], match: str = "all", groups: Any = ()) -> Rules:
    """Conditions as (field, asks, value)."""
    made = [dict(zip(("field", "asks", "value"), one, strict=False)) for one in conditions]
    return read_rules({"match": match, "rules": made, "groups": list(groups)})


def names(organisation: Organisation, *conditions: tuple[str, ...], **more: Any) -> set[str]:
    return {lead.first_name or lead.email for lead in leads_of(organisation, rules(*conditions, **more))}


@pytest.fixture
def plans(acme: Organisation, grace: Lead, ada: Lead, joan: Lead) -> None:
    """Grace, Ada and Joan with fields of each kind; Joan's are none of those."""
    today = timezone.now().date()
    values = {
        grace: {"Seats": "20", "Plan": "Team", "Until": today.isoformat()},
        ada: {"Seats": "-2.5", "Plan": "Free", "Until": (today + timedelta(days=40)).isoformat()},
        joan: {"Seats": "many", "Plan": "", "Until": "soon"},
    }
    for lead, fields in values.items():
        Lead.objects.filter(pk=lead.pk).update(fields=fields)
    save_field(CustomField(organisation=acme, name="Seats"), FieldKind.NUMBER)
    save_field(CustomField(organisation=acme, name="Plan"), FieldKind.CHOICE, ["Free", "Team"])
    save_field(CustomField(organisation=acme, name="Until"), FieldKind.DATE)


# Rule → who is found by it. In one test, since each would make the same people anew.
FOUND: list[tuple[tuple[str, ...], set[str]]] = [
    (("company", "contains", "ENGÍN"), {"Ada"}),
    (("company", "lacks", "engin"), {"Grace", "joan@eniac.example"}),
    (("company", "is", "navy"), {"Grace"}),
    (("company", "is_not", "navy"), {"Ada", "joan@eniac.example"}),
    (("company", "contains", "%"), set()),
    (("email", "starts", "joan@"), {"joan@eniac.example"}),
    (("title", "empty"), {"Ada", "joan@eniac.example"}),
    (("title", "filled"), {"Grace"}),
    (("tags", "has", "press"), {"Grace"}),
    (("tags", "lacks", "press"), {"Ada", "joan@eniac.example"}),
    (("tags", "empty"), {"joan@eniac.example"}),
    (("field:Seats", "more", "3"), {"Grace"}),
    (("field:Seats", "most", "-2,5"), {"Ada"}),
    (("field:Seats", "filled"), {"Grace", "Ada", "joan@eniac.example"}),
    (("field:Plan", "is", "Team"), {"Grace"}),
    (("field:Plan", "is_not", "Team"), {"Ada", "joan@eniac.example"}),
    (("field:Plan", "empty"), {"joan@eniac.example"}),
    (("field:Until", "last", "7"), {"Grace"}),
    (("field:Until", "next", "60"), {"Grace", "Ada"}),
    (("field:Until", "after", date.today().isoformat()), {"Ada"}),
    (("suppression", "no"), {"Grace", "joan@eniac.example"}),
    (("suppression", "because", "bounced"), {"Ada"}),
    (("created_at", "last", "1"), {"Grace", "Ada", "joan@eniac.example"}),
    (("created_at", "earlier", "1"), set()),
    (("created_at", "before", "2020-01-01"), set()),
    (("created_at", "after", "2020-01-01"), {"Grace", "Ada", "joan@eniac.example"}),
    (("created_at", "after", "9999-12-31"), set()),
    (("created_at", "on", "9999-12-31"), set()),
]


def test_each_kind_of_field(acme: Organisation, plans: None, ada: Lead) -> None:
    suppress_lead(ada, SuppressionReason.BOUNCED, "")
    assert [(rule, names(acme, rule)) for rule, _ in FOUND] == FOUND


def test_lists(acme: Organisation, grace: Lead, joan: Lead, people: LeadList) -> None:
    assert names(acme, ("list", "on", str(people.pk))) == {"Grace"}
    assert names(acme, ("list", "off", str(people.pk))) == {"joan@eniac.example"}


def test_what_an_address_says_of_itself(acme: Organisation, grace: Lead, add_lead: Callable[..., Lead]) -> None:
    add_lead("info@x.example", first_name="Role")
    assert names(acme, ("flags", "is", "role")) == {"Role"}
    assert names(acme, ("flags", "is_not", "role")) == {"Grace"}


def test_all_any_and_groups(acme: Organisation, grace: Lead, ada: Lead, joan: Lead) -> None:
    vip, navy = ("tags", "has", "vip"), ("company", "is", "Navy")
    assert names(acme, vip, navy) == {"Grace"}
    assert names(acme, ("company", "is", "ENIAC"), navy, match="any") == {"Grace", "joan@eniac.example"}
    either = {"match": "any", "rules": [{"field": "company", "asks": "is", "value": who} for who in ("navy", "eniac")]}
    assert names(acme, vip, groups=[either]) == {"Grace"}
    assert names(acme, groups=[either]) == {"Grace", "joan@eniac.example"}
    assert names(acme, vip, groups=[{"match": "any", "rules": []}]) == {"Grace", "Ada"}


def test_others_leads_are_never_in_it(acme: Organisation, grace: Lead, theirs: Lead, their_list: LeadList) -> None:
    assert names(acme, ("email", "contains", "grace")) == {"Grace"}
    with pytest.raises(BadRules):
        leads_of(acme, rules(("list", "on", str(their_list.pk))))


SAID: list[tuple[tuple[str, ...], str]] = [
    (("password", "is", "x"), "This field is not there any more."),
    (("company", "more", "3"), "This cannot be asked of Company."),
    (("field:Seats", "more", "three"), "Enter a number, like 2.5."),
    (("field:Seats", "more", "1e99"), "A number has 15 digits at most."),
    (("field:Until", "on", "2026-02-31"), "Enter a date, like 2026-03-31."),
    (("created_at", "last", "0"), "Enter a number of days from 1 to 3,650."),
    (("company", "contains", ""), "Please fill this in."),
    (("suppression", "because", "fun"), "Choose one; what was chosen is not there any more."),
]


def test_what_cannot_be_asked_is_said_at_its_place(acme: Organisation, plans: None) -> None:
    for rule, said in SAID:
        with pytest.raises(BadRules) as refused:
            leads_of(acme, rules(("email", "filled"), rule))
        assert refused.value.errors == {"g0-r1": said}


def test_no_condition_is_no_segment(acme: Organisation) -> None:
    with pytest.raises(BadRules, match="Add a condition first"):
        leads_of(acme, Rules())


@pytest.mark.parametrize("evil", ["x'; DROP TABLE leads_lead; --", "%s", "{}", '"', "\\", "a->>'b'", "2024"])
def test_names_and_values_are_data_whatever_they_say(
    acme: Organisation, add_lead: Callable[..., Lead], evil: str
) -> None:
    lead = add_lead("evil@x.example", fields={evil: evil}, tags=[evil])
    add_lead("good@x.example")
    found = leads_of(acme, rules((f"field:{evil}", "is", evil), ("tags", "has", evil), ("company", "lacks", evil)))
    assert list(found) == [lead]


@pytest.mark.parametrize(
    "bad",
    [
        [],
        {"match": "some"},
        {"rules": [{"field": "email"}]},
        {"rules": [{"field": "email", "asks": "is", "sql": "1=1"}]},
        {"rules": [{"field": "email", "asks": "is", "days": 0}]},
        {"groups": [{"groups": []}]},
        {"rules": [{"field": "email", "asks": "is", "value": "\0"}]},
        {"rules": [{"field": "email", "asks": "filled"}] * 26},
    ],
)
def test_json_that_is_no_rules_is_refused(bad: Any) -> None:
    with pytest.raises(BadRules):
        read_rules(bad)
