"""The running software that each promise is tried on: local providers, and a mailbox connected at each."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Organisation, User
from campaigns.models import Campaign
from tests.campaigns.launching import Launcher
from tests.providers.google import GoogleServer
from tests.providers.microsoft import MicrosoftServer
from tests.providers.smtp import SmtpServer
from tests.senders.providers import Connected, connected, google_running, microsoft_running


@pytest.fixture
def google(settings: Any, tmp_path: Path) -> Iterator[GoogleServer]:
    with google_running(settings, tmp_path) as running:
        yield running


@pytest.fixture
def microsoft(settings: Any, tmp_path: Path) -> Iterator[MicrosoftServer]:
    with microsoft_running(settings, tmp_path) as running:
        yield running


@pytest.fixture
def gmail(google: GoogleServer, acme: Organisation, alice: User) -> Connected:
    return connected(google, acme, alice)


@pytest.fixture
def outlook(microsoft: MicrosoftServer, acme: Organisation, alice: User) -> Connected:
    return connected(microsoft, acme, alice)


@pytest.fixture
def launcher(acme: Organisation, alice: User) -> Iterator[Launcher]:
    with SmtpServer(pipelining=True) as server:
        yield Launcher(acme, alice, server)


@pytest.fixture
def campaign(launcher: Launcher, gmail: Connected) -> Campaign:
    """Three leads, to be written to through the mailbox at Gmail."""
    return launcher.start(3, senders=[gmail.sender])
