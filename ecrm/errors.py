"""Django's last words (`handler400` and others in `ecrm.urls`): a page, or problem details where a program asks."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ecrm.problems import problem

API = "/api/"
TOO_LARGE = f"A body may have {settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 20} MB at most, but for a file to import."


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that Django itself cannot read: too large, a broken form, a host that is not ours."""
    too_large = isinstance(exception, RequestDataTooBig)
    status = 413 if too_large else 400
    if request.path.startswith(API):
        return problem(status, TOO_LARGE if too_large else "This request cannot be read. Check its form and encoding.")
    return render(request, "400.html", {"too_large": too_large}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return problem(404, "There is nothing here.")
    return render(request, "404.html", status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """An exception that nobody caught; Django has logged it."""
    if request.path.startswith(API):
        return problem(500, "Something went wrong here. Please try again.")
    return render(request, "500.html", status=500)
