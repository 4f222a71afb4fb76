"""What can be asked of a text, a number, a date or a choice, whichever expression has it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

from django.db.models import Case, DateTimeField, DecimalField, F, Func, Q, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Left, Trim
from django.db.models.lookups import (
    Contains,
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
    Regex,
    StartsWith,
)
from django.utils import timezone

from leads.segments.vocabulary import DATE, DAYS, NOTHING, NUMBER, OPTION, TEXT, Asks

# Texts that are numbers and dates as `leads.fields` keeps them; what was imported otherwise is neither.
A_NUMBER = r"^[+-]?[0-9]{1,15}([.][0-9]{1,6})?$"
A_DATE = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])($|[T ])"


class CustomText(Func):
    """A custom field's text, or ""; its name is data, whatever it is."""

    template = "COALESCE(%(expressions)s, '')"
    arg_joiner = " ->> "
    output_field = TextField()

    def __init__(self, name: str, **extra: Any) -> None:
        super().__init__(F("fields"), Value(name), **extra)


class Fold(Func):
    """Text without case and accents (migration 0006)."""

    function = "lead_fold"
    output_field = TextField()


def folded(text: Any) -> Fold:
    return Fold(Value(str(text)))


def empties(text: Combinable) -> dict[str, Asks]:
    empty = Q(Exact(text, Value("")))
    return {
        "empty": Asks("is empty", NOTHING, lambda value, days: empty),
        "filled": Asks("is not empty", NOTHING, lambda value, days: ~empty),
    }


def of_text(text: Combinable) -> Mapping[str, Asks]:
    """Case and accents aside."""
    mine = Fold(text)

    def contains(value: Any) -> Q:
        return Q(Contains(mine, folded(value)))

    def equals(value: Any) -> Q:
        return Q(Exact(mine, folded(value)))

    return {
        "contains": Asks("contains", TEXT, lambda value, days: contains(value)),
        "lacks": Asks("does not contain", TEXT, lambda value, days: ~contains(value)),
        "is": Asks("is", TEXT, lambda value, days: equals(value)),
        "is_not": Asks("is not", TEXT, lambda value, days: ~equals(value)),
        "starts": Asks("begins with", TEXT, lambda value, days: Q(StartsWith(mine, folded(value)))),
        **empties(text),
    }


def of_choice(text: Combinable) -> Mapping[str, Asks]:
    return {
        "is": Asks("is", OPTION, lambda value, days: Q(Exact(text, Value(str(value))))),
        "is_not": Asks("is not", OPTION, lambda value, days: ~Q(Exact(text, Value(str(value))))),
        **empties(text),
    }


def of_number(text: Combinable) -> Mapping[str, Asks]:
    decimal = DecimalField[Any, Any](max_digits=30, decimal_places=6)
    number = Case(When(Regex(Trim(text), A_NUMBER), then=Cast(Trim(text), decimal)), output_field=decimal)

    def asks(label: str, lookup: Any) -> Asks:
        return Asks(label, NUMBER, lambda value, days: Q(lookup(number, Value(value, output_field=decimal))))

    return {
        "equals": asks("is", Exact),
        "more": asks("is more than", GreaterThan),
        "least": asks("is at least", GreaterThanOrEqual),
        "less": asks("is less than", LessThan),
        "most": asks("is at most", LessThanOrEqual),
        **empties(text),
    }


def of_date(text: Combinable) -> Mapping[str, Asks]:
    """Dates are compared as they are written, year first: no text that is none can break the query."""
    day = Case(
        When(Regex(text, A_DATE), then=Left(Cast(text, TextField()), 10)), default=Value(None), output_field=TextField()
    )

    def on(lookup: Any, value: Any) -> Q:
        return Q(lookup(day, Value(cast(date, value).isoformat())))

    def since(days: Any) -> date:
        return timezone.now().date() - timedelta(days=days)

    return {
        "on": Asks("is", DATE, lambda value, days: on(Exact, value)),
        "before": Asks("is before", DATE, lambda value, days: on(LessThan, value)),
        "after": Asks("is after", DATE, lambda value, days: on(GreaterThan, value)),
        "last": Asks(
            "was in the last … days",
            DAYS,
            lambda value, days: on(GreaterThanOrEqual, since(value)) & on(LessThanOrEqual, since(0)),
        ),
        "next": Asks(
            "is in the next … days",
            DAYS,
            lambda value, days: on(GreaterThanOrEqual, since(0)) & on(LessThanOrEqual, since(-cast(int, value))),
        ),
        **empties(text),
    }


def of_time(name: str) -> Mapping[str, Asks]:
    """Of a column that is never empty; days are UTC's."""

    def moment(day: Any, clock: time) -> Value:
        return Value(datetime.combine(day, clock, UTC), output_field=DateTimeField())

    def ago(days: Any) -> Value:
        return Value(timezone.now() - timedelta(days=days), output_field=DateTimeField())

    def after_end(day: Any) -> Q:
        return Q(GreaterThan(F(name), moment(day, time.max)))  # a day after it there may be none

    def before(day: Any) -> Q:
        return Q(LessThan(F(name), moment(day, time.min)))

    return {
        "last": Asks("in the last … days", DAYS, lambda value, days: Q(GreaterThanOrEqual(F(name), ago(value)))),
        "earlier": Asks("more than … days ago", DAYS, lambda value, days: Q(LessThan(F(name), ago(value)))),
        "on": Asks("on", DATE, lambda value, days: ~before(value) & ~after_end(value)),
        "before": Asks("before", DATE, lambda value, days: before(value)),
        "after": Asks("after", DATE, lambda value, days: after_end(value)),
    }
