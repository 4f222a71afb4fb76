"""Writing a campaign in the browser: fields go in at the cursor, and nobody loses a text by a slip."""

from __future__ import annotations

from playwright.sync_api import Dialog, Page, expect

from tests.browser.steps import account, fill, sign_in_to
from tests.running import Product


def test_fields_go_in_at_the_cursor_and_unsaved_text_is_guarded(page: Page, product: Product) -> None:
    sign_in_to(page, account(product, "edna"), "/o/edna/")
    page.goto("/o/edna/campaigns/new/")
    fill(page, Name="Guarded", Subject="Dear , hello")
    subject = page.get_by_label("Subject")
    subject.evaluate("field => { field.focus(); field.setSelectionRange(5, 5); }")
    page.get_by_role("button", name="first_name", exact=True).click()
    expect(subject).to_have_value('Dear {{ first_name | default: "there" }}, hello')
    page.keyboard.press("Control+z")
    expect(subject).to_have_value("Dear , hello")

    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Leads").click()
    expect(subject).to_have_value("Dear , hello")
    assert asked == ["Leave without saving what you typed?"]

    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name="Guarded")).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Leads").click()
    expect(page.get_by_role("heading", name="Leads", exact=True)).to_be_visible()
    assert len(asked) == 1
