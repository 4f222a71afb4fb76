"""A new campaign: its name, whom it reaches and from whom; its sequence is written next."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.access import OrgRequest
from campaigns.editing import create_campaign
from campaigns.errors import BadValue
from campaigns.forms.audience import NewForm
from campaigns.views.common import url
from campaigns.views.saving import noting
from ecrm.web import go
from leads.views.table import refuse_viewers


@require_http_methods(["GET", "POST"])
def new(request: OrgRequest) -> HttpResponse:
    refuse_viewers(request)
    if request.method == "POST":
        return create(request, NewForm(request.organisation, request.POST))
    return page(request, NewForm(request.organisation, initial=first_choices(request)))


def page(request: OrgRequest, form: NewForm) -> HttpResponse:
    context = {
        "form": form,
        "lists": form.list_choices(),
        "senders": form.sender_choices(),
        "active": "campaigns",
    }
    return render(request, "campaigns/new.html", context, status=422 if form.errors else 200)


def create(request: OrgRequest, form: NewForm) -> HttpResponse:
    if not form.is_valid():
        return page(request, form)
    latest = request.organisation.campaigns.order_by("-pk").first()
    values = form.values() | {"time_zone": latest.time_zone if latest else "UTC"}
    try:
        campaign = create_campaign(request.organisation, request.user, values)
    except BadValue as error:
        noting(form)(error.field, str(error))
        return page(request, form)
    return go(url("campaign-edit", campaign))


def first_choices(request: OrgRequest) -> dict[str, list[int]]:
    """Where there is only one sender or list, it is meant."""
    chosen = {}
    for name, rows in (("senders", request.organisation.senders), ("lists", request.organisation.lists)):
        found = list(rows.all()[:2])
        chosen[name] = [row.pk for row in found] if len(found) == 1 else []
    return chosen
