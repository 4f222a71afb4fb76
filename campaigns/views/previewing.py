"""A campaign's mail before it goes out: rendered for one lead in a frame of its own, and as a test mail."""

from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import OrgRequest, sign_link
from campaigns.errors import BadValue
from campaigns.forms.testmail import TestMailForm
from campaigns.models import Campaign, Variant
from campaigns.previews import (
    all_in_words,
    chosen_lead,
    chosen_variant,
    labels,
    lead_choices,
    preview_for,
    send_test_mail,
    whole_sequence,
    wordings,
)
from campaigns.rendering import RenderError
from campaigns.views.common import MOST_TYPED, campaign_of, common
from ecrm.web import render_page, toast_event
from leads.models import Lead
from senders.transports.base import Sent

# The mail can run nothing, post nothing and read nothing of ours: its origin is opaque. Images of other hosts load only
# where the person asked for them, since that tells those hosts that somebody looks.
FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:{images}; frame-ancestors 'self'; "
    "form-action 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
REMOTE = " https: http:"


def key(text: str) -> int | None:
    """A primary key out of a query or a form; None where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None


def variant_of(data: QueryDict, campaign: Campaign) -> Variant:
    return chosen_variant(campaign, key(data.get("variant", "")))


def frame_url(request: OrgRequest, campaign: Campaign, variant: Variant, lead: int | None, *, images: bool) -> str:
    """A frame cannot send a bearer token, so its link is signed for the minute in which it loads."""
    path = reverse("campaign-preview-html", kwargs={"org": request.organisation.slug, "pk": campaign.pk})
    return sign_link(f"{path}?lead={lead or ''}&variant={variant.pk}&images={int(images)}", request.user)


def preview_context(request: OrgRequest, campaign: Campaign) -> dict[str, Any]:
    q = request.GET.get("q", "").replace("\0", "").strip()[:MOST_TYPED]
    images = request.GET.get("images") == "1"
    choices = lead_choices(campaign, q)
    lead = chosen_lead(request.organisation, key(request.GET.get("lead", "")), choices)
    variant = variant_of(request.GET, campaign)
    shown = preview_for(campaign, lead, variant)
    if not shown.invented and lead not in choices:
        choices.insert(0, lead)
    has_html = bool(shown.rendered and shown.rendered.html)
    return common(request, campaign, "preview") | {
        "preview": shown,
        "choices": choices,
        "wordings": labels(wordings(campaign)),
        "variant": variant,
        "q": q,
        "images": images,
        "frame": frame_url(request, campaign, variant, lead.pk, images=images) if has_html else "",
    }


@require_GET
def show(request: OrgRequest, pk: int) -> HttpResponse:
    campaign = campaign_of(request, pk)
    context = preview_context(request, campaign)
    context["form"] = TestMailForm(campaign, initial={"to": request.user.email})
    return render_page(request, "campaigns/preview.html", context, fragment="campaigns/_preview.html")


@require_GET
def html(request: OrgRequest, pk: int) -> HttpResponse:
    """The mail's HTML part itself, for the frame."""
    campaign = campaign_of(request, pk)
    lead = chosen_lead(request.organisation, key(request.GET.get("lead", "")), [])
    shown = preview_for(campaign, lead, variant_of(request.GET, campaign))
    if shown.rendered is None or not shown.rendered.html:
        raise Http404("This mail has no HTML part for this lead.")
    response = HttpResponse('<base target="_blank">' + shown.rendered.page, content_type="text/html; charset=utf-8")
    remote = REMOTE if request.GET.get("images") == "1" else ""
    response["Content-Security-Policy"] = FRAME_POLICY.format(images=remote)
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_POST
def test(request: OrgRequest, pk: int) -> HttpResponse:
    """Send the chosen mail, or all of the sequence, to one address as the chosen lead would get it; the form comes back
    with what came of it.
    """
    campaign = campaign_of(request, pk)
    form = TestMailForm(campaign, request.POST)
    lead = chosen_lead(request.organisation, key(request.POST.get("lead", "")), lead_choices(campaign))
    said, sent = "", False
    if form.is_valid():
        said, sent = outcome_of(request, campaign, form, lead)
    context = {"campaign": campaign, "form": form, "said": said, "sent": sent, "lead": lead.pk or ""}
    response = render(request, "campaigns/_test.html", context, status=200 if sent else 422)
    if sent:
        response["HX-Trigger"] = toast_event(f"Test mail{'s' if form.whole else ''} sent to {form.cleaned_data['to']}.")
    return response


def outcome_of(request: OrgRequest, campaign: Campaign, form: TestMailForm, lead: Lead) -> tuple[str, bool]:
    """What came of the test mail, in words, and whether it went out."""
    to, sender = form.cleaned_data["to"], form.cleaned_data["sender"]
    shown = variant_of(request.POST, campaign)
    variants = whole_sequence(campaign, shown) if form.whole else [shown]
    try:
        outcomes = send_test_mail(campaign, request.user, lead, sender, to, variants)
    except BadValue as error:
        form.add_error(error.field, str(error))
        return "", False
    except RenderError as error:
        return str(error), False
    return all_in_words(outcomes, to), isinstance(outcomes[-1], Sent)
