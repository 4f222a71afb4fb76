from django.urls import URLPattern, path

from ecrm.catcher import views

urlpatterns: list[URLPattern] = [
    path("", views.inbox, name="catcher"),
    path("<slug:name>/", views.show, name="catcher-mail"),
    path("<slug:name>/html/", views.html, name="catcher-html"),
]
