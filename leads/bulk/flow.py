"""What people do with bulk actions: begin one, take one back. The worker's side is `run`."""

from django.db import transaction

from leads.bulk.actions import ACTIONS, EXPORT, in_words
from leads.bulk.meant import Meant, newest_lead
from leads.bulk.run import run_bulk
from leads.counting import Count, count_up_to
from leads.models import BulkAction, BulkState
from leads.tasks import run_bulk_action

# So many leads are done with while a person waits; more go to a worker.
AT_ONCE = 1000


class NotToBeUndone(Exception):
    """This action cannot be taken back, or not any more; the text says why."""


def begin(bulk: BulkAction, meant: Meant) -> BulkAction:
    """Do it with these leads: at once where they are few, in a worker where they are many. Raises BadRules."""
    few = count_up_to(meant.leads(), AT_ONCE).exact
    bulk.organisation = meant.organisation
    bulk.search = {"ids": list(meant.ids)} if meant.ids else dict(meant.search.parameters())
    bulk.newest = newest_lead(meant.organisation) if meant.newest is None else meant.newest
    bulk.save()
    return go_on(bulk, at_once=few)


def go_on(bulk: BulkAction, *, at_once: bool) -> BulkAction:
    if at_once:
        run_bulk(bulk.pk)
        bulk.refresh_from_db()
    else:
        transaction.on_commit(lambda: run_bulk_action.delay(bulk.pk))
    return bulk


def take_back(bulk: BulkAction) -> BulkAction:
    """Undo it for the leads that it changed; raises NotToBeUndone."""
    if not can_be_undone(bulk):
        raise NotToBeUndone("This cannot be taken back any more.")
    done = BulkAction.objects.filter(pk=bulk.pk, state=BulkState.DONE)
    if not done.update(
        state=BulkState.UNDOING, position=0, done=0, total=bulk.changed, heartbeat_at=None, finished_at=None
    ):
        raise NotToBeUndone("Somebody takes this back already.")
    bulk.refresh_from_db()
    return go_on(bulk, at_once=bulk.changed <= AT_ONCE)


def can_be_undone(bulk: BulkAction) -> bool:
    """Whether it has ended, changed something, and its targets are still known."""
    action = ACTIONS.get(bulk.action)
    undoes = action is not None and action.undo is not None and not (action.on_list and bulk.target_list_id is None)
    return bool(undoes and bulk.state == BulkState.DONE and bulk.changed and bulk.targets.exists())


def outcome(bulk: BulkAction) -> str:
    """What became of it, in words."""
    if bulk.state == BulkState.FAILED:
        return bulk.detail
    if bulk.state == BulkState.UNDONE:
        return "Taken back."
    if bulk.action == EXPORT:
        return f"{Count(bulk.changed).leads} in the file."
    if not bulk.changed:
        return "Nothing had to be changed."
    return in_words(ACTIONS[bulk.action].said, bulk, Count(bulk.changed).leads)
