"""The Celery application. Tasks carry ids only; what is due is always found again in PostgreSQL."""

import logging
import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecrm.settings")

# It warns at each stop of a worker about a signal that nobody takes any more; the next tick makes a new one.
logging.getLogger("kombu").setLevel(logging.ERROR)

app = Celery("ecrm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
