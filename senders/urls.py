from django.urls import URLPattern, path

from senders import views

urlpatterns: list[URLPattern] = [
    path("senders/", views.index, name="senders"),
    path("senders/new/", views.new, name="sender-new"),
    path("senders/<int:pk>/", views.show, name="sender"),
    path("senders/<int:pk>/edit/", views.edit, name="sender-edit"),
    path("senders/<int:pk>/check/", views.check, name="sender-check"),
    path("senders/<int:pk>/domain/", views.domain, name="sender-domain"),
    path("senders/<int:pk>/pause/", views.pause, name="sender-pause"),
    path("senders/<int:pk>/resume/", views.resume, name="sender-resume"),
    path("senders/<int:pk>/delete/", views.delete, name="sender-delete"),
]
