"""The builder: form ↔ rules, and what its buttons do."""

import pytest

from accounts.models import Organisation
from leads.segments.builder import obey, read_form, shown
from leads.segments.rules import Group, Rule, Rules
from leads.segments.vocabulary import Vocabulary, vocabulary

NAVY = Rule(field="company", asks="contains", value="navy")
VIP = Rule(field="tags", asks="has", value="vip")
FRESH = Rule(field="email", asks="contains")


@pytest.fixture
def words(acme: Organisation) -> Vocabulary:
    return vocabulary(acme)


def test_a_form_becomes_rules(words: Vocabulary) -> None:
    data = {
        "g0-match": "any",
        "g0-r0-field": "company",
        "g0-r0-asks": "contains",
        "g0-r0-value": " navy ",
        "g1-match": "all",
        "g1-r0-field": "tags",
        "g1-r0-asks": "has",
        "g1-r0-value": "vip",
        "g1-r1-field": "nonsense",
    }
    assert read_form(data, words) == Rules(match="any", rules=(NAVY,), groups=(Group(rules=(VIP,)),))
    assert read_form({}, words) == Rules()


def test_another_field_brings_the_first_thing_that_can_be_asked_of_it(words: Vocabulary) -> None:
    data = {"g0-match": "all", "g0-r0-field": "suppression", "g0-r0-asks": "contains", "g0-r0-value": "navy"}
    (rule,) = read_form(data, words).rules
    assert rule.asks == "no"
    (rule,) = read_form(data | {"g0-r0-asks": "because"}, words).rules
    assert rule.value == "unsubscribed"


@pytest.mark.parametrize(
    ("command", "after"),
    [
        ("add-0", Rules(rules=(NAVY, FRESH), groups=(Group(rules=(VIP,)),))),
        ("add-1", Rules(rules=(NAVY,), groups=(Group(rules=(VIP, FRESH)),))),
        ("remove-0-0", Rules(groups=(Group(rules=(VIP,)),))),
        ("remove-1-0", Rules(rules=(NAVY,), groups=(Group(),))),
        ("group", Rules(rules=(NAVY,), groups=(Group(rules=(VIP,)), Group(match="any", rules=(FRESH,))))),
        ("ungroup-1", Rules(rules=(NAVY,))),
        ("ungroup-0", Rules(rules=(NAVY,), groups=(Group(rules=(VIP,)),))),
        ("ungroup-7", Rules(rules=(NAVY,), groups=(Group(rules=(VIP,)),))),
        ("remove-9-9", Rules(rules=(NAVY,), groups=(Group(rules=(VIP,)),))),
        ("drop table", Rules(rules=(NAVY,), groups=(Group(rules=(VIP,)),))),
    ],
)
def test_the_buttons(words: Vocabulary, command: str, after: Rules) -> None:
    assert obey(Rules(rules=(NAVY,), groups=(Group(rules=(VIP,)),)), command, words) == after


def test_no_more_rules_than_there_may_be(words: Vocabulary) -> None:
    rules = Rules()
    for _ in range(30):
        rules = obey(obey(rules, "add-0", words), "group", words)
    assert (len(rules.rules), len(rules.groups)) == (25, 10)


def test_what_is_gone_is_left_out_of_the_form(words: Vocabulary) -> None:
    (rows,) = shown(Rules(rules=(NAVY, Rule(field="field:Gone", asks="is"))), words, {"g0-r0": "Wrong."})
    assert [(row.place, row.rule, row.error) for row in rows] == [("g0-r0", NAVY, "Wrong.")]
