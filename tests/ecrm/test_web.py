"""What views share: answers that htmx understands."""

import json

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts.models import Organisation
from ecrm import web


def request(path: str = "/", **headers: str) -> HttpRequest:
    return RequestFactory().get(path, headers=headers)


def test_after_a_form_the_browser_is_sent_on_with_a_message() -> None:
    response = web.go("/o/acme/leads/", "Zoë was added.")
    assert response.status_code == 204
    assert response["HX-Location"] == "/o/acme/leads/"
    assert response["HX-Trigger"].isascii()
    assert json.loads(response["HX-Trigger"])["toast"]["message"] == "Zoë was added."


def test_without_a_message_there_is_no_toast() -> None:
    assert "HX-Trigger" not in web.go("/")


def test_a_message_cannot_start_another_header() -> None:
    assert "\n" not in web.go("/", "a\nSet-Cookie: x=1")["HX-Trigger"]


def test_a_view_is_closed_unless_it_says_otherwise() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert not web.is_public(view)
    assert web.is_public(web.public(view))


@pytest.mark.django_db
@pytest.mark.parametrize(("asked", "given"), [("", 1), ("2", 2), ("99", 2), ("-1", 2), ("x", 1), ("\0", 1)])
def test_a_page_that_does_not_exist_is_the_nearest(asked: str, given: int) -> None:
    for number in range(3):
        Organisation.objects.create(name=str(number), slug=f"o{number}")
    found = web.page_of(RequestFactory().get("/", {"page": asked}), Organisation.objects.order_by("pk"), size=2)
    assert found.number == given


def test_htmx_gets_the_part_that_it_asks_for() -> None:
    def title(**headers: str) -> str:
        asked = request(**headers)
        page = web.render_page(asked, "404.html", fragment="components/brand.html", status=418)
        assert page.status_code == 418
        return page.content.decode()

    assert "<title>" in title()
    assert "<title>" in title(HX_Request_Type="full")
    assert "<title>" not in title(HX_Request_Type="partial")
