"""Simulated recipients act through the product's own endpoints, and on the demonstration's mail alone."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.conf import settings as current

from accounts.models import Organisation
from campaigns.models import Campaign, Enrollment, Message, Variant
from campaigns.rendering import Renderer
from ecrm import demo
from ecrm.catcher import mail
from ecrm.demo.behaviour import BROWSERS, PEOPLE, PROXY, SCANNER, Act, Kind, acts
from ecrm.demo.fill import BOUNCE_LIMIT, LEADS
from ecrm.demo.people import people as invented
from ecrm.demo.recipients import Letter, Recipients, read_letter
from ecrm.wsgi import application
from leads.models import Lead, Suppression
from senders.health import LEAST, Outcomes, verdict
from senders.models import Sender
from tests.campaigns.conftest import add_lead, campaign, people, sender  # noqa: F401  (fixtures)
from tracking.consumer import Consumer
from tracking.machines import judge
from tracking.models import Event
from tracking.tokens import Mark

pytestmark = pytest.mark.django_db(transaction=True)


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server(settings: Any) -> Iterator[str]:
    """The product's own WSGI application, tracking edge in front, on a port of its own."""
    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as listening:
        settings.PUBLIC_URL = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield settings.PUBLIC_URL
        listening.shutdown()
        thread.join()


@pytest.fixture
def simulated(acme: Organisation) -> Organisation:
    Organisation.objects.filter(pk=acme.pk).update(slug=demo.SLUG)
    return acme


@pytest.fixture
def message(campaign: Campaign, sender: Sender) -> Message:  # noqa: F811
    """A message to Grace that was sent."""
    lead = Lead.objects.get(email="grace@example.com")
    variant = Variant.objects.get(step__campaign=campaign)
    common = {"organisation": campaign.organisation, "campaign": campaign, "lead": lead, "sender": sender}
    enrollment = Enrollment.objects.create(**common)
    values = {"enrollment": enrollment, "step": variant.step, "variant": variant, "state": "sent", "message_id": "m@x"}
    return Message.objects.create(**common, **values)


@pytest.fixture
def caught(server: str, message: Message, sender: Sender, tmp_path: Path) -> Callable[..., str]:  # noqa: F811
    """Put the message's mail where the catcher puts it."""

    def catch(number: int | None = None) -> str:
        renderer = Renderer(message.campaign, message.variant, sender, message.organisation)
        mark = Mark(message.organisation_id, message.pk if number is None else number, message.lead_id)
        data = renderer.mail(message.lead, mark, "m@x")
        return mail.store(tmp_path, "alice@acme.example", [message.lead.email], data)

    return catch


def live(folder: Path, *done: Act) -> None:
    """Let the recipients do this, and the consumer count it."""
    recipients = Recipients(folder, behave=lambda draw, links: list(done))
    recipients.collect()
    recipients.act()
    assert not recipients.due
    consumer = Consumer()
    consumer.step()


def kinds() -> list[tuple[str, bool]]:
    return list(Event.objects.order_by("kind", "machine").values_list("kind", "machine"))


@pytest.mark.parametrize(
    ("act", "kind", "machine"),
    [
        (Act(0, Kind.OPEN, PEOPLE[0]), "opened", False),
        (Act(0, Kind.OPEN, PROXY), "opened", True),
        (Act(0, Kind.CLICK, BROWSERS[-1]), "clicked", False),
        (Act(0, Kind.CLICK, SCANNER), "clicked", True),
        (Act(0, Kind.UNSUBSCRIBE, PEOPLE[0]), "unsubscribed", False),
        (Act(0, Kind.REPLY), "replied", False),
        (Act(0, Kind.BOUNCE), "bounced", False),
    ],
)
def test_each_act_is_counted_as_what_it_is(
    simulated: Organisation,
    caught: Callable[..., str],
    message: Message,
    tmp_path: Path,
    act: Act,
    kind: str,
    machine: bool,
) -> None:
    caught()
    live(tmp_path, act)
    assert kinds() == [(kind, machine)]
    message.refresh_from_db()
    assert getattr(message, f"{'machine_' if machine else ''}{kind}_at") is not None
    if kind == "unsubscribed":
        assert Suppression.objects.get().address == message.lead.email


