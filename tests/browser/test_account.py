"""A person's way in and out: sign up, verify, sign out, sign in, a new password; and how the session behaves in tabs."""

from __future__ import annotations

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.steps import PASSWORD, ReadCode, account, fill, sign_in, sign_in_to
from tests.running import Product

OTHER = "another quiet harbour"


def test_sign_up_verify_sign_out_sign_in_and_reset(page: Page, code_for: ReadCode) -> None:
    page.goto("/")
    page.get_by_role("link", name="Create account").first.click()
    fill(page, Your_name="Dora Dale", Organisation="Dale & Co", Email_address="dora@dale.example", Password="short")
    page.get_by_label("Password", exact=True).evaluate("field => field.removeAttribute('minlength')")
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_text("This password is too short")).to_be_visible()
    fill(page, Password=PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    fill(page, Code="WRONG1")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("Incorrect code")).to_be_visible()
    fill(page, Code=code_for("dora@dale.example", "code"))
    page.get_by_role("button", name="Verify").click()
    expect(page).to_have_url("/o/dale-co/")
    assert set(page.evaluate("Object.keys(localStorage)")) == {"ecrm.access", "ecrm.refresh"}

    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url("/signin/")
    assert page.evaluate("localStorage.length") == 0
    sign_in(page, "dora@dale.example", "not the password")
    expect(page.get_by_text("not correct")).to_be_visible()

    page.get_by_role("link", name="Forgot your password?").click()
    fill(page, Email_address="dora@dale.example")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_label("Code", exact=True)).to_be_visible()
    fill(page, Code=code_for("dora@dale.example", "password"), New_password=OTHER)
    page.get_by_role("button", name="Set the new password").click()
    expect(page.get_by_text("Your new password is set")).to_be_visible()
    sign_in(page, "dora@dale.example", OTHER)
    expect(page).to_have_url("/o/dale-co/")


def test_a_deep_link_leads_through_sign_in_and_back_forward_and_reload_work(page: Page, product: Product) -> None:
    address = account(product, "eve")
    page.goto("/o/eve/settings/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    fill(page, Email_address=address, Password=PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url("/o/eve/settings/")
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    page.get_by_role("link", name="Eve", exact=True).click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()


def test_tabs_share_one_refresh_and_one_sign_out(context: BrowserContext, page: Page, product: Product) -> None:
    sign_in_to(page, account(product, "tabs"), "/o/tabs/")
    page.evaluate("localStorage.setItem('ecrm.access', localStorage.getItem('ecrm.access') + 'x')")  # as if expired
    tabs = [context.new_page() for _ in range(3)]
    for tab in tabs:
        tab.goto("/account/", wait_until="commit")
    for tab in tabs:
        expect(tab.get_by_role("heading", name="Your account")).to_be_visible()
    tabs[0].get_by_role("button", name="Sign out").click()
    for tab in tabs:
        expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_change_of_the_account_is_said_and_kept(page: Page, product: Product) -> None:
    sign_in_to(page, account(product, "fred"), "/o/fred/")
    page.goto("/account/")
    fill(page, Name="Fred Fields <b>")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="Fred Fields <b>")).to_be_visible()
    fill(page, Current_password="wrong one", New_password=OTHER)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("type your current password")).to_be_visible()
    fill(page, Current_password=PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_a_new_password_that_does_not_sign_in_at_once_leads_to_sign_in(page: Page, product: Product) -> None:
    address = account(product, "gina")
    sign_in_to(page, address, "/o/gina/")
    page.goto("/account/")
    page.route("**/auth/login", lambda route: route.fulfill(status=429, json={"status": 429}))
    fill(page, Current_password=PASSWORD, New_password=OTHER)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your new password is set. Sign in with it.")).to_be_visible()
    page.unroute("**/auth/login")
    fill(page, Email_address=address, Password=OTHER)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url("/o/gina/")


def test_sign_in_leads_nowhere_but_to_this_site(page: Page, product: Product) -> None:
    """A person who is signed in passes at once, so the link alone would take them away."""
    sign_in_to(page, account(product, "hugo"), "/o/hugo/")
    for wanted in ("/%09/evil.example", "//evil.example", "/%5Cevil.example", "https://evil.example/", "//"):
        page.goto(f"/signin/?next={wanted}")
        expect(page).to_have_url("/o/hugo/")  # where /o/ leads; `watch` sees any other host that is asked
        page.goto("/account/")
    page.goto("/signin/?next=/o/hugo/settings/%3Fa=b")
    expect(page).to_have_url("/o/hugo/settings/?a=b")
