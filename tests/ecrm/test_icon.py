"""`/favicon.ico`."""

from django.contrib.staticfiles import finders
from django.test import Client


def test_browsers_that_ask_for_an_icon_are_sent_to_ours() -> None:
    response = Client().get("/favicon.ico")
    assert response.status_code == 302
    assert response["Location"] == "/static/img/mark.svg"
    assert finders.find("img/mark.svg")
