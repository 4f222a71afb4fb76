"""Every URL of the product. Pages under `/o/<slug>/` are behind `accounts.middleware.BearerMiddleware`."""

from django.contrib import admin
from django.urls import include, path

from campaigns.views.writing import canvas
from ecrm import health
from ecrm.api import api
from ecrm.icon import icon
from senders.connecting.views import callback

organisation = [
    path("", include("campaigns.urls")),
    path("", include("leads.urls")),
    path("", include("senders.urls")),
    path("", include("senders.connecting.urls")),
]

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("favicon.ico", icon),
    path("admin/", admin.site.urls),
    path("_allauth/", include("allauth.headless.urls")),
    path("api/v1/", api.urls),
    path("o/<slug:org>/", include(organisation)),
    path("canvas/", canvas, name="canvas"),
    path("oauth/callback/", callback, name="oauth-callback"),
    path("dev/mail/", include("ecrm.catcher.urls")),
    path("", include("tracking.urls")),
    path("", include("accounts.urls")),
]

handler400 = "ecrm.errors.bad_request"
handler404 = "ecrm.errors.not_found"
handler500 = "ecrm.errors.failed"
