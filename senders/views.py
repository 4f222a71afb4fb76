"""Pages of senders: all of them, one, its form, and what may be done with it."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrgRequest
from accounts.models import Role
from ecrm.web import go, page_of, render_page, toast_event
from senders import services
from senders.check import CheckStep, check_for
from senders.connecting.providers import PROVIDERS
from senders.dns_check import look_at_domain
from senders.errors import last_errors
from senders.forms import SenderForm, WindowForm
from senders.health import outcomes_of
from senders.models import Kind, Sender
from senders.presets import presets
from senders.services import SenderError
from senders.standing import standing_of, standings

STEPS = {"resolve": "Find the server", "connect": "Connect", "tls": "Secure the line", "sign in": "Sign in"}
GRANT_STEPS = {"permission": "Find the permission", "renew": "Renew it at the provider"}


def find(request: OrgRequest, pk: int) -> Sender:
    return get_object_or_404(request.organisation.senders, pk=pk)


def url_of(request: OrgRequest, sender: Sender) -> str:
    return reverse("sender", kwargs={"org": request.organisation.slug, "pk": sender.pk})


def render_senders(
    request: OrgRequest, template: str, context: dict[str, Any], *, fragment: str = "", status: int = 200
) -> HttpResponse:
    common = {"active": "senders", "may_manage": request.membership.may(Role.MANAGER)}
    return render_page(request, template, common | context, fragment=fragment, status=status)


@require_GET
def index(request: OrgRequest) -> HttpResponse:
    """All senders, by name; `?q=` looks in name, address and host."""
    senders = request.organisation.senders.order_by("name", "pk")
    query = request.GET.get("q", "").strip().replace("\0", "")[:200]
    page = page_of(request, services.search(senders, query) if query else senders)
    context = {"page": page, "standings": standings(page.object_list), "query": query}
    return render_senders(request, "senders/list.html", context, fragment="senders/_list.html")


@require_GET
def show(request: OrgRequest, pk: int) -> HttpResponse:
    return render_sender(request, find(request, pk), is_new="new" in request.GET)


def render_sender(
    request: OrgRequest, sender: Sender, *, steps: list[CheckStep] | None = None, is_new: bool = False
) -> HttpResponse:
    context = {
        "sender": sender,
        "standing": standing_of(sender),
        "health": outcomes_of(sender),
        "errors": last_errors(sender),
        "is_new": is_new,
        "steps": in_words(steps, STEPS if sender.kind == Kind.SMTP else GRANT_STEPS),
        "succeeded": bool(steps) and all(step.ok for step in steps or []),
    }
    return render_senders(request, "senders/sender.html", context, fragment="senders/_sender.html")


def in_words(steps: list[CheckStep] | None, labels: dict[str, str]) -> list[dict[str, Any]]:
    """What a check found, for people; the steps that it did not come to any more stand there as well."""
    if not steps:
        return []
    found = [{"label": labels.get(step.name, step.name), "step": step} for step in steps]
    return found + [{"label": label, "step": None} for label in list(labels.values())[len(steps) :]]


@require_http_methods(["GET", "POST"])
def new(request: OrgRequest) -> HttpResponse:
    return form_page(request, Sender(organisation=request.organisation))


@require_http_methods(["GET", "POST"])
def edit(request: OrgRequest, pk: int) -> HttpResponse:
    return form_page(request, find(request, pk))


def form_page(request: OrgRequest, sender: Sender) -> HttpResponse:
    """The form of a sender, and after its POST the sender's page."""
    if not request.membership.may(Role.MANAGER):
        raise PermissionDenied("Managers and owners may change senders.")
    stored = find(request, sender.pk) if sender.pk else None  # whatever is being typed into `sender`
    data = request.POST if request.method == "POST" else None
    form, window = SenderForm(data, instance=sender), WindowForm.for_window(sender.window, data)
    if data is not None and (saved := save(request, sender, form, window)):
        if stored:
            return go(url_of(request, saved), "Saved.")
        return go(f"{url_of(request, saved)}?new", f"{saved.name} is saved.")
    choices = {"presets": presets(), "providers": PROVIDERS.values()}
    context = choices | {"sender": stored, "form": form, "window": window}
    return render_senders(request, "senders/form.html", context, status=200 if data is None else 422)


def save(request: OrgRequest, sender: Sender, form: SenderForm, window: WindowForm) -> Sender | None:
    """The saved sender; None where the forms hold errors, to be shown at their fields."""
    if not all([form.is_valid(), window.is_valid()]):
        return None
    values = form.cleaned_data | {"window": window.window()}
    try:
        if sender.pk:
            return services.update_sender(sender, values)
        return services.create_sender(request.organisation, request.user, values)
    except SenderError as error:
        form.add_error(error.field or None, str(error))
        return None


@require_POST
def check(request: OrgRequest, pk: int) -> HttpResponse:
    """Try the connection, up to half a minute, and say what each step came to."""
    sender = find(request, pk)
    steps = check_for(request.user, sender)
    return render_sender(request, sender, steps=steps)


@require_GET
def domain(request: OrgRequest, pk: int) -> HttpResponse:
    """What DNS says of its domain, looked up now: a fragment of its page, or a page of its own."""
    sender = find(request, pk)
    context = {"sender": sender, "checks": look_at_domain(sender)}
    return render_senders(request, "senders/domain.html", context, fragment="senders/_domain.html")


@require_POST
def pause(request: OrgRequest, pk: int) -> HttpResponse:
    sender = find(request, pk)
    paused = services.pause_sender(sender)
    return go(url_of(request, sender), f"{sender.name} is paused." if paused else "It was not active any more.")


@require_POST
def resume(request: OrgRequest, pk: int) -> HttpResponse:
    sender = find(request, pk)
    resumed = services.resume_sender(sender)
    return go(url_of(request, sender), f"{sender.name} may send again." if resumed else "It was not paused any more.")


@require_POST
def delete(request: OrgRequest, pk: int) -> HttpResponse:
    sender = find(request, pk)
    try:
        left = services.delete_sender(sender)
    except SenderError as error:
        return refused(request, str(error))
    said = f"{sender.name} is deleted. {left}".strip()
    return go(reverse("senders", kwargs={"org": request.organisation.slug}), said)


def refused(request: HttpRequest, why: str) -> HttpResponse:
    """The page stays as it is, and a toast says why nothing happened."""
    return HttpResponse(why, status=409, headers={"HX-Trigger": toast_event(why, "error")})
