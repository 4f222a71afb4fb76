from django.urls import URLPattern, path

from campaigns.views import (
    activity,
    audience,
    editing,
    enrolled,
    library,
    listing,
    moving,
    overview,
    previewing,
    schedule,
    showing,
    starting,
    templates,
)


def library_paths(kind: str) -> list[URLPattern]:
    """The pages of snippets or of templates."""
    return [
        path(f"campaigns/{kind}/", library.index, {"kind": kind}, name=kind),
        path(f"campaigns/{kind}/new/", library.new, {"kind": kind}, name=f"{kind}-new"),
        path(f"campaigns/{kind}/<int:pk>/", library.edit, {"kind": kind}, name=f"{kind}-one"),
        path(f"campaigns/{kind}/<int:pk>/delete/", library.delete, {"kind": kind}, name=f"{kind}-delete"),
    ]


urlpatterns: list[URLPattern] = [
    path("", overview.overview, name="overview"),
    path("campaigns/", listing.index, name="campaigns"),
    path("campaigns/new/", starting.new, name="campaign-new"),
    *library_paths("snippets"),
    *library_paths("templates"),
    path("campaigns/<int:pk>/", showing.show, name="campaign"),
    path("campaigns/<int:pk>/live/", showing.live, name="campaign-live"),
    path("campaigns/<int:pk>/check/", showing.check, name="campaign-check"),
    path("campaigns/<int:pk>/messages/", showing.messages, name="campaign-messages"),
    path("campaigns/<int:pk>/leads/", enrolled.index, name="campaign-leads"),
    path("campaigns/<int:pk>/leads/<slug:action>/", enrolled.do, name="campaign-leads-do"),
    path("campaigns/<int:pk>/events.csv", showing.events, name="campaign-events"),
    path("campaigns/<int:pk>/edit/", editing.edit, name="campaign-edit"),
    path("campaigns/<int:pk>/edit/shape/", editing.shape, name="campaign-shape"),
    path("campaigns/<int:pk>/edit/begin/", templates.begin, name="campaign-begin"),
    path("campaigns/<int:pk>/edit/keep/", templates.keep, name="campaign-keep"),
    path("campaigns/<int:pk>/audience/", audience.audience, name="campaign-audience"),
    path("campaigns/<int:pk>/schedule/", schedule.schedule, name="campaign-schedule"),
    path("campaigns/<int:pk>/preview/", previewing.show, name="campaign-preview"),
    path("campaigns/<int:pk>/preview.html", previewing.html, name="campaign-preview-html"),
    path("campaigns/<int:pk>/test/", previewing.test, name="campaign-test"),
    path("campaigns/<int:pk>/start/", moving.start, name="campaign-start"),
    path("campaigns/<int:pk>/start-at/", moving.schedule, name="campaign-start-at"),
    path("campaigns/<int:pk>/unschedule/", moving.unschedule, name="campaign-unschedule"),
    path("campaigns/<int:pk>/steps/<int:step>/winner/", moving.winner, name="campaign-winner"),
    path("campaigns/<int:pk>/archive/", moving.archive, name="campaign-archive"),
    path("campaigns/<int:pk>/unarchive/", moving.unarchive, name="campaign-unarchive"),
    path("campaigns/<int:pk>/activity/", activity.index, name="campaign-activity"),
    path("campaigns/<int:pk>/pause/", moving.pause, name="campaign-pause"),
    path("campaigns/<int:pk>/resume/", moving.resume, name="campaign-resume"),
    path("campaigns/<int:pk>/stop/", moving.stop, name="campaign-stop"),
    path("campaigns/<int:pk>/delete/", moving.delete, name="campaign-delete"),
    path("campaigns/<int:pk>/clone/", moving.clone, name="campaign-clone"),
    path("campaigns/<int:pk>/retry/", moving.retry, name="campaign-retry"),
    path("campaigns/<int:pk>/unknown/", moving.decide, name="campaign-unknown"),
]
