"""Writing a campaign: everything that was typed is kept, and what would stand in the way of a start stands at its field."""

import re
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.access import OrgRequest
from accounts.models import Organisation
from campaigns.audience import custom_fields
from campaigns.editing import create_campaign, update_campaign
from campaigns.errors import BadValue, CampaignError, CampaignGone
from campaigns.forms import CampaignForm
from campaigns.models import Campaign, CampaignState
from campaigns.rendering.fields import OTHER_NAMES, STANDARD_FIELDS
from campaigns.views.common import campaign_of, url
from ecrm.web import go
from leads.views.table import refuse_viewers
from senders.forms import WindowForm

# What the picker writes for a field of the lead that is missing.
FALLBACKS = {"first_name": "there", "company": "your company"}
# What Liquid takes without brackets.
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def merge_fields(organisation: Organisation) -> list[tuple[str, str]]:
    """Every field that the picker offers: its name, and the Liquid that prints it."""
    paths = {name: name for name in STANDARD_FIELDS}
    for name in custom_fields(organisation):
        plain = IDENTIFIER.fullmatch(name) and name not in OTHER_NAMES
        if '"' not in name:
            paths.setdefault(name, name if plain else f'fields["{name}"]')
    return [(name, f'{{{{ {path} | default: "{FALLBACKS.get(name, "")}" }}}}') for name, path in paths.items()]


def editor(
    request: OrgRequest,
    form: CampaignForm,
    window: WindowForm,
    campaign: Campaign | None = None,
    *,
    saved: bool = False,
) -> HttpResponse:
    """The page; `saved`: the draft is stored, although something in it must be mended."""
    context: dict[str, Any] = {
        "form": form,
        "window": window,
        "campaign": campaign,
        "saved": saved,
        "lists": form.list_choices(),
        "senders": form.sender_choices(),
        "merge_fields": merge_fields(request.organisation),
        "active": "campaigns",
    }
    wrong = bool(form.errors or window.errors)
    response = render(request, "campaigns/edit.html", context, status=422 if wrong else 200)
    if saved and campaign:  # a reload finds the draft, also where it was new
        response["HX-Replace-Url"] = url("campaign-edit", campaign)
    return response


def save(request: OrgRequest, form: CampaignForm, window: WindowForm, campaign: Campaign | None) -> HttpResponse:
    """Store what was typed, even a template that does not parse; go on where nothing must be mended."""
    if not form.is_valid() or not window.is_valid():
        return editor(request, form, window, campaign)
    # A zone that makes no sense is let pass by the form while it is hidden.
    values = form.values() | {"window": window.window(), "time_zone": window.cleaned_data.get("time_zone", "")}
    try:
        if campaign is None:
            campaign = create_campaign(request.organisation, request.user, values)
        else:
            update_campaign(campaign, values)
    except CampaignGone as error:
        raise Http404(str(error)) from error
    except BadValue as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return editor(request, form, window, campaign)
    except CampaignError as error:
        form.add_error(None, str(error))
        return editor(request, form, window, campaign)
    if form.note_template_problems(campaign):
        return editor(request, form, window, campaign, saved=True)
    wanted = "campaign-preview" if request.POST.get("then") == "preview" else "campaign"
    return go(url(wanted, campaign), "Saved.")


@require_http_methods(["GET", "POST"])
def new(request: OrgRequest) -> HttpResponse:
    refuse_viewers(request)
    if request.method == "POST":
        form = CampaignForm(request.organisation, request.POST)
        return save(request, form, WindowForm(request.POST), None)
    latest = request.organisation.campaigns.order_by("-pk").first()
    window = WindowForm(initial={"time_zone": latest.time_zone if latest else "UTC"})
    return editor(request, CampaignForm(request.organisation, initial=first_choices(request)), window)


def first_choices(request: OrgRequest) -> dict[str, Any]:
    """Where there is only one sender or list, it is meant."""
    chosen = {}
    for name, rows in (("senders", request.organisation.senders), ("lists", request.organisation.lists)):
        found = list(rows.all()[:2])
        chosen[name] = [row.pk for row in found] if len(found) == 1 else []
    return chosen


@require_http_methods(["GET", "POST"])
def edit(request: OrgRequest, pk: int) -> HttpResponse:
    campaign = campaign_of(request, pk)
    refuse_viewers(request)
    if request.method == "POST":
        return save(request, CampaignForm.of(campaign, request.POST), WindowForm(request.POST), campaign)
    if campaign.state != CampaignState.DRAFT:
        return redirect(url("campaign", campaign))
    window = WindowForm.for_window(campaign.window)
    window.initial.setdefault("time_zone", campaign.time_zone)
    return editor(request, CampaignForm.of(campaign), window, campaign)
