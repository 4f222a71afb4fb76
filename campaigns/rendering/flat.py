"""Flat templates: text and outputs (`{{ … }}`) without tags. All that differs between leads stands in their slots.

In: the templates of one variant. Out: their texts with a mark in each slot's place, and for a lead, what belongs into the
slots. What may fail: a template that is not flat, and a lead for whom it cannot be told that the result would be the
same as from the whole template: `NotFlat`, and then the whole template is rendered.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Any

from liquid import BoundTemplate
from liquid.ast import Node
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path, PositionalArgument, StringLiteral
from liquid.builtin.output import OutputNode
from liquid.expression import Expression
from markupsafe import escape

from campaigns.rendering.mime import LINE_BREAKS
from campaigns.rendering.templates import HTML, TEXT, RenderError, compiled, fill
from tracking.tokens import unsubscribe_at

# What may change how the text around it is read: a line break does where it meets another. And what nothing can print.
MARKUP = re.compile(r"[<>\"'\r\n\ud800-\udfff]")
BREAK = re.compile(r"[\r\n\ud800-\udfff]")
ESCAPED = re.compile(r"[&<>\"'\r\n\ud800-\udfff]")
# Names that Liquid knows by itself, and keys that it reads in its own way.
LIQUIDS_NAMES = {"now", "today", "partial"}
LIQUIDS_KEYS = {"size", "first", "last"}


class NotFlat(Exception):
    """The whole template must be rendered; for no reader, since that says what is wrong, if anything is."""


@dataclass(frozen=True, slots=True)
class Field:
    """`{{ name }}` or `{{ fields.name }}` (`custom`), with a literal behind `default` or without (None)."""

    name: str
    custom: bool
    fallback: str | None

    def value(self, values: dict[str, Any]) -> str:
        """As Liquid prints it where nothing is escaped."""
        found = (values["fields"] if self.custom else values).get(self.name, self.fallback)
        if type(found) is not str or (not found and found is not self.fallback):
            raise NotFlat
        return found


def paths(expression: Expression) -> list[Path]:
    """Every path in an expression, at any depth."""
    inner = [path for child in expression.children() for path in paths(child)]
    return [expression, *inner] if isinstance(expression, Path) else inner


def roots(expression: Expression) -> set[str]:
    """The top-level names that an expression takes."""
    names = [path.path[0] for path in paths(expression)]
    if not all(isinstance(name, str) for name in names):
        raise NotFlat  # a name that a lead's value decides
    return set(map(str, names))


def as_field(expression: Expression) -> Field | None:
    """The expression as a field, where it is no more than that."""
    if not isinstance(expression, FilteredExpression) or not isinstance(expression.left, Path):
        return None
    match expression.left.path:
        case [str(name)] if name not in LIQUIDS_NAMES:
            custom = False
        case ["fields", str(name)] if name not in LIQUIDS_KEYS:
            custom = True
        case _:
            return None
    if not expression.filters:
        return Field(name, custom, None)
    literal = fallback_of(expression)
    return Field(name, custom, literal) if literal is not None else None


def fallback_of(expression: FilteredExpression) -> str | None:
    """The literal of the one filter `default`, if it is the same escaped or not: Liquid does not escape literals."""
    match expression.filters:
        case [default] if default.name == "default" and len(default.args) == 1:
            argument = default.args[0]
            if isinstance(argument, PositionalArgument) and isinstance(argument.value, StringLiteral):
                literal = str(argument.value.value)
                return None if ESCAPED.search(literal) else literal
    return None


def is_constant(expression: Expression, common: dict[str, Any]) -> bool:
    """Whether it comes to the same for every lead: made of `common` alone, by nothing that looks at a clock."""
    names = roots(expression)
    if not names or not names <= common.keys() or not isinstance(expression, FilteredExpression):
        return False
    return all(applied.name == "default" for applied in expression.filters or ())


class Others:
    """The outputs that are more than a field, of all templates of one kind: Liquid renders them, in one go."""

    def __init__(self, *, html: bool) -> None:
        self.nodes: list[Node] = []
        self.environment = HTML if html else TEXT
        self.unwanted = MARKUP if html else BREAK
        self.separator = f"|{secrets.token_hex(16)}|"

    def add(self, node: OutputNode) -> int:
        self.nodes += node, ContentNode(node.token, self.separator)
        return len(self.nodes) // 2 - 1

    def values(self, values: dict[str, Any]) -> list[str]:
        if not self.nodes:
            return []
        try:
            printed = fill(self.environment.template_class(self.environment, self.nodes), "", values)
        except RenderError as error:
            raise NotFlat from error
        found = printed.split(self.separator)[:-1]
        if len(found) * 2 != len(self.nodes) or any(map(self.unwanted.search, found)):
            raise NotFlat
        return found


class Slots:
    """The slots of one variant's templates, and the marks that hold their places while the mail is put together.

    A mark's letter says what belongs there: `u` the token of the unsubscribe link, `f` a field, `o` another output.
    """

    def __init__(self, common: dict[str, Any]) -> None:
        self.common = common
        self.mark_start = f"Z{secrets.token_hex(12)}"
        self.pattern = re.compile(rf"{self.mark_start}(?P<kind>[a-z])(?P<number>[0-9]+)Z")
        self.unsubscribe = unsubscribe_at(self.mark("u", 0))
        self.fields: dict[Field, int] = {}
        self.others = {html: Others(html=html) for html in (True, False)}

    def mark(self, kind: str, number: int) -> str:
        return f"{self.mark_start}{kind}{number}Z"

    def read(self, source: str, *, html: bool) -> str:
        """A template's text, marks in the place of its outputs; raises NotFlat, and RenderError where it does not parse."""
        template = compiled(source, html)
        return "".join(self.read_node(node, template, html) for node in template.nodes)

    def read_node(self, node: Node, template: BoundTemplate, html: bool) -> str:
        if isinstance(node, ContentNode):
            return LINE_BREAKS.sub("\n", node.text)  # as Liquid's output does, one write at a time
        if not isinstance(node, OutputNode):
            raise NotFlat
        if is_constant(node.expression, self.common):
            return fill(type(template)(template.env, [node]), "", self.common)
        if "unsubscribe_url" in roots(node.expression):
            if as_field(node.expression) != Field("unsubscribe_url", False, None):
                raise NotFlat
            return self.unsubscribe
        if field := as_field(node.expression):
            return self.mark("f", self.fields.setdefault(field, len(self.fields)))
        return self.mark("o", self.others[html].add(node))

    def places(self, *, html: bool) -> dict[str, int]:
        """Where the values of each kind of slot begin in `values`; at the blank, what somebody adds behind them."""
        others = 1 + len(self.fields)
        return {"u": 0, "f": 1, "o": others, "": others + len(self.others[html].nodes) // 2}

    def values(self, values: dict[str, Any], token: str) -> tuple[list[str], list[str]]:
        """What belongs into the slots of text and of HTML for a lead with these values; raises NotFlat."""
        raw = [field.value(values) for field in self.fields]
        text = [token, *raw, *self.others[False].values(values)]
        if not ESCAPED.search("".join(raw)):
            return text, [token, *raw, *self.others[True].values(values)]
        if any(map(BREAK.search, raw)):
            raise NotFlat
        return text, [token, *(str(escape(value)) for value in raw), *self.others[True].values(values)]
