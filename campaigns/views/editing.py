"""The Sequence tab: everything that was typed is kept, and what would stand in the way of a start stands at its field."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import OrgRequest
from campaigns.differences import differences, fixed
from campaigns.errors import Conflict, NotReady
from campaigns.forms import typed
from campaigns.forms.sequence import SequenceForm, SequenceHead
from campaigns.forms.shaping import shaped
from campaigns.models import Campaign
from campaigns.reach import reach
from campaigns.views.common import campaign_of, url
from campaigns.views.saving import keep, tab_context
from campaigns.views.wording import wording_context
from campaigns.wording import MOST_STEPS, MOST_VARIANTS
from ecrm.web import go

# Where a save leads to, by the button that was pressed.
NEXT = {"preview": "campaign-preview", "check": "campaign"}


def form_of(campaign: Campaign, steps: list[typed.TypedStep], data: Any = None) -> SequenceForm:
    head = SequenceHead(data, initial={"name": campaign.name, "version": campaign.version})
    stays = fixed(campaign)
    return SequenceForm(head, steps, stays.steps, stays.variants)


def sequence_context(request: OrgRequest, campaign: Campaign, form: SequenceForm) -> dict[str, Any]:
    """What the steps need, on the page and alone."""
    context = tab_context(request, campaign, "sequence")
    form.show_what_is_wrong()
    form.show_files(request.organisation)
    if context["live"]:
        form.show_progress(reach(campaign), campaign.steps.select_related("winner"))
    return (
        context
        | wording_context(request.organisation)
        | {
            "form": form,
            "most_steps": MOST_STEPS,
            "most_variants": MOST_VARIANTS,
        }
    )


def page(request: OrgRequest, campaign: Campaign, form: SequenceForm, **more: Any) -> HttpResponse:
    """The page; `saved`: the draft is stored, although something in it must be mended; `changes`: what waits to be
    confirmed; `conflict`: who was faster.
    """
    context = sequence_context(request, campaign, form) | more
    wrong = form.wrong or bool(more.get("conflict"))
    return render(request, "campaigns/edit.html", context, status=422 if wrong else 200)


@require_http_methods(["GET", "POST"])
def edit(request: OrgRequest, pk: int) -> HttpResponse:
    campaign = campaign_of(request, pk)
    if request.method == "POST":
        return save(request, campaign, form_of(campaign, typed.read(request.POST), request.POST))
    return page(request, campaign, form_of(campaign, typed.stored(campaign)))


@require_POST
def shape(request: OrgRequest, pk: int) -> HttpResponse:
    """The steps with one more, one less or in another order (`do`); nothing is stored."""
    campaign = campaign_of(request, pk)
    steps = shaped(typed.read(request.POST), request.POST.get("do", ""), fixed(campaign).steps)
    form = form_of(campaign, steps, request.POST)
    return render(request, "campaigns/_sequence.html", sequence_context(request, campaign, form))


def save(request: OrgRequest, campaign: Campaign, form: SequenceForm) -> HttpResponse:
    """Store what was typed, of a draft even a template that does not parse; go on where nothing must be mended."""
    if form.wrong:
        return page(request, campaign, form)
    values, version = form.values(campaign), form.head.read_version()
    asks = version in (None, campaign.version) and "confirmed" not in request.POST
    if asks and (changes := differences(campaign, values["steps"])):
        return page(request, campaign, form, changes=changes)
    error = keep(request, campaign, values, version, form.note)
    if isinstance(error, Conflict):
        return page(request, campaign, form, conflict=error)
    if isinstance(error, NotReady):
        form.note_template_problems(campaign)
    if error:
        return page(request, campaign, form)
    return saved(request, campaign)


def saved(request: OrgRequest, campaign: Campaign) -> HttpResponse:
    """On to where the person wants to go, or, where a template must be mended, back to it."""
    form = form_of(campaign, typed.stored(campaign))
    if not form.wrong and form.note_template_problems(campaign):
        return page(request, campaign, form, saved=True)
    return go(url(NEXT.get(request.POST.get("then", ""), "campaign-edit"), campaign), "Saved.")
