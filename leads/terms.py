"""The words that a lead is found by, kept by the database itself: whoever writes a lead, and however, they are true.

`Lead.terms` is a generated column: name, company and address in lower case without accents (`Łukasz` becomes `lukasz`),
cut at whatever is no letter or digit, each word behind its organisation's id: `7:lukasz`. A GIN index over it answers "has a
word that begins with luk, in organisation 7" by itself, however many organisations there are. The SQL functions
`lead_terms` and `lead_query` stand in the migration 0006; both sides of a search are cut by the same one.

Why no trigrams: the embedded PostgreSQL comes without pg_trgm, and trigrams of our own cost three times as much at each
write as words do (96 against 34 µs a row, measured).
"""

from typing import Any

from django.contrib.postgres.search import SearchQueryField, SearchVectorField
from django.db.models import BooleanField, F, Func, Lookup, Value
from django.db.models.functions import Concat

WORDS = Concat(
    *(part for name in ("first_name", "last_name", "company", "email") for part in (F(name), Value(" "))),
)


class Terms(Func):
    """The terms of an organisation's text."""

    function = "lead_terms"
    output_field = SearchVectorField()

    def __init__(self, *parts: Any, **extra: Any) -> None:
        super().__init__(*parts, **extra)


class HasWords(Func):
    """What finds the terms that begin with the words of a text; nothing where it has none."""

    function = "lead_query"
    output_field = SearchQueryField()


@SearchVectorField.register_lookup
class Matches(Lookup[Any]):
    """`terms__matches=HasWords(organisation, text)`"""

    lookup_name = "matches"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_parameters = self.process_lhs(compiler, connection)
        right, right_parameters = self.process_rhs(compiler, connection)
        return f"{left} @@ {right}", (*left_parameters, *right_parameters)


class IsTrue(Func):
    """A condition that no index answers."""

    template = "(%(expressions)s) IS TRUE"
    output_field = BooleanField()
