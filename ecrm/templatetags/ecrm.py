"""Template tags that every page uses: form fields, query strings, sorting, rates."""

import itertools
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.template.context import RequestContext
from django.utils.safestring import SafeString

register = template.Library()
_numbers = itertools.count(1)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def described(field: BoundField) -> SafeString:
    """The widget, tied to its help and its error for screen readers."""
    ids = [f"{field.auto_id}_error"] if field.errors else []
    if field.help_text:
        ids.append(f"{field.auto_id}_help")
    attributes: dict[str, Any] = {"aria-describedby": " ".join(ids)} if ids else {}
    if field.errors:
        attributes["aria-invalid"] = "true"
    return field.as_widget(attrs=attributes)


@register.simple_tag(takes_context=True)
def query(context: RequestContext, **changes: Any) -> str:
    """The page's query string with `changes` (None takes a parameter away)."""
    parameters = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    return str(parameters.urlencode())


@register.simple_tag(takes_context=True)
def sort_state(context: RequestContext, key: str) -> dict[str, str]:
    """How the page is sorted by `key` (`?sort=key`, `?sort=-key`), and what a click on its heading asks for next."""
    current = context["request"].GET.get("sort", "")
    if current == key:
        return {"direction": "ascending", "next": f"-{key}"}
    return {"direction": "descending" if current == f"-{key}" else "", "next": key}


@register.simple_tag
def unique() -> str:
    """An id that no other element of the page has."""
    return f"u{next(_numbers)}"


@register.filter
def rate(part: int, whole: int) -> str:
    """`part` of `whole` in per cent, short; a dash where there is no whole."""
    if not whole:
        return "–"
    per_cent = 100 * part / whole
    if 0 < per_cent < 0.05:
        return "< 0.1 %"
    return f"{per_cent:.0f} %" if per_cent >= 10 or per_cent == 0 else f"{per_cent:.1f} %"
