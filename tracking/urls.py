from django.urls import URLPattern, path

from tracking import views

# A path of `tracking.tokens.unsubscribe_url`; a POST without `?page` never gets here (tracking.edge).
urlpatterns: list[URLPattern] = [path("t/u/<str:token>", views.unsubscribe, name="unsubscribe")]
