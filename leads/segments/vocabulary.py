"""What may be asked of leads: fields, what can be asked of each, and how that is said in a query.

An app above appends to `SOURCES` a function that gives an organisation's further fields.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import chain

from django.db.models import Q

from accounts.models import Organisation
from leads.segments.rules import MOST_DAYS, BadRules, Group, Rule, Rules, place

Value = str | Decimal | date | int | None
# What a value is read as, which is also how the builder asks for it.
TEXT, NUMBER, DATE, DAYS, OPTION, NOTHING = "text", "number", "date", "days", "option", ""
LONGEST_NUMBER = 15
MOST_PLACES = 6


class BadValue(ValueError):
    """Not a value for this; the text says what is."""


@dataclass(frozen=True)
class Asks:
    """One thing that can be asked of a field: its words, what it is compared with, and the condition for a value (read as
    `takes` says, and whether the last so many days only)."""

    label: str
    takes: str
    condition: Callable[[Value, int | None], Q] = field(repr=False)
    within: bool = False


@dataclass(frozen=True)
class FieldOf:
    """A field that rules are about. `options`: value → label, for those who take one; `suggestions`: for typed text."""

    key: str
    label: str
    group: str
    asks: Mapping[str, Asks]
    options: Mapping[str, str] = field(default_factory=dict)
    suggestions: tuple[str, ...] = ()


Vocabulary = Mapping[str, FieldOf]
SOURCES: list[Callable[[Organisation], Iterable[FieldOf]]] = []


def vocabulary(organisation: Organisation) -> Vocabulary:
    """All fields, by their key, in the order in which they are offered."""
    return {found.key: found for found in chain.from_iterable(source(organisation) for source in SOURCES)}


def read_value(asks: Asks, about: FieldOf, text: str) -> Value:
    """What was typed as what is compared; raises BadValue."""
    if asks.takes == NOTHING:
        return None
    if asks.takes == OPTION:
        if text not in about.options:
            raise BadValue("Choose one; what was chosen is not there any more." if text else "Please choose.")
        return text
    if not text:
        raise BadValue("Please fill this in.")
    return READERS[asks.takes](text)


def read_number(text: str) -> Decimal:
    """Rounded to as many places as are compared (`asking.A_NUMBER`): a workbook writes 0.1 + 0.2 as 0.30000000000000004, and
    1e-999999999 would be a gigabyte of noughts.
    """
    try:
        number = Decimal(text.replace(",", ".").replace(" ", ""))
    except InvalidOperation as error:
        raise BadValue("Enter a number, like 2.5.") from error
    if not number.is_finite() or abs(number) >= 10**LONGEST_NUMBER:
        raise BadValue(f"A number has {LONGEST_NUMBER} digits at most.")
    places = number.as_tuple().exponent
    if isinstance(places, int) and places >= -MOST_PLACES:
        return number
    return number.quantize(Decimal(1).scaleb(-MOST_PLACES)).normalize()


def read_date(text: str) -> date:
    """The day, also of a time, as the workbooks and exports of others have it."""
    try:
        return datetime.fromisoformat(text).date()
    except ValueError as error:
        raise BadValue("Enter a date, like 2026-03-31.") from error


def read_days(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_DAYS:
        raise BadValue(f"Enter a number of days from 1 to {MOST_DAYS:,}.")
    return int(text)


READERS: dict[str, Callable[[str], Value]] = {TEXT: str, NUMBER: read_number, DATE: read_date, DAYS: read_days}


def condition(words: Vocabulary, rule: Rule) -> Q:
    """What a rule asks, for a query; raises BadValue."""
    about = words.get(rule.field)
    if about is None:
        raise BadValue("This field is not there any more.")
    asks = about.asks.get(rule.asks)
    if asks is None:
        raise BadValue(f"This cannot be asked of {about.label}.")
    return asks.condition(read_value(asks, about, rule.value), rule.days if asks.within else None)


def compiled(words: Vocabulary, rules: Rules) -> Q:
    """All rules as one condition; raises BadRules with what is wrong at each place."""
    errors: dict[str, str] = {}
    groups = rules.all_groups
    parts = [join(group.match, conditions(words, group, number, errors)) for number, group in enumerate(groups)]
    if errors:
        raise BadRules("One of the conditions needs your attention.", errors)
    return join(rules.match, parts)


def conditions(words: Vocabulary, group: Group, number: int, errors: dict[str, str]) -> Iterator[Q]:
    for index, rule in enumerate(group.rules):
        try:
            yield condition(words, rule)
        except BadValue as error:
            errors[place(number, index)] = str(error)


def join(match: str, parts: Iterable[Q]) -> Q:
    """Parts that say nothing do not count."""
    whole = Q()
    for part in filter(None, parts):
        whole = whole | part if match == "any" else whole & part
    return whole
