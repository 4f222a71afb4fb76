"""What is done with several leads at once: the selection of the table, or all that its search finds."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.access import OrgRequest
from ecrm.rest import row_id
from ecrm.web import go
from leads.bulk.actions import ACTIONS, CHOICES, EXPORT, in_words
from leads.bulk.flow import begin, outcome
from leads.bulk.meant import Meant, newest_lead
from leads.counting import THOROUGH
from leads.lists import ListError, named_list
from leads.models import BulkAction, BulkState, LeadList, Segment
from leads.segments.rules import BadRules
from leads.tags import clean_tag
from leads.views.running import bulk_url
from leads.views.table import On, list_of, place, search_of, segment_of, show_table

SHOWN = 10
# What the table offers; the others are done with all leads that have a tag or a field (`tags`, `fields`).
OFFERED = ("tag", "untag", "add", "remove", "suppress", "erase", EXPORT)


class Refused(Exception):
    """What was asked cannot be done; the text says why."""


@dataclass(frozen=True)
class Asked:
    """What was posted: an action, and the leads, in the table where they were chosen."""

    request: OrgRequest
    action: str
    meant: Meant
    on: On

    def refuse(self, message: str) -> HttpResponse:
        return show_table(self.request, self.meant.search, self.on, error=message, checked=self.meant.ids)

    def back(self, **more: str) -> str:
        """The table as it was."""
        url = place(self.request, self.meant.search, self.on, self.request.POST.get("page", ""))
        return f"{url}{'&' if '?' in url else '?'}{urlencode(more)}" if more else url


def read_asked(request: OrgRequest) -> Asked:
    """`lead` for each, or all of them in `leads`, or `all` for whatever the search finds; raises Http404."""
    data = request.POST
    texts = [*data.getlist("lead"), *data.get("leads", "").split(",")]
    ids = tuple(sorted({pk for pk in map(row_id, texts) if pk > 0}))
    on: dict[str, On] = {
        "list": list_of(request, data.get("list", "")),
        "segment": segment_of(request, data.get("segment", "")),
    }
    newest = row_id(data.get("newest", "")) if data.get("newest") else None
    meant = Meant(request.organisation, search_of(request, data), () if data.get("all") else ids, newest)
    return Asked(request, data.get("action", ""), meant, on.get(data.get("on", "")))


@require_POST
def bulk(request: OrgRequest) -> HttpResponse:
    asked = read_asked(request)
    try:
        return answer(asked)
    except (Refused, BadRules) as error:
        return asked.refuse(str(error))


def answer(asked: Asked) -> HttpResponse:
    """Raises Refused, BadRules."""
    data = asked.request.POST
    if not asked.meant.ids and not data.get("all"):
        raise Refused("Choose some leads first.")
    if asked.action not in (*OFFERED, *CHOICES):
        raise Refused("Choose what to do with these leads.")
    if asked.action == EXPORT:
        return go(export_url(asked))
    planned = plan(asked)
    if not data.get("confirmed") and (data.get("all") or ACTIONS[asked.action].danger):
        return confirm(asked, planned)
    planned.target_list = target(asked, planned)
    return answer_begun(asked, begin(planned, asked.meant))


def plan(asked: Asked) -> BulkAction:
    """The action, with what it needs, not saved; raises Refused."""
    planned = BulkAction(
        organisation=asked.request.organisation,
        created_by=asked.request.user,
        action=asked.action,
        back=asked.back()[:500],
    )
    if asked.action in ("tag", "untag"):
        planned.value = clean_tag(asked.request.POST.get("tag_name", ""))
        if not planned.value:
            raise Refused("Say which tag.")
    elif asked.action == "add":
        planned.value = " ".join(asked.request.POST.get("name", "").replace("\0", "").split())[:200]
        if not planned.value:
            raise Refused("Give the list a name.")
    elif asked.action == "remove":
        planned.value = chosen_list(asked).name
    elif asked.action in CHOICES:
        planned.new_value = asked.request.POST.get("choice", "")
        planned.value = CHOICES[asked.action].options(asked.request.organisation).get(planned.new_value, "")[:200]
        if not planned.value:
            raise Refused("Choose one from the list.")
    return planned


def chosen_list(asked: Asked) -> LeadList:
    """Raises Refused where the table shows none."""
    if found := list_of(asked.request, str(asked.meant.search.list_id or "")):
        return found
    raise Refused("Choose a list first: leads are removed from the list that is shown.")


def target(asked: Asked, planned: BulkAction) -> LeadList | None:
    """The list it is about, made where it is new; raises Refused."""
    if asked.action == "remove":
        return chosen_list(asked)
    if asked.action != "add":
        return None
    try:
        return named_list(asked.request.organisation, planned.value)
    except ListError as error:
        raise Refused(str(error)) from error


def confirm(asked: Asked, planned: BulkAction) -> HttpResponse:
    """Ask first, with how many; changes nothing. Raises Refused, BadRules."""
    request = asked.request
    leads = asked.meant.leads()
    count = asked.meant.count(THOROUGH)
    if not count:
        raise Refused("These leads are not there any more.")
    action = ACTIONS[asked.action]
    context = {
        "label": in_words(action.asks, planned, count.leads),
        "danger": action.danger,
        "undoes": action.undo is not None,
        "count": count,
        "leads": leads.order_by("-pk")[:SHOWN],
        "more": f"{count.number - SHOWN:,}" if count.exact and count.number > SHOWN else "",
        "ids": ",".join(map(str, asked.meant.ids)),
        "newest": newest_lead(request.organisation),
        "planned": planned,
        "search": asked.meant.search,
        "on_list": asked.on if isinstance(asked.on, LeadList) else None,
        "on_segment": asked.on if isinstance(asked.on, Segment) else None,
        "page_token": request.POST.get("page", ""),
        "back": asked.back(),
        "active": "leads",
    }
    return render(request, "leads/confirm.html", context)


def answer_begun(asked: Asked, bulk: BulkAction) -> HttpResponse:
    """Back to the table where it is done; to its own page where a worker is at it."""
    if bulk.state in (BulkState.DONE, BulkState.FAILED):
        return go(asked.back(**({"done": str(bulk.pk)} if bulk.changed else {})), outcome(bulk))
    return go(bulk_url(bulk))


def export_url(asked: Asked) -> str:
    """The page that asks which columns; chosen leads stand in its address."""
    parameters = asked.meant.search.parameters()
    if asked.meant.ids:
        parameters |= {"leads": ",".join(map(str, asked.meant.ids))}
    path = reverse("leads-export", kwargs={"org": asked.request.organisation.slug})
    return f"{path}?{urlencode(parameters)}"
