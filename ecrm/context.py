"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from ecrm import demo


def operator(request: HttpRequest) -> dict[str, Any]:
    """The operator's name and contact, our own address, the caller's organisation and role where the URL names one, and
    whether that organisation is the demonstration.
    """
    organisation = getattr(request, "organisation", None)
    return {
        "operator": settings.OPERATOR,
        "public_url": settings.PUBLIC_URL,
        "development": settings.DEVELOPMENT,
        "organisation": organisation,
        "simulated": settings.DEVELOPMENT and organisation is not None and organisation.slug == demo.SLUG,
        "membership": getattr(request, "membership", None),
    }
