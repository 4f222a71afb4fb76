"""Who is in a campaign: where each stands, and what people do with one or many of them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import OrgRequest
from campaigns.enrolling import ACTIONS, MOST_CHOSEN, act, possible
from campaigns.models import GOING, Campaign, Enrollment, EnrollmentState, Message, MessageState
from campaigns.views.common import campaign_of, common, may_manage, narrowing, of_lead, url
from campaigns.waiting import foretell
from ecrm.text import counted
from ecrm.web import go, page_of, render_page, toast_event

SORTS = {"newest": "-pk", "due": "due_at", "email": "lead__email_key"}
# What a button says for each action, and what its dialog asks before it is done.
BUTTONS = {
    "pause": ("Pause", "They get nothing until you resume them, and keep their place."),
    "resume": ("Resume", "They go on where they were."),
    "send_now": (
        "Send next now",
        "Their next mail goes out as soon as hours and limits allow, without waiting for its day.",
    ),
    "skip": ("Skip next step", "What is planned of it is dropped; they go on with the step behind it."),
    "replied": ("Mark as replied", "Their sequence ends, as if their reply had come in."),
    "remove": ("Take out", "They get nothing more from this campaign, and no list or segment brings them back."),
}


def found_in(campaign: Campaign, q: str, state: str, step: str) -> QuerySet[Enrollment]:
    """The campaign's enrollments whose lead has every word of `q`, in that state, whose next step is that one."""
    found = Enrollment.objects.filter(campaign=campaign)
    if state:
        found = found.filter(state=state)
    if step.isdecimal() and len(step) < 4:
        found = found.filter(next_position=int(step), state__in=GOING)
    return found.filter(of_lead(q))


def with_planned(campaign: Campaign, rows: Iterable[Enrollment]) -> list[Enrollment]:
    """The enrollments, each with what is under way for it (`message`) and what may be done (`actions`)."""
    rows = list(rows)
    under_way = (MessageState.PLANNED, MessageState.SENDING, MessageState.UNKNOWN)
    found = Message.objects.filter(enrollment__in=rows, state__in=under_way).select_related("sender")
    messages = {message.enrollment_id: message for message in found}
    foretell(campaign, messages.values())
    for row in rows:
        row.message = messages.get(row.pk)
        row.actions = possible(row)
    return rows


@require_GET
def index(request: OrgRequest, pk: int) -> HttpResponse:
    campaign = campaign_of(request, pk)
    q, state = narrowing(request, EnrollmentState.values)
    step, sort = request.GET.get("step", ""), request.GET.get("sort", "newest")
    order = SORTS.get(sort, SORTS["newest"])
    rows = found_in(campaign, q, state, step).select_related("lead", "sender")
    page = page_of(request, rows.order_by(F("due_at").asc(nulls_last=True) if order == "due_at" else order, "-pk"))
    page.object_list = with_planned(campaign, page.object_list)
    context: dict[str, Any] = common(request, campaign, "leads") | {
        "page": page,
        "q": q,
        "state": state,
        "step": step,
        "sort": sort,
        "states": EnrollmentState,
        "steps": range(1, campaign.steps.count() + 1),
        "narrowed": bool(q or state or step),
        "buttons": BUTTONS,
        "choosing": may_manage(request) and any(row.actions for row in page.object_list),
    }
    return render_page(request, "campaigns/leads.html", context, fragment="campaigns/_leads.html")


@require_POST
def do(request: OrgRequest, pk: int, action: str) -> HttpResponse:
    """An action with the ticked leads, or with all that the search on the page finds (`all`)."""
    campaign = campaign_of(request, pk)
    here = url("campaign-leads", campaign)
    chosen = chosen_in(request, campaign)
    if action not in ACTIONS or not chosen:
        return answered(here, "Tick the leads that you mean first.", "error")
    count = act(campaign, action, chosen, request.user)
    others = len(chosen) - count
    said = f"{BUTTONS[action][0]}: {counted(count, 'lead')}."
    if others:
        said += (
            f" {counted(others, 'other')} {'is' if others == 1 else 'are'} in no state for it, and stayed as before."
        )
    return answered(here, said, "info" if count else "error")


def chosen_in(request: OrgRequest, campaign: Campaign) -> list[int]:
    if "all" in request.POST:
        q, state = request.POST.get("q", ""), request.POST.get("state", "")
        known = state if state in EnrollmentState.values else ""
        found = found_in(campaign, q.replace("\0", ""), known, request.POST.get("step", ""))
    else:
        ticked = [int(value) for value in request.POST.getlist("enrollment") if value.isdecimal() and len(value) < 19]
        found = Enrollment.objects.filter(campaign=campaign, pk__in=ticked[:MOST_CHOSEN])
    return list(found.order_by("pk").values_list("pk", flat=True)[:MOST_CHOSEN])


def answered(here: str, said: str, kind: str) -> HttpResponse:
    response = go(here)
    response["HX-Trigger"] = toast_event(said, kind)
    return response
