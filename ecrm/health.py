"""`/healthz`: the process lives. `/readyz`: database, Redis and the workers answer."""

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from kombu.exceptions import OperationalError

from ecrm.celery import app
from ecrm.web import public


@public
def alive(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"ok": True})


@public
def ready(request: HttpRequest) -> JsonResponse:
    """200 where all three answer, 503 with what does not."""
    checks = {"database": database_answers(), "redis": redis_answers()}
    checks["worker"] = checks["redis"] and worker_answers()
    return JsonResponse({"ok": all(checks.values()), **checks}, status=200 if all(checks.values()) else 503)


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def redis_answers() -> bool:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def worker_answers() -> bool:
    """Whether every queue has a worker that answers."""
    queues = {queue.name for queue in settings.CELERY_TASK_QUEUES}
    try:
        # So many workers serve all queues in `up`, and end the wait. Where there are more, all are waited for.
        return queues <= served_queues(3) or queues <= served_queues(None)
    except (OSError, redis.RedisError, OperationalError):
        return False


def served_queues(answers: int | None) -> set[str]:
    """The queues of the workers that answer within a second, of the first so many."""
    replies = app.control.broadcast("active_queues", reply=True, timeout=1.0, limit=answers) or []
    return {queue["name"] for reply in replies for queues in reply.values() for queue in queues}
