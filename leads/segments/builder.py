"""The builder's form ↔ rules, and what its buttons do. Nothing is saved here: each answer is the form as it is then.

Fields are named by their place: `g0-match`, `g0-r1-field`, `g0-r1-asks`, `g0-r1-value`, `g0-r1-days`; group 0 is the rules
themselves. A button is `do=add-0`, `do=remove-0-1`, `do=group`, `do=ungroup-1`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from leads.segments.rules import (
    LONGEST_VALUE,
    MOST_DAYS,
    MOST_GROUPS,
    MOST_RULES,
    Group,
    Rule,
    Rules,
    place,
)
from leads.segments.vocabulary import OPTION, Asks, FieldOf, Vocabulary

COMMAND = re.compile(r"(add|remove|ungroup|group)(?:-(\d{1,3}))?(?:-(\d{1,3}))?")


@dataclass(frozen=True)
class Shown:
    """A rule as the form shows it, with what may be asked of its field, and what is wrong."""

    place: str
    rule: Rule
    about: FieldOf
    asks: Asks
    error: str = ""


def read_form(data: Mapping[str, str], words: Vocabulary) -> Rules:
    """Rules as they are typed; what its field cannot be asked becomes the first thing that it can."""
    groups = []
    for number in range(MOST_GROUPS + 1):
        match = data.get(f"g{number}-match", "")
        if number and not match:
            break
        rules = [found for index in range(MOST_RULES) if (found := read_rule(data, place(number, index), words))]
        groups.append(Group(match="any" if match == "any" else "all", rules=tuple(rules)))
    own, *others = groups
    return Rules(match=own.match, rules=own.rules, groups=tuple(others))


def read_rule(data: Mapping[str, str], at: str, words: Vocabulary) -> Rule | None:
    """The rule whose form fields are named after `at`; None where there is none."""
    about = words.get(data.get(f"{at}-field", "").replace("\0", ""))
    if about is None:
        return None
    asks = data.get(f"{at}-asks", "")
    if asks not in about.asks:
        asks = next(iter(about.asks))
    value = data.get(f"{at}-value", "").replace("\0", "").strip()[:LONGEST_VALUE]
    if about.asks[asks].takes == OPTION and value not in about.options:
        value = next(iter(about.options), "")
    return Rule(field=about.key, asks=asks, value=value, days=read_within(data.get(f"{at}-days", "")))


def read_within(text: str) -> int | None:
    text = text.strip()
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    return min(number, MOST_DAYS) or None


def obey(rules: Rules, command: str, words: Vocabulary) -> Rules:
    """The rules after a click; a click that makes no sense changes nothing."""
    found = COMMAND.fullmatch(command)
    if not found:
        return rules
    group, rule = (int(text) if text else 0 for text in found.groups()[1:])
    acts: dict[str, Callable[[], Rules]] = {
        "add": lambda: changed(rules, group, lambda known: (*known, fresh(words))[:MOST_RULES]),
        "remove": lambda: changed(rules, group, lambda known: known[:rule] + known[rule + 1 :]),
        "group": lambda: with_groups(rules, (*rules.groups, Group(match="any", rules=(fresh(words),)))[:MOST_GROUPS]),
        "ungroup": lambda: with_groups(rules, rules.groups[: group - 1] + rules.groups[group:]) if group else rules,
    }
    return acts[found[1]]()


def fresh(words: Vocabulary) -> Rule:
    first = next(iter(words.values()))
    return Rule(field=first.key, asks=next(iter(first.asks)))


def with_groups(rules: Rules, groups: tuple[Group, ...]) -> Rules:
    return Rules(match=rules.match, rules=rules.rules, groups=groups)


def changed(rules: Rules, group: int, change: Callable[[tuple[Rule, ...]], tuple[Rule, ...]]) -> Rules:
    """With other rules in one group."""
    if group == 0:
        return Rules(match=rules.match, rules=change(rules.rules), groups=rules.groups)
    groups = [
        Group(match=known.match, rules=change(known.rules)) if number == group else known
        for number, known in enumerate(rules.groups, start=1)
    ]
    return with_groups(rules, tuple(groups))


def shown(rules: Rules, words: Vocabulary, errors: Mapping[str, str]) -> list[list[Shown]]:
    """The rules of each group, for the form. What is not in the vocabulary any more is left out, and said in `errors`."""
    return [
        [
            shown_rule(place(number, index), rule, words, errors)
            for index, rule in enumerate(group.rules)
            if rule.field in words
        ]
        for number, group in enumerate(rules.all_groups)
    ]


def shown_rule(at: str, rule: Rule, words: Vocabulary, errors: Mapping[str, str]) -> Shown:
    about = words[rule.field]
    asks = about.asks.get(rule.asks) or next(iter(about.asks.values()))
    return Shown(at, rule, about, asks, errors.get(at, ""))
