"""What a tick costs: milliseconds that pass, and milliseconds of computing in this process and in PostgreSQL's."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import redis
from django.conf import settings
from django.db import connection

from benchmarks.schedule.world import World, run
from campaigns import engine, waking

# So many percent of all enrollments, those that wait among them, spread over all campaigns.
DUE = """
UPDATE campaigns_enrollment SET due_at = now() WHERE id IN (
    SELECT id FROM campaigns_enrollment TABLESAMPLE BERNOULLI (%s) WHERE state = 'active' AND due_at IS NOT NULL)
"""
SENT = "UPDATE campaigns_message SET state = 'sent', sent_at = now() WHERE state = 'planned'"
LEASES = "UPDATE senders_sender SET lease = gen_random_uuid(), lease_until = now() + interval '50 seconds'"
NO_LEASES = "UPDATE senders_sender SET lease = NULL, lease_until = NULL"


@dataclass
class Cost:
    """Of one step: milliseconds that passed, and that the two processes computed, each time."""

    passed: list[float] = field(default_factory=list)
    computed: list[float] = field(default_factory=list)


def backend_seconds() -> float:
    """What PostgreSQL's process at the other end of our connection has computed so far (proc_pid_schedstat)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        row = cursor.fetchone()
    return int(Path(f"/proc/{row[0] if row else 'self'}/schedstat").read_text().split()[0]) / 1e9


STEPS: dict[str, Callable[[], Any]] = {
    "recover": engine.recover_abandoned,
    "plan": engine.plan,
    "finish": engine.finish,
    "wake": waking.wake_waiting,
}


def measure(label: str, before: Callable[[], Any], times: int = 5) -> None:
    """Print the median cost of each step of a tick, `before` having prepared each one."""
    costs = {name: Cost() for name in STEPS}
    for _ in range(times):
        before()
        redis.Redis.from_url(settings.REDIS_URL).flushdb()  # nobody takes the signals here
        for name, step in STEPS.items():
            passed, computed, beyond = time.perf_counter(), time.process_time(), backend_seconds()
            step()
            costs[name].passed.append((time.perf_counter() - passed) * 1000)
            costs[name].computed.append((time.process_time() - computed + backend_seconds() - beyond) * 1000)
    parts = ", ".join(f"{name} {median(cost.passed):.1f}" for name, cost in costs.items())
    passed = sum(median(cost.passed) for cost in costs.values())
    computed = sum(median(cost.computed) for cost in costs.values())
    print(f"{label}: {passed:.1f} ms ({parts}), {computed:.1f} of it computing", flush=True)


def make_due(world: World, count: int) -> None:
    """Nothing is planned any more, and about `count` enrollments are due; three of four wait."""
    run(SENT)
    run(DUE, [min(100.0, 400 / 3 * count / world.enrollments)])


def plan_for_all(world: World) -> None:
    """Every sender has something to send."""
    make_due(world, 5 * world.senders)
    while engine.plan():
        pass


def measure_ticks(world: World, times: int) -> None:
    measure("nothing due", lambda: None, times)
    measure("1,000 due", lambda: make_due(world, 1000), times)
    measure("10,000 due, planned in two ticks", lambda: make_due(world, 10_000), times)
    plan_for_all(world)
    waiting = len(engine.senders_with_work())
    measure(f"{waiting:,} senders have work", lambda: None, times)
    run(LEASES)
    measure("their leases are held", lambda: None, times)
    run(NO_LEASES)
    run(SENT)
    measure("all sent since, no VACUUM yet", lambda: None, times)
    run("VACUUM ANALYZE campaigns_message, campaigns_enrollment")
