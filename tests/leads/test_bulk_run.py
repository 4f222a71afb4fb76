"""One thing done with many leads: each action, its way back, batches, dead workers, and whoever is not meant."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organisation, User
from leads.bulk import run
from leads.bulk.actions import ACTIONS, CHOICES
from leads.bulk.flow import NotToBeUndone, begin, outcome, take_back
from leads.bulk.meant import Meant
from leads.bulk.upkeep import abandoned_actions, tidy
from leads.models import BulkAction, BulkTarget, Lead, LeadList, Suppression, SuppressionReason
from leads.search import Search
from leads.suppression import suppress_lead

Begin = Callable[..., BulkAction]


@pytest.fixture
def begun(acme: Organisation, alice: User, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Does it in batches of two, with everybody or with whom `search` finds."""
    monkeypatch.setattr(run, "BATCH", 2)

    def begin_it(action: str, value: str = "", search: Search | None = None, **more: Any) -> BulkAction:
        bulk = BulkAction(action=action, value=value, created_by=alice, **more)
        return begin(bulk, Meant(acme, search or Search()))

    return begin_it


def state(acme: Organisation) -> Any:
    """Everything that an action may change."""
    leads = [
        (lead.pk, sorted(lead.tags), lead.fields, {found.name for found in lead.lists.all()})
        for lead in Lead.objects.order_by("pk")
    ]
    return leads, {(entry.address, entry.reason) for entry in Suppression.objects.filter(organisation=acme)}


@pytest.mark.parametrize("action", [name for name, action in ACTIONS.items() if action.undo and name not in CHOICES])
def test_what_is_taken_back_is_as_it_was(
    acme: Organisation, begun: Begin, people: LeadList, grace: Lead, ada: Lead, joan: Lead, theirs: Lead, action: str
) -> None:
    suppress_lead(ada, SuppressionReason.COMPLAINED, "")
    before = state(acme)
    bulk = begun(action, "press", target_list=people)
    assert (bulk.state, bulk.total, bulk.done) == ("done", 3, 3)
    assert bulk.changed == {"tag": 2, "untag": 1, "add": 1, "remove": 2, "suppress": 2}[action]
    assert state(acme) != before
    assert take_back(bulk).state == "undone"
    assert state(acme) == before
    assert outcome(bulk) == "Taken back."
    with pytest.raises(NotToBeUndone):
        take_back(bulk)


def test_a_tag_is_renamed_and_merged(begun: Begin, grace: Lead, ada: Lead) -> None:
    bulk = begun("retag", "press", Search(tag="press"), new_value="media")
    assert outcome(bulk) == "press is media now, on 1 lead."
    begun("retag", "media", Search(tag="media"), new_value="vip")
    grace.refresh_from_db()
    assert grace.tags == ["vip"]


def test_a_field_is_renamed_and_deleted(begun: Begin, grace: Lead, add_lead: Callable[..., Lead]) -> None:
    both = add_lead("both@x.example", fields={"Language": "C", "Tongue": "Ada"})
    begun("rename_field", "Language", Search(field="Language"), new_value="Tongue")
    grace.refresh_from_db()
    both.refresh_from_db()
    assert (grace.fields, both.fields) == ({"Tongue": "COBOL"}, {"Tongue": "Ada"})
    begun("drop_field", "Tongue", Search(field="Tongue"))
    grace.refresh_from_db()
    assert grace.fields == {}


def test_erasing_leaves_no_trace_of_who_was_meant(begun: Begin, grace: Lead, ada: Lead, theirs: Lead) -> None:
    bulk = begun("erase", search=Search(q="grace"))
    assert (bulk.changed, outcome(bulk), bulk.search) == (1, "1 lead erased.", {})
    assert set(Lead.objects.all()) == {ada, theirs}
    assert not BulkTarget.objects.exists()


def test_a_lead_with_as_many_tags_as_there_may_be_gets_no_more(begun: Begin, add_lead: Callable[..., Lead]) -> None:
    add_lead("full@x.example", tags=[f"tag {number}" for number in range(50)])
    assert outcome(begun("tag", "one more")) == "Nothing had to be changed."


def test_a_list_that_is_gone_is_said(begun: Begin, grace: Lead) -> None:
    bulk = begun("add", "Gone")
    assert (bulk.state, outcome(bulk)) == ("failed", "The list is not there any more.")


def test_a_segment_that_is_gone_meanwhile_is_said(acme: Organisation, grace: Lead) -> None:
    bulk = BulkAction.objects.create(
        organisation=acme, action="tag", value="x", search={"segment": "999"}, newest=grace.pk
    )
    run.run_bulk(bulk.pk)
    bulk.refresh_from_db()
    assert (bulk.state, bulk.detail) == ("failed", "This segment is not there any more.")


def test_a_worker_goes_on_where_a_dead_one_ended_and_whoever_comes_later_is_not_meant(
    acme: Organisation, begun: Begin, add_lead: Callable[..., Lead], monkeypatch: pytest.MonkeyPatch
) -> None:
    leads = [add_lead(f"{number}@x.example") for number in range(5)]
    bulk = BulkAction.objects.create(organisation=acme, action="tag", value="x", newest=leads[-1].pk)
    commits = 0

    def dies(*about: Any) -> bool:
        nonlocal commits
        commits += 1
        if commits == 2:
            raise KeyboardInterrupt
        return run_once(*about)

    run_once = run.commit_once
    monkeypatch.setattr(run, "commit_once", dies)
    with pytest.raises(KeyboardInterrupt):
        run.run_bulk(bulk.pk)
    add_lead("later@x.example")
    run.run_bulk(bulk.pk)  # the dead one's heartbeat is fresh
    assert Lead.objects.filter(tags=["x"]).count() == 2
    stale = timezone.now() - timedelta(minutes=2)
    BulkAction.objects.update(heartbeat_at=stale, created_at=stale)
    assert abandoned_actions() == [bulk.pk]
    run.run_bulk(bulk.pk)
    bulk.refresh_from_db()
    assert (bulk.state, bulk.total, bulk.done, bulk.changed) == ("done", 5, 5, 5)
    assert Lead.objects.filter(tags=["x"]).count() == 5


def test_of_two_workers_one_gives_up(acme: Organisation, grace: Lead) -> None:
    bulk = BulkAction.objects.create(
        organisation=acme, action="tag", value="x", newest=grace.pk, state="running", total=1
    )
    BulkAction.objects.filter(pk=bulk.pk).update(position=grace.pk)
    with pytest.raises(run.Superseded):
        run.commit(bulk, ACTIONS["tag"])


def test_what_is_old_cannot_be_taken_back(begun: Begin, grace: Lead) -> None:
    bulk = begun("tag", "x")
    BulkAction.objects.update(finished_at=timezone.now() - timedelta(days=8))
    tidy()
    assert not BulkTarget.objects.exists()
    with pytest.raises(NotToBeUndone):
        take_back(bulk)
    BulkAction.objects.update(finished_at=timezone.now() - timedelta(days=91))
    tidy()
    assert not BulkAction.objects.exists()
