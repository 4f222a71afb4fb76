"""Links signed for a minute: for one path, for one person, and for as long as their session lives."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import access
from accounts.access import safe_path
from accounts.models import Membership, User
from tests.conftest import Browser

PATH = "/o/acme/leads/?q=zzz"


def link(browser: Browser, path: str = PATH) -> str:
    answer = browser.post("/account/link/", {"path": path}, content_type="application/json")
    assert answer.status_code == 200
    url: str = answer.json()["url"]
    return url


def opens(url: str) -> bool:
    """Whether a browser without a token sees the page itself, not the shell."""
    return b"data-shell" not in Client().get(url).content


@pytest.mark.parametrize("path", ["/o/acme/leads/", PATH, "/o/acme/leads/?q=signed=1&x=%C3%A9"])
def test_a_link_opens_its_own_page(as_alice: Browser, path: str) -> None:
    assert opens(link(as_alice, path))


@pytest.mark.parametrize("more", ["&q=gone", "&signed_x=1", "&", "%26q=gone", ":", "&signed=1"])
def test_nothing_may_stand_behind_the_signature(as_alice: Browser, more: str) -> None:
    assert not opens(link(as_alice) + more)


def test_nothing_of_it_may_be_changed(as_alice: Browser, as_charlie: Browser) -> None:
    url = link(as_alice)
    assert not opens(url.replace("q=zzz", "q=gone"))
    assert not opens(url.replace("/leads/", "/lists/"))
    theirs = link(as_charlie, "/o/")
    assert not opens(url.partition("signed=")[0] + "signed=" + theirs.partition("signed=")[2])
    assert Client().post(url).status_code == 401


def test_a_stranger_signs_links_and_they_open_nothing_of_ours(as_charlie: Browser) -> None:
    assert Client().get(link(as_charlie)).status_code == 404


def test_a_viewer_may_look_through_one(as_vera: Browser) -> None:
    assert opens(link(as_vera))


def test_it_ends_with_the_session(as_alice: Browser) -> None:
    url = link(as_alice)
    Session.objects.all().delete()  # what signing out does
    assert not opens(url)


def test_it_ends_with_the_password(as_alice: Browser, alice: User) -> None:
    url = link(as_alice)
    alice.set_password("another quiet harbour")
    alice.save()
    assert not opens(url)


def test_it_ends_with_the_person_and_the_membership(
    as_alice: Browser, as_vera: Browser, alice: User, vera: User
) -> None:
    mine, theirs = link(as_alice), link(as_vera)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    Membership.objects.filter(user=vera).delete()
    assert not opens(mine)
    assert Client().get(theirs).status_code == 404


def test_it_ends_after_a_minute(as_alice: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    url = link(as_alice)
    monkeypatch.setattr(access, "LINK_SECONDS", -1)
    assert not opens(url)


@pytest.mark.parametrize(
    "body", ['{"path": "/\\ud800"}', "[" * 100_000, '{"path": ["/a"]}', "[]", "", '{"path": "//evil.example"}']
)
def test_what_is_no_path_of_ours_is_refused(as_alice: Browser, body: str) -> None:
    answer = as_alice.post("/account/link/", body, content_type="application/json")
    assert answer.status_code == 422
    assert "path" in answer.json()["error"]


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "o/"]
)
def test_only_paths_of_this_site_are_safe(target: str) -> None:
    assert safe_path(target) is None


def test_a_link_stays_on_this_site(as_alice: Browser) -> None:
    parts = urlsplit(link(as_alice))
    assert (parts.scheme, parts.netloc, parts.path) == ("", "", "/o/acme/leads/")
