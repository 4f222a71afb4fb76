"""Django's last words (`handler404`, `handler500` in `ecrm.urls`): a page, or problem details where a program asks."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ecrm.problems import problem

API = "/api/"


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return problem(404, "There is nothing here.")
    return render(request, "404.html", status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """An exception that nobody caught; Django has logged it."""
    if request.path.startswith(API):
        return problem(500, "Something went wrong here. Please try again.")
    return render(request, "500.html", status=500)
