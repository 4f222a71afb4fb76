"""The unsubscribe page: a GET shows it and changes nothing (scanners follow links), its button POSTs."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.models import Organisation
from ecrm.web import public
from leads.models import Lead, SuppressionReason
from leads.suppression import entry_of
from tracking.intake import NotRecorded, record
from tracking.models import Happening
from tracking.tokens import UNSUBSCRIBE, BadToken, Mark, read_token

# What a person said, or what holds as strongly; the word of a member or a server leaves the button there to be pressed.
FINAL = {SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINED, SuppressionReason.ERASED}


@public
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str = "") -> HttpResponse:
    """GET: who writes, and the button. POST (`?page`, from that button): unsubscribed, said on a page.

    A link that a mail program or a hand has cut off gets a page that says so: whoever comes here knows no dashboard.
    """
    try:
        mark = read_token(UNSUBSCRIBE, token)
    except BadToken:
        return render(request, "tracking/incomplete.html", status=404)
    organisation = Organisation.objects.filter(pk=mark.organisation).first()
    context = {"sender": organisation.name if organisation else ""}
    if request.method != "POST":
        return render(request, "tracking/unsubscribe.html", context | {"already": is_unsubscribed(mark)})
    try:
        record(Happening.UNSUBSCRIBED, mark)
    except NotRecorded:
        return render(request, "tracking/unsubscribe.html", context | {"failed": True}, status=503)
    return render(request, "tracking/unsubscribe.html", context | {"done": True})


def is_unsubscribed(mark: Mark) -> bool:
    """Whether the lead of a link gets no more mail of that organisation, for a reason that nobody there can undo lightly."""
    lead = Lead.objects.filter(organisation=mark.organisation, pk=mark.lead).first()
    entry = entry_of(lead) if lead else None
    return entry is not None and entry.reason in FINAL
