"""The running software that each promise is tried on."""

from collections.abc import Iterator

import pytest

from accounts.models import Organisation, User
from campaigns.models import Campaign
from tests.campaigns.launching import Launcher
from tests.providers.smtp import SmtpServer
from tests.senders.providers import Connected


@pytest.fixture
def launcher(acme: Organisation, alice: User) -> Iterator[Launcher]:
    with SmtpServer(pipelining=True) as server:
        yield Launcher(acme, alice, server)


@pytest.fixture
def campaign(launcher: Launcher, gmail: Connected) -> Campaign:
    """Three leads, to be written to through the mailbox at Gmail."""
    return launcher.start(3, senders=[gmail.sender])
