"""What pages share: marks on views, and answers that htmx understands (https://four.htmx.org/reference)."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

View = TypeVar("View", bound=Callable[..., Any])
Row = TypeVar("Row", bound=Model)

PAGE_SIZE = 50


def public(view: View) -> View:
    """Mark a view that needs no token: sign-in pages, a recipient's pages, health checks."""
    view.public = True  # type: ignore[attr-defined]
    return view


def is_public(view: Callable[..., Any]) -> bool:
    return bool(getattr(view, "public", False))


def go(url: str, toast: str = "", *, replace: bool = False) -> HttpResponse:
    """Send the browser on to `url` after a form did its work, with a message that stays visible there. `replace`: the page
    it stands on is none to come back to.
    """
    response = HttpResponse(status=204)
    response["HX-Location"] = json.dumps({"path": url, "push": "false", "replace": "true"}) if replace else url
    if toast:
        response["HX-Trigger"] = toast_event(toast)
    return response


def leave(url: str) -> HttpResponse:
    """Send the browser to another site, as a whole."""
    return HttpResponse(status=204, headers={"HX-Redirect": url})


def toast_event(message: str, kind: str = "info") -> str:
    """The `HX-Trigger` value that shows `message`; ASCII, since a header carries nothing else."""
    return json.dumps({"toast": {"message": message, "kind": kind}})


def page_of(request: HttpRequest, rows: QuerySet[Row, Row], size: int = PAGE_SIZE) -> Page[Row]:
    """The page of `rows` that `?page=` names, the nearest one where it is out of range."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page (its target is not the body)."""
    return request.headers.get("HX-Request-Type") == "partial"


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, fragment: str = "", status: int = 200
) -> HttpResponse:
    """Render the page `template`, or only its `fragment` template where htmx asks for a part of it."""
    chosen = fragment if fragment and wants_fragment(request) else template
    return render(request, chosen, context, status=status)
