"""Real Chromium (Debian's package) on the running product. Every page is watched: no cookie, no other host, no error."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, sync_playwright

from tests.running import Product

PATIENCE_MS = 15_000
# Headless Chromium says that it is a machine, and would be counted as one.
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    assert program, "Chromium is missing: .ci/run installs it (Debian package chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Watch:
    """What a browser did that it must not do."""

    own: str
    cookies: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def requested(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.netloc != self.own:
            self.strangers.append(request.url)

    def answered(self, response: Response) -> None:
        if "set-cookie" in response.headers:
            self.cookies.append(response.url)

    def said(self, message: ConsoleMessage) -> None:
        # Chromium logs each 4xx answer as an error of its own; the pages show those to people.
        if message.type == "error" and "the server responded with a status of 4" not in message.text:
            self.errors.append(message.text)


@pytest.fixture
def watch(product: Product) -> Watch:
    return Watch(urlsplit(product.url).netloc)


@pytest.fixture
def context(chromium: Browser, product: Product, watch: Watch) -> Iterator[BrowserContext]:
    """A fresh browser profile. At the end: no cookie was set, no other host asked, no script failed."""
    opened = chromium.new_context(
        base_url=product.url, viewport={"width": 1280, "height": 900}, accept_downloads=True, user_agent=PERSON
    )
    opened.set_default_timeout(PATIENCE_MS)
    opened.on("request", watch.requested)
    opened.on("response", watch.answered)
    opened.on("console", watch.said)
    opened.on("weberror", lambda error: watch.errors.append(str(error.error)))
    yield opened
    kept = opened.cookies()
    opened.close()
    assert not kept
    assert not watch.cookies
    assert not watch.strangers
    assert not watch.errors


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def code_for(context: BrowserContext) -> Callable[[str, str], str]:
    """The code in the newest mail to an address whose subject holds a word, read in the mail catcher as a person would."""

    def read(address: str, subject: str) -> str:
        tab = context.new_page()
        tab.goto(f"/dev/mail/?to={address}")
        mail = tab.get_by_role("link", name=re.compile(subject)).first
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not mail.is_visible() and time.monotonic() < deadline:  # it may still be on its way
            tab.wait_for_timeout(200)
            tab.reload()
        mail.click()
        text = tab.locator("pre").first.inner_text()
        tab.close()
        found = re.search(r"^[A-Z0-9]{4,}(-[A-Z0-9]+)*$", text, re.MULTILINE)
        assert found, text
        return found[0]

    return read
