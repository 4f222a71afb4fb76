"""No template can hold up a worker: what Liquid itself does not limit (python-liquid's own limits are in `templates`).

The library limits loops, output and nesting, but not how long it reads a broken tag, nor what a single filter or range
may swallow. `check_source` bounds the reading; `LimitedTemplate` bounds the rendering, by time between two steps and by
size within one.
"""

import re
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from liquid import BoundTemplate
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.context import RenderContext
from liquid.exceptions import ResourceLimitError
from liquid.token import Token

MAX_SOURCE = 500_000  # characters
MAX_TAGS = 2_000
MAX_TAG = 2_000  # characters from a tag's opening to its end
MAX_RAW = 20  # each one that is not closed is looked for to the template's end
RENDER_SECONDS = 2.0  # of this thread's own computing; an ordinary mail takes a ten-thousandth of it
STEPS_BETWEEN_LOOKS = 32
# What goes into a filter, and comes out.
MAX_TEXT = 50_000
MAX_ITEMS = 1_000
MAX_NUMBER = 10**30
MAX_PRODUCT = 5_000_000  # of the lengths of a text and of what these may put in at each character
MULTIPLY = {"replace", "join"}
HARMLESS = {"default"}  # it hands on what it was given, and stands in every greeting

OPENING = re.compile(r"\{[{%]")
RAW = re.compile(r"\{%-?\s{0,20}(?:raw|doc)\b")


class TooMuch(Exception):
    """A template that is too large to be read; its text is the reason, with the line."""


def check_source(source: str) -> None:
    """Raise TooMuch where reading `source` could take long: a parser that looks for an end reads on for it."""
    if len(source) > MAX_SOURCE:
        raise TooMuch(f"The template has {len(source):,} characters; {MAX_SOURCE:,} are the most.")
    count, at = 0, 0
    while opening := OPENING.search(source, at):
        count += 1
        closing = "}}" if opening[0] == "{{" else "%}"
        at = source.find(closing, opening.end(), opening.end() + MAX_TAG)
        if at < 0:
            line = source.count("\n", 0, opening.start()) + 1
            raise TooMuch(f"Line {line}: {opening[0]} is not closed by {closing} within {MAX_TAG:,} characters.")
    if count > MAX_TAGS:
        raise TooMuch(f"The template has {count:,} tags; {MAX_TAGS:,} are the most.")
    if sum(1 for _ in RAW.finditer(source)) > MAX_RAW:
        raise TooMuch(f"The template has more than {MAX_RAW} raw blocks.")


def refuse(what: str) -> ResourceLimitError:
    return ResourceLimitError(what, token=None)


class LimitedContext(RenderContext):
    """What a template has at hand while it renders, and how long that has taken."""

    __slots__ = ("_disabled", "deadline", "steps")

    def __init__(self, *args: Any, **options: Any) -> None:
        self.deadline = time.thread_time() + RENDER_SECONDS
        self.steps = 0
        super().__init__(*args, **options)

    @property
    def disabled_tags(self) -> list[str]:
        """The one thing that every node asks for before it renders: the place to look at the clock."""
        self.steps += 1
        if self.steps % STEPS_BETWEEN_LOOKS == 0:
            self.look_at_the_clock()
        return self._disabled

    @disabled_tags.setter
    def disabled_tags(self, names: list[str]) -> None:
        self._disabled = names

    def look_at_the_clock(self) -> None:
        if time.thread_time() > self.deadline:
            raise refuse(f"rendering takes more than {RENDER_SECONDS:.0f} seconds")

    def filter(self, name: str, token: Token | None) -> Callable[..., object]:
        found = super().filter(name, token)
        if name in HARMLESS:
            return found

        def limited(left: object, *args: object, **named: object) -> object:
            self.steps += 1
            if self.steps % STEPS_BETWEEN_LOOKS == 0:
                self.look_at_the_clock()
            for value in (left, *args):
                check_size(value)
            if name in MULTIPLY and isinstance(left, str | list):
                check_product(left, args)
            return check_size(found(left, *args, **named))

        return limited


def check_size(value: object) -> object:
    """`value`, unless it is larger than any mail needs."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise refuse(f"a filter has to do with a text of more than {MAX_TEXT:,} characters")
    elif isinstance(value, int):
        if abs(value) > MAX_NUMBER:
            raise refuse("a number grows too large")
    elif isinstance(value, list | tuple | dict | range) and len(value) > MAX_ITEMS:
        raise refuse(f"a filter has to do with more than {MAX_ITEMS:,} items")
    return value


def check_product(left: str | list[Any], args: tuple[object, ...]) -> None:
    """Refuse before they try what would multiply a text out of all bounds."""
    longest = max((len(value) for value in args if isinstance(value, str)), default=0)
    if len(left) * longest > MAX_PRODUCT:
        raise refuse("a filter would make too long a text")


class LimitedTemplate(BoundTemplate):
    context_class = LimitedContext


def limit_ranges(make: Callable[..., range]) -> Callable[..., range]:
    """Ranges of any size are free to make, and not to look through."""

    @wraps(make)
    def limited(self: RangeLiteral, start: object, stop: object) -> range:
        made = make(self, start, stop)
        if made.stop - made.start > MAX_ITEMS:
            raise refuse(f"a range has more than {MAX_ITEMS:,} numbers")
        return made

    return limited


# The library has no hook for this one.
RangeLiteral._make_range = limit_ranges(RangeLiteral._make_range)  # type: ignore[method-assign]
