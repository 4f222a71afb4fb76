"""The unsubscribe page: a GET shows it and changes nothing (scanners follow links), its button POSTs."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.models import Organisation
from ecrm.web import public
from tracking.intake import NotRecorded, record
from tracking.models import Happening
from tracking.tokens import UNSUBSCRIBE, BadToken, read_token


@public
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """GET: who writes, and the button. POST (`?page`, from that button): unsubscribed, said on a page."""
    try:
        mark = read_token(UNSUBSCRIBE, token)
    except BadToken as error:
        raise Http404("No such link.") from error
    organisation = Organisation.objects.filter(pk=mark.organisation).first()
    context = {"sender": organisation.name if organisation else "", "done": False, "failed": False}
    if request.method == "POST":
        try:
            record(Happening.UNSUBSCRIBED, mark)
            context["done"] = True
        except NotRecorded:
            context["failed"] = True
    return render(request, "tracking/unsubscribe.html", context, status=503 if context["failed"] else 200)
