"""The operators' admin as a whole: every page of it opens, nothing of it can be forged or leaks, and it is tidy."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.models import Organisation, User
from ecrm.admin import HIDDEN_APPS, LookOnly, OperatorSite
from tests.conftest import Browser
from tests.ecrm.operators import Operator, signed_in_operator


@pytest.fixture
def inside(operator: User) -> Operator:
    return signed_in_operator(operator)


def pages() -> list[str]:
    names = [f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry]
    return [reverse(f"admin:{name}_changelist") for name in names]


def test_the_site_is_ours_and_holds_our_tables_alone(inside: Operator) -> None:
    assert isinstance(admin.site, OperatorSite)
    apps = {model._meta.app_label for model in admin.site._registry}
    assert {"accounts", "senders", "leads", "campaigns"} <= apps
    assert not apps & HIDDEN_APPS
    assert Session not in admin.site._registry
    text = inside.get("/admin/").content.decode()
    assert "eCRM operators" in text
    assert "Django administration" not in text


def test_every_list_and_its_search_open(inside: Operator, acme: Organisation) -> None:
    for path in pages():
        assert inside.get(path).status_code == 200, path
        assert inside.get(f"{path}?q=acme").status_code == 200, path


def test_only_accounts_can_be_changed_and_nothing_added_or_deleted(inside: Operator) -> None:
    for model, shown in admin.site._registry.items():
        request: Any = inside.get("/admin/").wsgi_request
        assert not shown.has_add_permission(request), model
        assert not shown.has_delete_permission(request), model
        assert isinstance(shown, LookOnly) or model is User


def test_nobody_else_gets_in(alice: User, as_alice: Browser) -> None:
    stranger = Client()
    for browser in (stranger, as_alice):
        for path in pages():
            response = browser.get(path)
            assert response.status_code == 302
            assert response["Location"].startswith("/admin/login/")


def test_its_policy_lets_no_script_and_no_other_host_in(inside: Operator) -> None:
    policy = inside.get("/admin/")["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_nothing_of_it_is_kept_by_a_cache(inside: Operator) -> None:
    for path in ("/admin/", "/admin/login/", "/admin/senders/sender/"):
        assert "no-store" in inside.get(path)["Cache-Control"]
