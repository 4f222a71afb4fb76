"""The project: settings, URLs, Celery, the embedded services, and what every app needs and no app owns."""

from ecrm.celery import app as celery_app

__all__ = ("celery_app",)
