"""Liquid, within limits: strict about what is missing, unable to hurt the worker (python-liquid)."""

import re
from functools import lru_cache
from typing import Any

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError, UndefinedError
from liquid.undefined import FalsyStrictUndefined

from campaigns.rendering.fields import STANDARD_FIELDS
from campaigns.rendering.limits import LimitedTemplate, TooMuch, check_source
from campaigns.rendering.spin import spin


class RenderError(Exception):
    """A template that cannot be parsed or rendered; its text is the reason, for the campaign manager."""


class MissingField(RenderError):
    """The lead has not got what the template asks for."""


class Missing(FalsyStrictUndefined):
    """A field that the lead lacks: an error where it would be printed, false in a condition, replaced by `default`."""

    force_liquid_default = True


class LimitedEnvironment(Environment):
    """No template may loop, nest or print without end. There is no loader, so `include` and `render` find nothing."""

    template_class = LimitedTemplate
    loop_iteration_limit = 1_000
    output_stream_limit = 2_000_000
    local_namespace_limit = 1_000_000
    block_nesting_limit = 30
    context_depth_limit = 30


# Values are escaped in HTML; in text and subjects they stand as they are.
HTML = LimitedEnvironment(undefined=Missing, autoescape=True)
TEXT = LimitedEnvironment(undefined=Missing, autoescape=False)
for environment in (HTML, TEXT):
    environment.add_filter("spin", spin)


@lru_cache(maxsize=512)
def compiled(source: str, html: bool) -> BoundTemplate:
    """The parsed template; raises RenderError with the line at fault."""
    try:
        check_source(source)
        return (HTML if html else TEXT).from_string(source)
    except TooMuch as error:
        raise RenderError(str(error)) from error
    except (LiquidError, RecursionError) as error:
        raise RenderError(describe(error, source)) from error


def render_template(source: str, values: dict[str, Any], *, html: bool) -> str:
    """`source` filled with `values`; raises RenderError with the reason in words."""
    return fill(compiled(source, html), source, values)


def fill(template: BoundTemplate, source: str, values: dict[str, Any]) -> str:
    """`template`, parsed from `source`, filled with `values`; raises RenderError with the reason in words."""
    try:
        return str(template.render(**values))
    except UndefinedError as error:
        raise MissingField(describe_missing(error)) from error
    except LiquidError as error:
        raise RenderError(describe(error, source)) from error
    except (
        ArithmeticError,
        MemoryError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:  # a filter given what it cannot take
        raise RenderError(f"The template fails for this lead: {error}.") from error


def describe(error: Exception, source: str) -> str:
    """A parser's or limit's complaint in one line, with its place."""
    message = in_words(str(getattr(error, "message", None) or error).rstrip("."))
    token = getattr(error, "token", None)
    if token is None or token.start_index < 0:
        return f"{message[:1].upper()}{message[1:]}."
    line = source.count("\n", 0, token.start_index) + 1
    return f"Line {line}: {message}."


# The parser's commonest complaints → what to do, for somebody who has never read a parser's.
PARSER_SAYS: tuple[tuple[str, str], ...] = (
    (r"expected tag end(\w+), found .*", "{{% {0} %}} is not closed: {{% end{0} %}} is missing"),
    (r"(\w+) tag wa[sd] never closed", "{{% {0} %}} is not closed: {{% end{0} %}} is missing"),
    (r"unexpected tag '(end\w+|else|elsif|when)'", "{{% {0} %}} has nothing that it belongs to here"),
    (r"unexpected tag '(.*)'", "there is no tag {{% {0} %}}"),
    (r"unknown filter '(.*)'", "there is no filter {0}"),
    (r"expected a primitive expression, found end of expression", "{{{{ }}}} is empty: write a field's name in it"),
    (r"missing expression", "something is missing behind the tag's name"),
    (r"expected word, found end of expression", "the name of a filter is missing behind “|”"),
    (r"expected (?:an identifier|a name), found end of expression", "a name is missing behind the dot"),
    (
        r"expected end of expression, found (?:word|string)",
        'two words stand side by side. A field\'s name has no blanks, as in first_name or fields["Job role"], and '
        'a filter stands behind “|” and has a colon, as in | default: "there"',
    ),
    (r"expected end of expression, found '='", "to compare, write == instead of ="),
    (r"expected end of expression, found '?(.*?)'?", "“{0}” is not expected here"),
    (r"unexpected '([“”„‘’«»])'", '{0} is a curly quote; write straight ones: "…"'),
    (r"unexpected '(\")'|unexpected \"(')\"", "a quote is opened and not closed"),
    (r"unexpected '(.*)'", "“{0}” is not expected here"),
)


def in_words(message: str) -> str:
    """A parser's complaint for people; what is not known stays as it is, without the parser's own terms for an end."""
    for pattern, words in PARSER_SAYS:
        if found := re.fullmatch(pattern, message):
            return words.format(*(group or "" for group in found.groups()))
    return re.sub(r"\bend of (?:file|expression)\b", "the end", message)


def describe_missing(error: UndefinedError) -> str:
    found = re.search(r"'([^']+)'", str(getattr(error, "message", error)))
    name = found[1] if found else "a field"
    return f'This lead has no {name}, and the template gives no fallback ({{{{ {name} | default: "…" }}}}).'


def used_names(source: str, *, html: bool) -> dict[str, bool]:
    """The top-level names that a template takes from its lead → whether it may print one without a fallback."""
    template = compiled(source, html)
    analysis = template.analyze(include_partials=False)
    for name, spans in analysis.filters.items():
        if name not in template.env.filters:
            raise RenderError(f"Line {source.count(chr(10), 0, spans[0].index) + 1}: there is no filter {name}.")
    return {name: any(bare(source, variable) for variable in uses) for name, uses in analysis.globals.items()}


def bare(source: str, variable: Any) -> bool:
    """Whether a variable stands in an output without `default` behind it."""
    start = variable.span.index
    opening, closing = source.rfind("{{", 0, start), source.find("}}", start)
    statement = source.rfind("{%", 0, start)
    if opening < 0 or closing < 0 or statement > opening:
        return False
    return not re.search(r"\|\s*default\b", source[start:closing])


def check_template(source: str, *, html: bool, allowed: set[str] | None = None) -> list[str]:
    """What is wrong with a template, in words; an empty list where nothing is.

    `allowed` holds the names that it may use (`fields.allowed_names`); None lets any pass.
    """
    if not source:
        return []
    try:
        names = used_names(source, html=html)
    except RenderError as error:
        return [str(error)]
    if allowed is None:
        return []
    unknown = sorted(set(names) - allowed)
    known = ", ".join(STANDARD_FIELDS)
    return [f"There is no field {name}. Known are {known} and your custom fields." for name in unknown]
