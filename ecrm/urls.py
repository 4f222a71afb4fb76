"""Every URL of the product. Pages under `/o/<slug>/` are behind `accounts.middleware.BearerMiddleware`."""

from django.contrib import admin
from django.urls import include, path

from ecrm import health
from ecrm.api import api

organisation = [
    path("", include("campaigns.urls")),
    path("", include("leads.urls")),
    path("", include("senders.urls")),
]

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("admin/", admin.site.urls),
    path("_allauth/", include("allauth.headless.urls")),
    path("api/v1/", api.urls),
    path("o/<slug:org>/", include(organisation)),
    path("dev/mail/", include("ecrm.catcher.urls")),
    path("", include("tracking.urls")),
    path("", include("accounts.urls")),
]

handler404 = "ecrm.errors.not_found"
handler500 = "ecrm.errors.failed"