def test_a_click_goes_to_the_link_and_no_further(
    simulated: Organisation, caught: Callable[..., str], tmp_path: Path
) -> None:
    caught()
    live(tmp_path, Act(0, Kind.CLICK, BROWSERS[0]))
    assert Event.objects.get().url == "https://acme.example/?a=1&b=2"  # nobody answers there, and nobody was asked


def test_other_organisations_mail_is_left_alone(caught: Callable[..., str], tmp_path: Path) -> None:
    caught()
    live(tmp_path, Act(0, Kind.OPEN, PEOPLE[0]))
    assert kinds() == []


def test_a_test_mail_is_left_alone(simulated: Organisation, caught: Callable[..., str], tmp_path: Path) -> None:
    caught(0)
    live(tmp_path, Act(0, Kind.REPLY))
    assert kinds() == []


def test_each_mail_is_read_once(simulated: Organisation, caught: Callable[..., str], tmp_path: Path) -> None:
    recipients = Recipients(tmp_path)
    caught()
    assert recipients.collect() == 1
    assert recipients.collect() == 0
    caught()
    assert recipients.collect() == 1


def test_a_server_that_is_away_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    recipients = Recipients(tmp_path, behave=lambda draw, links: [Act(0, Kind.OPEN, PEOPLE[0])])
    recipients.plan(Letter(Mark(1, 1, 1), "", [], ["http://127.0.0.1:1/t/o/x.gif"], "seed"))
    recipients.act()
    assert [tries for _, _, tries, _, _ in recipients.due] == [1]
    monkeypatch.setattr("ecrm.demo.recipients.RETRY_SECONDS", 0)
    monkeypatch.setattr("time.time", lambda: recipients.due[0][0] if recipients.due else 0.0)
    recipients.act()
    assert not recipients.due
    assert "could not open" in caplog.text


def test_mail_that_is_no_campaigns_is_passed_over(tmp_path: Path) -> None:
    for data in (b"", b"Subject: code\r\n\r\n123", f"List-Unsubscribe: <{current.PUBLIC_URL}/t/u/x>\r\n\r\n".encode()):
        name = mail.store(tmp_path, "a@x.example", ["b@x.example"], data)
        caught = mail.load(tmp_path, name)
        assert caught is not None
        assert read_letter(caught) is None
    recipients = Recipients(tmp_path)
    recipients.collect()
    assert not recipients.due


def test_people_look_like_people_and_machines_like_machines() -> None:
    for agent in PEOPLE:
        assert judge("GET", agent) == ""
    for agent in (PROXY, SCANNER):
        assert judge("GET", agent) != ""


def test_what_recipients_do_is_believable() -> None:
    many = [acts(Random(number), 2) for number in range(2000)]
    opened = sum(any(act.kind is Kind.OPEN and not act.machine for act in done) for done in many)
    clicked = sum(any(act.kind is Kind.CLICK and not act.machine for act in done) for done in many)
    assert 0.5 < opened / len(many) < 0.65
    assert 0.1 < clicked / len(many) < 0.3
    for done in many:
        assert done == sorted(done)
        assert len([act for act in done if act.kind is Kind.BOUNCE]) in {0, len(done)}
        assert all(act.link < 2 for act in done)
    assert any(act.after < 60 for done in many for act in done)
    assert acts(Random(1), 0) == acts(Random(1), 0)


def test_hundreds_of_mails_never_pause_a_sender() -> None:
    """Refused addresses and late bounces together, in any fifty mails in a row, which is the least that is judged."""
    judged = Sender(bounce_limit=BOUNCE_LIMIT)
    for seed in range(20):
        done = {person.email: acts(Random(f"{seed} {person.email}"), 2) for person in invented(LEADS)}
        bounced = [
            address.startswith("bounce") or any(act.kind is Kind.BOUNCE for act in acted)
            for address, acted in done.items()
        ]
        for turn in (bounced[::2], bounced[1::2]):  # two senders
            for start in range(len(turn) - LEAST):
                assert not verdict(judged, Outcomes(LEAST, sum(turn[start : start + LEAST]), 0))
