"""The two places that are not our own pages, in real Chromium: Django's admin, and the API's reference."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS, Watch
from tests.ecrm.operators import code_for
from tests.running import Product

PASSWORD = "correct horse battery"
ADDRESS = "olga@ecrm.example"


@pytest.fixture
def admin_context(chromium: Browser, product: Product, watch: Watch) -> Iterator[BrowserContext]:
    """A fresh profile that may keep the admin's cookies, and must not ask another host or hear of an error."""
    opened = chromium.new_context(base_url=product.url, viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(PATIENCE_MS)
    opened.on("request", watch.requested)
    opened.on("console", watch.said)
    opened.on("weberror", lambda error: watch.errors.append(str(error.error)))
    yield opened
    opened.close()
    assert not watch.strangers
    assert not watch.errors


def test_an_operator_enrols_looks_around_and_leaves(admin_context: BrowserContext, product: Product) -> None:
    product.manage("createoperator", "--email", ADDRESS, "--password", PASSWORD, "--name", "Olga Operator")
    page = admin_context.new_page()
    page.goto("/admin/senders/sender/")
    page.get_by_label("Email").fill(ADDRESS)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Code").fill(code_for(page.locator("code").inner_text()))
    assert page.locator("img[alt^='QR code']").evaluate("image => image.complete && image.naturalWidth > 100")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#content li code")).to_have_count(10)
    page.get_by_role("button", name="I have stored them").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    look_around(page)
    cookies = {cookie["name"]: cookie for cookie in admin_context.cookies()}
    assert set(cookies) == {"ecrm_admin", "ecrm_admin_csrf"}
    assert {cookie["path"] for cookie in cookies.values()} == {"/admin/"}
    assert admin_context.cookies(f"{product.url}/o/") == []
    page.get_by_role("button", name="Log out").click()
    page.goto("/admin/")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()


def look_around(page: Page) -> None:
    """Each table's list, and one person's page."""
    links = page.locator("#content-main th a").evaluate_all("links => links.map(link => link.pathname)")
    assert len(links) > 5
    for link in links:
        page.goto(link)
        expect(page.locator("#changelist")).to_be_visible()
    page.goto("/admin/accounts/user/")
    page.get_by_role("link", name=ADDRESS).click()
    expect(page.get_by_role("heading", name="Change user")).to_be_visible()


def test_the_reference_of_the_api_renders_by_itself(page: Page) -> None:
    page.goto("/api/v1/docs")
    operation = page.locator(".opblock", has_text="/api/v1/orgs/{org}/senders/{sender_id}/check")
    operation.get_by_role("button").first.click()
    expect(operation.get_by_text("Responses", exact=True)).to_be_visible()


def test_the_reference_asks_no_other_host_where_we_are_public(page: Page, product: Product) -> None:
    """Away from localhost Swagger UI would send our address to a validator of its makers."""
    page.goto("/api/v1/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    settings = page.locator("#swagger-settings").inner_text()
    assert '"validatorUrl": null' in settings
