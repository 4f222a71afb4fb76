"""What a person does on more than one page."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.running import Product

PASSWORD = "correct horse battery"

ReadCode = Callable[[str, str], str]


def fill(page: Page, **values: str) -> None:
    """Type into the fields of these labels; `_` stands for a blank."""
    for label, value in values.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)


def sign_up(page: Page, code_for: ReadCode, name: str, organisation: str, address: str, home: str) -> None:
    page.goto("/signup/")
    fill(page, Your_name=name, Organisation=organisation, Email_address=address, Password=PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    fill(page, Code=code_for(address, "code"))
    page.get_by_role("button", name="Verify").click()
    expect(page).to_have_url(home)


def sign_in(page: Page, address: str, password: str = PASSWORD) -> None:
    page.goto("/signin/")
    fill(page, Email_address=address, Password=password)
    page.get_by_role("button", name="Sign in").click()


def sign_in_to(page: Page, address: str, home: str) -> None:
    sign_in(page, address)
    expect(page).to_have_url(home)


def account(product: Product, name: str) -> str:
    """A verified owner of an organisation of that name; returns the address."""
    address = f"{name}@people.example"
    product.manage(
        "createaccount", "--email", address, "--password", PASSWORD, "--name", name.title(), "--organisation", name
    )
    return address
