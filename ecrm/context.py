"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def operator(request: HttpRequest) -> dict[str, Any]:
    """The operator's name and contact, our own address, the caller's organisation and role where the URL names one."""
    return {
        "operator": settings.OPERATOR,
        "public_url": settings.PUBLIC_URL,
        "development": settings.DEVELOPMENT,
        "organisation": getattr(request, "organisation", None),
        "membership": getattr(request, "membership", None),
    }
