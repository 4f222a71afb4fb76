"""What every template may use."""

from typing import Any

from accounts.models import Organisation
from ecrm import demo
from tests.conftest import Browser

NOTICE = "these people are invented"


def test_only_the_demonstrations_pages_say_that_they_are_simulated(as_alice: Browser, acme: Organisation) -> None:
    assert NOTICE not in as_alice.get("/o/acme/").content.decode()
    Organisation.objects.filter(pk=acme.pk).update(slug=demo.SLUG)
    assert NOTICE in as_alice.get(f"/o/{demo.SLUG}/").content.decode()
    assert NOTICE not in as_alice.get("/account/").content.decode()


def test_a_customer_of_that_name_is_no_demonstration(as_alice: Browser, acme: Organisation, settings: Any) -> None:
    settings.DEVELOPMENT = False
    Organisation.objects.filter(pk=acme.pk).update(slug=demo.SLUG)
    assert NOTICE not in as_alice.get(f"/o/{demo.SLUG}/").content.decode()
