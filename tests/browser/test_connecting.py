"""Connecting Gmail and Outlook in the browser, from the first click over the provider's consent page and back.

The providers are local servers; they are the one other host that the browser may see.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS, Watch
from tests.browser.steps import account, sign_in_to
from tests.providers.google import GoogleServer
from tests.providers.microsoft import MicrosoftServer
from tests.running import Product, running


@dataclass(frozen=True)
class Providers:
    google: GoogleServer
    microsoft: MicrosoftServer

    @property
    def hosts(self) -> set[str]:
        return {urlsplit(server.url).netloc for server in (self.google, self.microsoft)}


@pytest.fixture(scope="module")
def providers() -> Iterator[Providers]:
    with GoogleServer() as google, MicrosoftServer() as microsoft:
        yield Providers(google, microsoft)


@pytest.fixture(scope="module")
def product(providers: Providers) -> Iterator[Product]:
    """A product whose operator has registered it with both providers."""
    with tempfile.TemporaryDirectory(prefix="ecrm-connecting-", ignore_cleanup_errors=True) as folder:
        path = Path(folder)
        variables = providers.google.environment(path) | providers.microsoft.environment(path)
        with running(path / "data", variables=variables) as started:
            yield started


@pytest.fixture
def page(chromium: Browser, product: Product, providers: Providers) -> Iterator[Page]:
    """A fresh profile that trusts the local providers' certificates; watched like any other."""
    watch = Watch(urlsplit(product.url).netloc)
    context = chromium.new_context(base_url=product.url, ignore_https_errors=True)
    context.set_default_timeout(PATIENCE_MS)
    context.on("request", watch.requested)
    context.on("response", watch.answered)
    context.on("console", watch.said)
    context.on("weberror", lambda error: watch.errors.append(str(error.error)))
    yield context.new_page()
    kept = context.cookies()
    context.close()
    assert not kept
    assert not watch.cookies
    assert {urlsplit(url).netloc for url in watch.strangers} <= providers.hosts
    assert not watch.errors


def to_consent(page: Page, label: str, company: str) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Senders").click()
    expect(page.get_by_role("heading", name="Senders", exact=True)).to_be_visible()
    page.get_by_role("link", name="Add a sender").first.click()
    page.get_by_role("link", name=f"Connect {label}").click()
    expect(page.get_by_text("cannot read, search or delete your mail")).to_be_visible()
    go_on(page, company)


def go_on(page: Page, company: str) -> None:
    """From our own page to the provider's."""
    page.get_by_role("button", name=f"Continue to {company}").click()
    expect(page).to_have_title("Consent")


@pytest.mark.parametrize(
    ("name", "label", "company"), [("google", "Gmail", "Google"), ("microsoft", "Outlook", "Microsoft")]
)
def test_a_mailbox_is_connected_checked_and_disconnected(
    page: Page, product: Product, providers: Providers, name: str, label: str, company: str
) -> None:
    server = getattr(providers, name)
    sign_in_to(page, account(product, f"{name}-person"), f"/o/{name}-person/")
    to_consent(page, label, company)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text(f"{server.person} is connected.")).to_be_visible()
    expect(page.get_by_text("To send, and nothing else")).to_be_visible()
    assert "code=" not in page.url
    page.get_by_role("button", name="Check the connection").click()
    expect(page.get_by_text(f"{company} renewed it just now")).to_be_visible()
    page.go_back()
    assert urlsplit(page.url).netloc in providers.hosts, "the way back itself is no page to come back to"
    page.go_forward()
    expect(page.get_by_text("To send, and nothing else")).to_be_visible()
    page.get_by_role("button", name="Disconnect").click()
    page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    expect(page.get_by_text("Somebody here gave up its permission.")).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Leads").click()
    banner = page.locator(".banner", has_text="is disconnected.")  # the toast of a moment ago may still say it too
    expect(banner).to_contain_text(server.person)
    page.get_by_role("link", name="See why, and connect it again").click()
    page.get_by_role("link", name="Connect again").click()
    go_on(page, company)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text(f"{server.person} is connected again.")).to_be_visible()
    expect(banner).to_have_count(0)


def test_who_unticks_sending_or_says_no_is_told_and_may_try_again(
    page: Page, product: Product, providers: Providers
) -> None:
    sign_in_to(page, account(product, "unsure"), "/o/unsure/")
    to_consent(page, "Gmail", "Google")
    page.get_by_label("gmail.send").uncheck()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Sending needs it. Nothing was connected.")).to_be_visible()
    page.get_by_role("link", name="Try again").click()
    go_on(page, "Google")
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_text("You did not allow it. Nothing was connected.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("You did not allow it. Nothing was connected.")).to_be_visible()


def test_who_signed_out_meanwhile_signs_in_and_goes_on(page: Page, product: Product, providers: Providers) -> None:
    address = account(product, "slow")
    sign_in_to(page, address, "/o/slow/")
    to_consent(page, "Gmail", "Google")
    other = page.context.new_page()
    other.goto("/account/")
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text(f"{providers.google.person} is connected.")).to_be_visible()
