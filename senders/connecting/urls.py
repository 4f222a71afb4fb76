from django.urls import URLPattern, path

from senders.connecting import views

urlpatterns: list[URLPattern] = [
    path("senders/connect/<slug:kind>/", views.connect, name="sender-connect"),
    path("senders/<int:pk>/disconnect/", views.disconnect, name="sender-disconnect"),
]
