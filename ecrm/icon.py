"""`/favicon.ico`, which browsers ask for where a page names no icon: downloads, JSON, the admin."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from ecrm.web import public


@public
@require_safe
def icon(request: HttpRequest) -> HttpResponse:
    return redirect(static("img/mark.svg"))
