"""Alice owns Acme, Bob manages it, Vera looks at it; Charlie owns another organisation and must see nothing of Acme."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from allauth.headless.tokens.strategies.jwt.internal import create_access_token
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from accounts.models import Membership, Organisation, Role, User
from accounts.services import create_account, create_operator
from leads.models import Lead
from leads.services import save_lead
from tests.providers.google import GoogleServer
from tests.providers.microsoft import MicrosoftServer
from tests.running import Product, running
from tests.senders.providers import Connected, connected, google_running, microsoft_running

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def fast_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def clean_redis() -> None:
    """Each test starts with an empty Redis, as it does with an empty database."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()


def access_token(user: User) -> str:
    """An access token for `user`, as a sign-in gives one."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    token: str = create_access_token(user, session, {})
    return token


class Browser(Client):
    """Django's test client with a bearer token; `browser.get(url)` is what htmx asks for, `navigate` a plain GET."""

    def __init__(self, user: User) -> None:
        super().__init__(headers={"Authorization": f"Bearer {access_token(user)}", "HX-Request": "true"})
        self.user = user

    def navigate(self, path: str) -> Any:
        return Client().get(path)

    def api(self, method: str, path: str, body: Any = None, **extra: Any) -> Any:
        """A JSON call to the API; `path` is below `/api/v1`."""
        send = getattr(self, method.lower())
        if method.upper() == "GET":
            return send(f"/api/v1{path}", **extra)
        return send(f"/api/v1{path}", body, content_type="application/json", **extra)


@pytest.fixture
def alice(db: None) -> User:
    user, _ = create_account("alice@acme.example", PASSWORD, "Alice Archer", "Acme")
    Organisation.objects.filter(slug="acme").update(postal_address="Acme GmbH, Hauptstr. 1, 10115 Berlin")
    return user


@pytest.fixture
def acme(alice: User) -> Organisation:
    return alice.organisations.get()


@pytest.fixture
def member(acme: Organisation) -> Callable[[str, Role], User]:
    def add(name: str, role: Role) -> User:
        user = User.objects.create_user(f"{name.lower()}@acme.example", PASSWORD, name=name)
        Membership.objects.create(user=user, organisation=acme, role=role)
        return user

    return add


@pytest.fixture
def bob(member: Callable[[str, Role], User]) -> User:
    return member("Bob", Role.MANAGER)


@pytest.fixture
def vera(member: Callable[[str, Role], User]) -> User:
    return member("Vera", Role.VIEWER)


@pytest.fixture
def charlie(db: None) -> User:
    user, _ = create_account("charlie@other.example", PASSWORD, "Charlie Stranger", "Other")
    return user


@pytest.fixture
def operator(db: None) -> User:
    """May enter the admin, and belongs to no organisation."""
    return create_operator("olga@ecrm.example", PASSWORD, "Olga Operator")


@pytest.fixture
def reader(acme: Organisation) -> Lead:
    """A lead of Acme's who opens and clicks."""
    return save_lead(Lead(organisation=acme), {"email": "reader@example.com"})


@pytest.fixture
def as_alice(alice: User) -> Browser:
    return Browser(alice)


@pytest.fixture
def as_vera(vera: User) -> Browser:
    return Browser(vera)


@pytest.fixture
def as_charlie(charlie: User) -> Browser:
    return Browser(charlie)


@pytest.fixture(scope="session")
def product() -> Iterator[Product]:
    """The running product, started once for all tests that walk it from outside."""
    folder = Path(tempfile.mkdtemp(prefix="ecrm-product-"))
    try:
        with running(folder) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
    """Alice's mailbox at Gmail, connected."""
    return connected(google, acme, alice)


@pytest.fixture
def outlook(microsoft: MicrosoftServer, acme: Organisation, alice: User) -> Connected:
    """Alice's mailbox at Microsoft 365, connected."""
    return connected(microsoft, acme, alice)
