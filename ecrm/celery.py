"""The Celery application. Tasks carry ids only; what is due is always found again in PostgreSQL."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecrm.settings")

app = Celery("ecrm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
