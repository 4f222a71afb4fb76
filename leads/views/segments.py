"""Segments: saved filters, built by clicking."""

from collections.abc import Mapping
from typing import Any

from django.core.paginator import Page
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrgRequest
from ecrm.web import go, page_of, toast_event
from leads.counting import Count, count_leads
from leads.models import Segment
from leads.search import read_search
from leads.segments.builder import obey, read_form, shown
from leads.segments.rules import BadRules, Rules, read_rules
from leads.segments.saving import (
    LONGEST_NAME,
    SegmentError,
    SegmentGone,
    SegmentInUse,
    delete_segment,
    leads_of,
    save_segment,
)
from leads.segments.vocabulary import Vocabulary, vocabulary
from leads.views.table import may_change, refuse_viewers, show_table

UNFINISHED = "Fill in every condition to see how many leads match."


def found_segment(request: OrgRequest, pk: int) -> Segment:
    """The organisation's segment; raises Http404."""
    found = Segment.objects.select_related("organisation").filter(organisation=request.organisation, pk=pk).first()
    if found is None:
        raise Http404("There is no such segment.")
    return found


def segment_url(segment: Segment) -> str:
    return reverse("segment", kwargs={"org": segment.organisation.slug, "pk": segment.pk})


@require_GET
def index(request: OrgRequest) -> HttpResponse:
    page: Page[Segment] = page_of(request, request.organisation.segments.order_by("name"))
    context = {"page": page, "may_change": may_change(request), "active": "leads"}
    return render(request, "leads/segments.html", context)


@require_GET
def show(request: OrgRequest, pk: int) -> HttpResponse:
    segment = found_segment(request, pk)
    return show_table(request, read_search(request.GET, segment_id=segment.pk), segment)


@require_http_methods(["GET", "POST"])
def new(request: OrgRequest) -> HttpResponse:
    refuse_viewers(request)
    return form_for(request, Segment(organisation=request.organisation, created_by=request.user))


@require_http_methods(["GET", "POST"])
def edit(request: OrgRequest, pk: int) -> HttpResponse:
    refuse_viewers(request)
    return form_for(request, found_segment(request, pk))


def form_for(request: OrgRequest, segment: Segment) -> HttpResponse:
    """The builder's page; a POST saves."""
    words = vocabulary(request.organisation)
    name, rules, error = segment.name, Rules(), ""
    errors: Mapping[str, str] = {}
    try:
        if request.method == "POST":
            name, rules = request.POST.get("name", "")[: LONGEST_NAME + 1], read_form(request.POST, words)
            save_segment(segment, name, rules)
            return go(segment_url(segment), f"The segment {segment.name} is saved.")
        rules = read_rules(segment.rules) if segment.rules else obey(Rules(), "add-0", words)
    except SegmentGone as gone:
        raise Http404(str(gone)) from gone
    except BadRules as bad:
        error, errors = str(bad), bad.errors
    except SegmentError as bad:
        error = str(bad)
    context = builder_context(request, words, rules, errors) | {
        "segment": segment,
        "name": name,
        "error": error,
        "active": "leads",
    }
    return render(
        request, "leads/segment_form.html", context, status=422 if error and request.method == "POST" else 200
    )


@require_POST
def build(request: OrgRequest) -> HttpResponse:
    """The builder as it is after a click or a change; nothing is saved."""
    words = vocabulary(request.organisation)
    rules = obey(read_form(request.POST, words), request.POST.get("do", ""), words)
    return render(request, "leads/_builder.html", builder_context(request, words, rules, {}))


def builder_context(request: OrgRequest, words: Vocabulary, rules: Rules, errors: Mapping[str, str]) -> dict[str, Any]:
    count, problem = counted(request, rules)
    groups = [
        {"number": number, "match": group.match, "rules": rows}
        for number, (group, rows) in enumerate(zip(rules.all_groups, shown(rules, words, errors), strict=True))
    ]
    lost = sum(rule.field not in words for group in rules.all_groups for rule in group.rules)
    return {"groups": groups, "count": count, "problem": problem, "fields": by_group(words), "lost": lost}


def counted(request: OrgRequest, rules: Rules) -> tuple[Count | None, str]:
    """How many leads match; None and why, where that cannot be said yet."""
    try:
        return count_leads(leads_of(request.organisation, rules)), ""
    except BadRules as error:
        return None, UNFINISHED if error.errors else str(error)


def by_group(words: Vocabulary) -> dict[str, list[tuple[str, str]]]:
    """The fields to choose from, under their headings."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for about in words.values():
        groups.setdefault(about.group, []).append((about.key, about.label))
    return groups


@require_POST
def delete(request: OrgRequest, pk: int) -> HttpResponse:
    segment = found_segment(request, pk)
    try:
        delete_segment(segment)
    except SegmentInUse as error:
        response = go(reverse("segment", kwargs={"org": request.organisation.slug, "pk": pk}))
        response["HX-Trigger"] = toast_event(str(error), "error")
        return response
    url = reverse("segments", kwargs={"org": request.organisation.slug})
    return go(url, f"The segment {segment.name} is deleted; its leads stay.")
