"""What every page does, whichever it is: where it begins, what a code page knows, and how the menu of a phone closes."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.steps import PASSWORD, ReadCode, account, fill, sign_in, sign_in_to
from tests.running import Product

PHONE = {"width": 390, "height": 800}


def begins_at_its_heading(page: Page, heading: str) -> None:
    """The page is at its top, and its heading has the focus."""
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_focused()
    assert page.evaluate("scrollY") == 0


def test_the_page_after_a_save_begins_at_its_top(page: Page, product: Product) -> None:
    """Also where it holds a dialog, whose first button has the focus only once the dialog is open."""
    sign_in_to(page, account(product, "paula"), "/o/paula/")
    for size in ({"width": 1280, "height": 700}, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.goto("/o/paula/campaigns/new/")
        fill(page, Name="Spring")
        page.get_by_role("button", name="Create and write the mails").click()
        fill(page, Subject="Hello", HTML="<p>Hello</p>")
        page.get_by_role("button", name="Save and preview").click()
        begins_at_its_heading(page, "Spring")


def test_a_form_that_was_refused_begins_at_what_is_wrong(page: Page, product: Product) -> None:
    sign_in_to(page, account(product, "rosa"), "/o/rosa/")
    page.goto("/o/rosa/leads/new/")
    page.get_by_label("Email address").evaluate("field => { field.type = 'text'; field.required = false; }")
    page.get_by_label("Company").fill("Rosa & Co")
    page.get_by_role("button", name="Add the lead").click()
    expect(page.get_by_label("Email address")).to_be_focused()
    ring = page.get_by_label("Email address").evaluate("field => getComputedStyle(field).outlineColor")
    assert ring == page.locator(".field .error").first.evaluate("text => getComputedStyle(text).color")
    expect(page.get_by_label("Company")).to_have_value("Rosa & Co")


def test_escape_closes_the_menu_of_a_phone(page: Page, product: Product) -> None:
    sign_in_to(page, account(product, "mona"), "/o/mona/")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    menu = page.get_by_role("button", name="Menu")
    leads = page.get_by_role("navigation", name="Main").get_by_role("link", name="Leads")
    menu.click()
    expect(leads).to_be_visible()
    leads.focus()
    page.keyboard.press("Escape")
    expect(leads).to_be_hidden()
    expect(menu).to_be_focused()
    expect(menu).to_have_attribute("aria-expanded", "false")


def test_the_code_page_says_where_the_code_went_and_what_to_do_in_another_browser(
    context: BrowserContext, page: Page, code_for: ReadCode
) -> None:
    page.goto("/signup/")
    fill(page, Your_name="Vito", Organisation="Vito", Email_address="vito@wrong.example", Password=PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("We sent a code to vito@wrong.example.")).to_be_visible()

    closed = context.new_page()  # sessionStorage is a tab's own, as it is a browser's that was closed
    closed.goto("/verify/")
    expect(closed.get_by_text("a new code is sent to you")).to_be_visible()
    expect(closed.get_by_label("Code")).to_be_hidden()
    closed.get_by_role("main").get_by_role("link", name="Sign in").click()
    expect(closed.get_by_role("heading", name="Sign in")).to_be_visible()
    closed.close()

    page.get_by_role("link", name="Wrong address? Start again").click()
    fill(page, Your_name="Vito", Organisation="Vito", Email_address="vito@right.example", Password=PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("We sent a code to vito@right.example.")).to_be_visible()
    fill(page, Code=code_for("vito@right.example", "code"))
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_a_stranger_s_page_is_not_there(page: Page, product: Product) -> None:
    account(product, "olga")
    sign_in(page, account(product, "charlie"))
    expect(page).to_have_url("/o/charlie/")
    page.goto("/o/olga/leads/")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
