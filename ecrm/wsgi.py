"""The WSGI entry: the tracking edge in front, Django behind it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecrm.settings")

django_application = get_wsgi_application()

from tracking.edge import Edge  # noqa: E402  (needs Django's settings)

application = Edge(django_application)
