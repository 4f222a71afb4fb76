"""Rules as they are kept: conditions that all, or any, must hold, and groups of such conditions, one level deep."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

# In front of a custom field's name.
CUSTOM = "field:"
MOST_RULES = 25
MOST_GROUPS = 10
LONGEST_VALUE = 500
MOST_DAYS = 3650
NO_NUL = r"^[^\x00]*$"


class BadRules(Exception):
    """These rules cannot be followed; the text says why. `errors`: place → what is wrong there."""

    def __init__(self, message: str, errors: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or {}


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Rule(Strict):
    """A field, what is asked of it, and what it is compared with; `days`: only what happened in so many last days."""

    field: str = Field(max_length=150, pattern=NO_NUL)
    asks: str = Field(max_length=30)
    value: str = Field(default="", max_length=LONGEST_VALUE, pattern=NO_NUL)
    days: int | None = Field(default=None, ge=1, le=MOST_DAYS)


class Group(Strict):
    match: Literal["all", "any"] = "all"
    rules: tuple[Rule, ...] = Field(default=(), max_length=MOST_RULES)


class Rules(Group):
    groups: tuple[Group, ...] = Field(default=(), max_length=MOST_GROUPS)

    @property
    def all_groups(self) -> tuple[Group, ...]:
        """Itself first, then the groups in it."""
        return (self, *self.groups)

    @property
    def empty(self) -> bool:
        return not any(group.rules for group in self.all_groups)


def read_rules(data: Any) -> Rules:
    """Rules from JSON; raises BadRules."""
    try:
        return Rules.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadRules(f"{where}: {first['msg']}", {where: first["msg"]}) from error


def place(group: int, rule: int) -> str:
    """How a rule's errors and form fields are named: the rules themselves are group 0."""
    return f"g{group}-r{rule}"
