"""What is done with several leads at once: the selection of the table, or all that its search finds."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from accounts.access import OrgRequest
from ecrm.rest import row_id
from ecrm.web import go
from leads.lists import ListError, add_found_to_list, named_list, remove_from_list
from leads.models import Lead, LeadList
from leads.search import Search, read_search, search_leads
from leads.services import erase_leads
from leads.views.table import list_of, place, show_table

MOST_ERASED = 10_000
SHOWN = 10


@dataclass(frozen=True)
class Selection:
    """The leads chosen, and the table they were chosen in."""

    request: OrgRequest
    search: Search
    chosen_list: LeadList | None
    on_list: LeadList | None
    ids: frozenset[int]
    leads: QuerySet[Lead]

    def refuse(self, message: str) -> HttpResponse:
        return show_table(self.request, self.search, self.on_list, error=message, checked=self.ids)

    def back(self, toast: str) -> HttpResponse:
        """To the table as it was, and say what was done."""
        return go(place(self.request, self.search, self.on_list, self.request.POST.get("page", "")), toast)


def counted(number: int) -> str:
    return f"{number:,} lead" if number == 1 else f"{number:,} leads"


def read_selection(request: OrgRequest) -> Selection:
    """What was posted: `lead` for each, or all of them in `leads`, or `all` for whatever the search finds."""
    data = request.POST
    chosen_list = list_of(request, data.get("list", ""))
    search = read_search(data, chosen_list.pk if chosen_list else None)
    texts = [*data.getlist("lead"), *data.get("leads", "").split(",")]
    ids = frozenset(pk for pk in (row_id(text) for text in texts) if pk > 0)
    if data.get("all"):
        leads = search_leads(request.organisation, search.q, search.list_id, search.tag)
    else:
        leads = Lead.objects.filter(organisation=request.organisation, pk__in=ids)
    return Selection(request, search, chosen_list, chosen_list if data.get("on_list") else None, ids, leads)


@require_POST
def bulk(request: OrgRequest) -> HttpResponse:
    selection = read_selection(request)
    if not selection.ids and not request.POST.get("all"):
        return selection.refuse("Choose some leads first.")
    actions = {"add": add, "remove": remove, "erase": erase}
    act = actions.get(request.POST.get("action", ""))
    return act(selection) if act else selection.refuse("Choose what to do with these leads.")


def add(selection: Selection) -> HttpResponse:
    """Onto the list of that name, made where there is none."""
    try:
        chosen = named_list(selection.request.organisation, selection.request.POST.get("name", ""))
    except ListError as error:
        return selection.refuse(str(error))
    added = add_found_to_list(chosen, selection.leads)
    said = f"{counted(added)} added to {chosen.name}." if added else f"They are on {chosen.name} already."
    return selection.back(said)


def remove(selection: Selection) -> HttpResponse:
    if selection.chosen_list is None:
        return selection.refuse("Choose a list first: leads are removed from the list that is shown.")
    removed = remove_from_list(selection.chosen_list, selection.leads)
    return selection.back(f"{counted(removed)} removed from {selection.chosen_list.name}.")


def erase(selection: Selection) -> HttpResponse:
    """Erase what was confirmed; without a confirmation, ask for one that says how many, and changes nothing."""
    request = selection.request
    if request.POST.get("confirmed"):
        return selection.back(f"{counted(erase_leads(selection.leads))} erased.")
    ids = list(selection.leads.order_by("-pk").values_list("pk", flat=True)[: MOST_ERASED + 1])
    if len(ids) > MOST_ERASED:
        return selection.refuse(f"{MOST_ERASED:,} leads can be erased at a time: narrow the search, then try again.")
    if not ids:
        return selection.refuse("These leads are not there any more.")
    context = {
        "count": len(ids),
        "label": f"Erase {counted(len(ids))}",
        "leads": Lead.objects.filter(organisation=request.organisation, pk__in=ids[:SHOWN]).order_by("-pk"),
        "more": max(0, len(ids) - SHOWN),
        "ids": ",".join(map(str, ids)),
        "search": selection.search,
        "on_list": selection.on_list,
        "back": place(request, selection.search, selection.on_list, request.POST.get("page", "")),
        "active": "lists" if selection.on_list else "leads",
    }
    return render(request, "leads/erase.html", context)
