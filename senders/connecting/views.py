"""Pages of connecting: what is asked and why, the way back from the provider, and disconnecting."""

import re
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import OrgRequest
from accounts.models import Role, User
from ecrm.web import go, leave
from senders.connecting import attempts, flow
from senders.connecting.providers import PROVIDERS
from senders.models import ConnectAttempt, Kind, Sender

LONGEST = 4096
# RFC 6749 4.1.2.1 and Microsoft's own; others are shown as they came, if they look like a code at all.
SAID_NO = {"access_denied": "You did not allow it. Nothing was connected."}
CODE = re.compile(r"[a-z_]{1,40}")


@require_http_methods(["GET", "POST"])
def connect(request: OrgRequest, kind: str) -> HttpResponse:
    """What is asked of the provider, and why; a POST goes on to its consent page. `sender`: the one to reconnect."""
    if kind not in PROVIDERS:
        raise Http404("No such provider.")
    if not request.membership.may(Role.MANAGER):
        raise PermissionDenied("Managers and owners may connect mailboxes.")
    sender = sender_named(request, kind)
    error = ""
    if request.method == "POST":
        try:
            return leave(flow.start_connecting(request.user, request.organisation, kind, sender))
        except flow.ConnectError as refused:
            error = str(refused)
    context = {"provider": PROVIDERS[kind], "sender": sender, "error": error, "active": "senders"}
    return render(request, "senders/connect.html", context, status=422 if error else 200)


def sender_named(request: OrgRequest, kind: str) -> Sender | None:
    """The organisation's sender that `?sender=` names; a 404 where it is no such one."""
    wanted = request.GET.get("sender") or request.POST.get("sender")
    if not wanted:
        return None
    if not (wanted.isascii() and wanted.isdecimal() and len(wanted) < 19):
        raise Http404("No such sender.")
    return get_object_or_404(request.organisation.senders, pk=int(wanted), kind=kind)


@require_http_methods(["GET", "POST"])
def callback(request: HttpRequest) -> HttpResponse:
    """Where people come back to. The page of the GET posts what it was given, with the person's own token."""
    assert isinstance(request.user, User)
    given = request.POST if request.method == "POST" else request.GET
    state, code = given.get("state", "")[:LONGEST], given.get("code", "")[:LONGEST]
    attempt = attempts.find(request.user, state)
    if request.method == "POST":
        try:
            done = flow.finish_connecting(request.user, state, code)
        except flow.ConnectError as error:
            return came_back(request, attempt, status=422, error=str(error))
        url = reverse("sender", kwargs={"org": done.sender.organisation.slug, "pk": done.sender.pk})
        again = "connected again" if done.again else "connected"
        return go(url, f"{done.sender.address} is {again}.", replace=True)
    if not code or not state:
        return came_back(request, attempt, error=why_not(given.get("error", "")))
    return came_back(request, attempt, state=state, code=code)


def why_not(error: str) -> str:
    """What to say of the provider's `error` parameter; anybody may have written it."""
    known = error if CODE.fullmatch(error) else "no code"
    return SAID_NO.get(error, f"The provider sent you back without a permission ({known}). Nothing was connected.")


def came_back(request: HttpRequest, attempt: ConnectAttempt | None, status: int = 200, **context: Any) -> HttpResponse:
    """The page of the way back; inside the organisation where the attempt says which, and the person is in it still."""
    if attempt and flow.may_connect(attempt):
        context |= {"organisation": attempt.organisation, "provider": PROVIDERS[attempt.kind], "sender": attempt.sender}
    return render(request, "senders/connect_back.html", {"active": "senders", **context}, status=status)


@require_POST
def disconnect(request: OrgRequest, pk: int) -> HttpResponse:
    """Take back what was allowed at the provider, and delete the tokens."""
    sender = get_object_or_404(request.organisation.senders.exclude(kind=Kind.SMTP), pk=pk)
    left = flow.disconnect_sender(sender)
    url = reverse("sender", kwargs={"org": request.organisation.slug, "pk": sender.pk})
    return go(url, f"{sender.address} is disconnected. {left}".strip())
