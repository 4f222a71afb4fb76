"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def operator(request: HttpRequest) -> dict[str, Any]:
    """The operator's name and contact, the caller's organisation and role where the URL names one."""
    return {
        "operator": settings.OPERATOR,
        "development": settings.DEVELOPMENT,
        "organisation": getattr(request, "organisation", None),
        "membership": getattr(request, "membership", None),
    }
