"""A bulk action in the worker: fixes whom it is about, goes through them in batches, and ends.

As with imports, each batch is one transaction with the place to go on from, committed only where that place is still what the
worker believes: of two workers at one action one gives up, and one that died is followed after its last batch.
"""

from datetime import datetime, timedelta

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from ecrm.database import tell_planner
from leads.bulk.actions import ACTIONS, EXPORT, Action
from leads.bulk.meant import meant_by
from leads.exporting.files import write_export
from leads.models import BulkAction, BulkState, BulkTarget, ListEntry
from leads.segments.rules import BadRules

BATCH = 1000
STALE = timedelta(seconds=30)
ATTEMPTS = 3  # at a batch that lost a deadlock
OPEN = (BulkState.PENDING, BulkState.RUNNING, BulkState.UNDOING)
LIST_GONE = "The list is not there any more."
BROKEN = "Something went wrong here. What is counted was done; please begin again with the rest."

# FOUND stands for the SQL of Django's own query, which finds the leads.
FIX = """
INSERT INTO leads_bulktarget (bulk_id, organisation_id, lead_id, changed)
SELECT %s, %s, found.id, false FROM (FOUND) found (id)
"""
MARK = "UPDATE leads_bulktarget SET changed = true WHERE bulk_id = %s AND lead_id = ANY (%s)"


class Superseded(Exception):
    """The action is gone, has ended, or is in the hands of another worker."""


def waits(now: datetime) -> Q:
    """Actions that a worker may take: new ones, and those whose worker is dead."""
    return Q(state__in=OPEN) & (Q(heartbeat_at=None) | Q(heartbeat_at__lt=now - STALE))


def claim(pk: int) -> BulkAction | None:
    """Make an action this worker's own; None where it is not to be had."""
    now = timezone.now()
    if not BulkAction.objects.filter(waits(now), pk=pk).update(heartbeat_at=now):
        return None
    BulkAction.objects.filter(pk=pk, state=BulkState.PENDING).update(state=BulkState.RUNNING)
    return BulkAction.objects.select_related("organisation", "created_by").get(pk=pk)


def run_bulk(pk: int) -> None:
    """Take an action, or its undoing, to its end, unless another worker has it. What failed is told in `detail`."""
    bulk = claim(pk)
    if bulk is None:
        return
    try:
        if bulk.action == EXPORT:
            write_export(bulk, meant_by(bulk).leads())
        else:
            change_leads(bulk)
        tell_planner(bulk.changed, ListEntry)
        end(bulk, BulkState.UNDONE if bulk.state == BulkState.UNDOING else BulkState.DONE)
    except Superseded:
        return
    except BadRules as error:
        end(bulk, BulkState.FAILED, str(error))
    except OperationalError:
        raise  # the database is away: `resume_bulk_actions` tries again
    except Exception:
        end(bulk, BulkState.FAILED, BROKEN)
        raise


def change_leads(bulk: BulkAction) -> None:
    """Raises Superseded, BadRules."""
    action = ACTIONS[bulk.action]
    if action.on_list and bulk.target_list_id is None:
        raise BadRules(LIST_GONE)
    if bulk.total is None:
        fix_targets(bulk)
    while commit(bulk, action):
        pass


@transaction.atomic
def fix_targets(bulk: BulkAction) -> None:
    """Write down whom it is about, in one statement: who comes to match later is not meant. Raises BadRules."""
    leads = meant_by(bulk).leads().order_by().values("pk")
    try:
        found, parameters = leads.query.sql_with_params()
    except EmptyResultSet:  # it is plain without asking that there are none
        bulk.total = 0
    else:
        with connection.cursor() as cursor:
            cursor.execute(FIX.replace("FOUND", found), [bulk.pk, bulk.organisation_id, *parameters])
            bulk.total = cursor.rowcount
    if not BulkAction.objects.filter(pk=bulk.pk, total=None).update(total=bulk.total):
        raise Superseded


def commit(bulk: BulkAction, action: Action) -> bool:
    """Commit a batch, again where it loses a deadlock; whether there was one. Raises Superseded."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return commit_once(bulk, action)
        except OperationalError as error:
            if not isinstance(error.__cause__, DeadlockDetected) or attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def commit_once(bulk: BulkAction, action: Action) -> bool:
    current = BulkAction.objects.select_for_update().filter(pk=bulk.pk, state=bulk.state, position=bulk.position)
    if not current.exists():
        raise Superseded
    undoing = bulk.state == BulkState.UNDOING
    targets = BulkTarget.objects.filter(bulk=bulk, lead_id__gt=bulk.position)
    if undoing:
        targets = targets.filter(changed=True)
    leads = list(targets.order_by("lead_id").values_list("lead_id", flat=True)[:BATCH])
    if not leads:
        return False
    act = action.undo if undoing and action.undo else action.act
    changed = act(bulk, leads)
    position, done, difference = leads[-1], bulk.done + len(leads), bulk.changed
    if not undoing:
        mark(bulk, changed)
        difference += len(changed)
    current.update(position=position, done=done, changed=difference, heartbeat_at=timezone.now())
    bulk.position, bulk.done, bulk.changed = position, done, difference
    return True


def mark(bulk: BulkAction, changed: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MARK, [bulk.pk, changed])


def end(bulk: BulkAction, state: BulkState, detail: str = "") -> None:
    mine = BulkAction.objects.filter(pk=bulk.pk, state=bulk.state, position=bulk.position)
    # What was searched for may name a person, and is needed no more.
    mine.update(state=state, detail=detail[:300], finished_at=timezone.now(), search={})
    if bulk.action == "erase":
        BulkAction.objects.filter(pk=bulk.pk).update(back="")
    action = ACTIONS.get(bulk.action)
    if state == BulkState.UNDONE or action is None or action.undo is None:
        BulkTarget.objects.filter(bulk=bulk).delete()  # nothing more is done with them; erased leads' ids go too
