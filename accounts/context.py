"""What the frame of every page shows of the person's organisations."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import Organisation, User

SWITCHER_LIMIT = 30


def organisations(request: HttpRequest) -> dict[str, Any]:
    """The organisations to switch between; asked for only where a template shows them."""
    return {"organisations": SimpleLazyObject(lambda: own_organisations(request))}


def own_organisations(request: HttpRequest) -> list[Organisation]:
    user = getattr(request, "user", None)
    return list(user.organisations.order_by("name")[:SWITCHER_LIMIT]) if isinstance(user, User) else []
