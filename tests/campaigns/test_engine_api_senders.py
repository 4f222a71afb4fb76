"""The engine over Gmail and Outlook: each lead once, whatever the provider answers, and a person is asked where needed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import Organisation, User
from campaigns import engine
from campaigns.models import Message
from senders.models import Sender, SenderState
from senders.notices import send_notices
from tests.campaigns.launching import Launcher, states
from tests.senders.providers import Connected, connected, google_running, microsoft_running

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["gmail", "outlook"])
def mailbox(
    request: pytest.FixtureRequest, settings: Any, tmp_path: Path, acme: Organisation, alice: User
) -> Iterator[Connected]:
    running = google_running if request.param == "gmail" else microsoft_running
    with running(settings, tmp_path) as server:
        yield connected(server, acme, alice)


def drain(mailbox: Connected, times: int = 6) -> None:
    """So many turns without the pauses between them: Exchange takes 30 mails a minute, and the engine keeps to that."""
    for _ in range(times):
        Sender.objects.filter(state=SenderState.ACTIVE).update(next_slot_at=timezone.now() - timedelta(seconds=1))
        engine.drain(mailbox.sender.pk)


def test_each_lead_gets_one_mail_and_its_id_is_kept(launcher: Launcher, mailbox: Connected) -> None:
    campaign = launcher.start(5, senders=[mailbox.sender])
    drain(mailbox)
    assert states(campaign) == {"sent": 5}
    assert len({data.split(b"\r\nTo: ")[1].split(b"\r\n")[0] for data in mailbox.sent}) == 5
    if mailbox.sender.kind == "gmail":
        assert all("/" in message.provider_id for message in Message.objects.all())
    assert not launcher.received(), "nothing went another way"


def test_a_token_that_ends_in_the_middle_costs_nobody_a_mail(launcher: Launcher, mailbox: Connected) -> None:
    campaign = launcher.start(4, senders=[mailbox.sender])
    mailbox.server.end_access()
    drain(mailbox)
    assert states(campaign) == {"sent": 4}
    assert len(mailbox.sent) == 4


def test_a_dropped_answer_is_one_unknown_message_and_never_a_second_mail(
    launcher: Launcher, mailbox: Connected
) -> None:
    campaign = launcher.start(3, senders=[mailbox.sender])
    mailbox.server.drop_at("ANSWER", mailbox.send_path)
    drain(mailbox)
    assert states(campaign) == {"unknown": 1, "sent": 2}
    assert len(mailbox.sent) == 3


def test_a_withdrawn_permission_stops_the_sender_and_tells_its_owners_once(
    launcher: Launcher, mailbox: Connected
) -> None:
    campaign = launcher.start(3, senders=[mailbox.sender])
    mailbox.server.end_permissions()
    drain(mailbox, 2)
    sender = Sender.objects.get(pk=mailbox.sender.pk)
    assert sender.state == SenderState.DISCONNECTED
    assert "does not honour the permission any more" in sender.state_reason
    assert states(campaign) == {"planned": 3}
    send_notices()
    send_notices()
    assert [message.to for message in mail.outbox] == [["alice@acme.example"]]
    assert "onnect it again" in mail.outbox[0].body


def test_it_goes_on_by_itself_once_it_is_connected_again(launcher: Launcher, mailbox: Connected) -> None:
    campaign = launcher.start(3, senders=[mailbox.sender])
    mailbox.server.end_permissions()
    drain(mailbox, 1)
    connected(mailbox.server, launcher.acme, launcher.alice)
    drain(mailbox)
    assert states(campaign) == {"sent": 3}


def test_a_mailbox_over_its_limit_rests_and_loses_nothing(launcher: Launcher, mailbox: Connected) -> None:
    campaign = launcher.start(3, senders=[mailbox.sender])
    mailbox.server.refuse(429, "userRateLimitExceeded", "User-rate limit exceeded.", retry_after=600)
    engine.drain(mailbox.sender.pk)
    sender = Sender.objects.get(pk=mailbox.sender.pk)
    assert states(campaign) == {"planned": 3}
    assert sender.last_error_at
    assert 590 < (sender.next_slot_at - sender.last_error_at).total_seconds() < 610
    assert sender.state == SenderState.ACTIVE
