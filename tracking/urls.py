from django.urls import URLPattern, path

from tracking import views

# A path of `tracking.tokens.unsubscribe_url`, whole or damaged; a POST without `?page` never gets here (tracking.edge).
urlpatterns: list[URLPattern] = [
    path("t/u/", views.unsubscribe),
    path("t/u/<path:token>", views.unsubscribe, name="unsubscribe"),
]
