"""Writing a campaign in the browser: fields go in at the cursor, steps come and go, and nobody loses a text by a slip."""

from __future__ import annotations

from playwright.sync_api import Dialog, Locator, Page, expect

from tests.browser.steps import account, fill, sign_in_to
from tests.running import Product


def new_campaign(page: Page, organisation: str, name: str) -> None:
    """Up to its sequence."""
    page.goto(f"/o/{organisation}/campaigns/new/")
    fill(page, Name=name)
    page.get_by_role("button", name="Create and write the mails").click()
    expect(page.get_by_role("heading", name="Step 1")).to_be_visible()


def step(page: Page, number: int) -> Locator:
    return page.locator(f"#step-{number}")


def test_fields_go_in_at_the_cursor_and_unsaved_text_is_guarded(page: Page, product: Product) -> None:
    sign_in_to(page, account(product, "edna"), "/o/edna/")
    new_campaign(page, "edna", "Guarded")
    subject = page.get_by_label("Subject")
    subject.fill("Dear , hello")
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
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Leads").click()
    expect(page.get_by_role("heading", name="Leads", exact=True)).to_be_visible()
    assert len(asked) == 1


def test_a_sequence_is_written_by_keyboard_and_kept(page: Page, product: Product) -> None:
    sign_in_to(page, account(product, "sequoia"), "/o/sequoia/")
    new_campaign(page, "sequoia", "Sequence")
    page.get_by_label("Subject").fill("Hello")
    page.get_by_label("HTML").fill("<p>One</p>")
    page.get_by_role("button", name="Add a step").press("Enter")
    second = step(page, 2)
    expect(second.get_by_label("Subject")).to_be_focused()
    expect(second.get_by_label("Subject")).to_have_attribute("placeholder", "Re: Hello")
    expect(step(page, 1).get_by_label("HTML")).to_have_value("<p>One</p>")
    step(page, 1).get_by_label("Subject").fill("Good day")
    expect(second.get_by_label("Subject")).to_have_attribute("placeholder", "Re: Good day")
    second.get_by_label("HTML").fill("<p>Two</p>")

    second.get_by_role("button", name="Add a variant to step 2").press("Enter")
    other = second.get_by_role("group", name="Step 2, variant B")
    expect(other.get_by_label("Subject")).to_be_focused()
    other.get_by_label("HTML").fill("<p>Three</p>")
    other.get_by_label("Share").fill("3")
    expect(second.get_by_role("radio", name="B 75 %")).to_be_checked()
    second.get_by_role("radio", name="B 75 %").press("ArrowLeft")
    expect(second.get_by_role("group", name="Step 2, variant A").get_by_label("HTML")).to_have_value("<p>Two</p>")
    expect(other).to_be_hidden()

    page.on("dialog", lambda dialog: dialog.accept())
    second.get_by_role("button", name="Duplicate step 2").click()
    step(page, 3).get_by_role("button", name="Remove step 3").click()
    expect(step(page, 3)).to_have_count(0)
    step(page, 2).get_by_label("Subject").first.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.reload()
    expect(step(page, 2).get_by_role("radio")).to_have_count(2)
    expect(step(page, 2).get_by_role("group", name="variant A").get_by_label("HTML")).to_have_value("<p>Two</p>")
