from django.urls import URLPattern, path

from leads.views import bulk, imports, leads, lists

urlpatterns: list[URLPattern] = [
    path("leads/", leads.index, name="leads"),
    path("leads/new/", leads.new, name="lead-new"),
    path("leads/bulk/", bulk.bulk, name="leads-bulk"),
    path("leads/<int:pk>/", leads.show, name="lead"),
    path("leads/<int:pk>/edit/", leads.edit, name="lead-edit"),
    path("leads/<int:pk>/delete/", leads.delete, name="lead-delete"),
    path("leads/<int:pk>/suppress/", leads.stop_mail, name="lead-suppress"),
    path("leads/<int:pk>/unsuppress/", leads.allow_mail, name="lead-unsuppress"),
    path("lists/", lists.index, name="lists"),
    path("lists/<int:pk>/", lists.show, name="list"),
    path("lists/<int:pk>/rename/", lists.rename, name="list-rename"),
    path("lists/<int:pk>/delete/", lists.delete, name="list-delete"),
    path("imports/", imports.index, name="imports"),
    path("imports/new/", imports.new, name="import-new"),
    path("imports/<int:pk>/", imports.show, name="import"),
    path("imports/<int:pk>/start/", imports.start, name="import-start"),
    path("imports/<int:pk>/discard/", imports.discard, name="import-discard"),
    path("imports/<int:pk>/rejected.csv", imports.rejected, name="import-rejected"),
]
