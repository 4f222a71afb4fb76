"""The visual mode: it writes the HTML, leaves Liquid whole, and leaves alone what it would change."""

from __future__ import annotations

import base64

from playwright.sync_api import Page, expect

from tests.browser.steps import account, sign_in_to
from tests.browser.test_campaign_editor import new_campaign
from tests.running import Product

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HTML = '<p>Dear {{ first_name | default: "you" }},</p><p style="color:#333">see <a href="https://a.example/?a=1&amp;b=2">us</a></p>'
TORN = "<table>{% for a in (1..2) %}<tr><td>x</td></tr>{% endfor %}</table>"


def test_html_is_written_as_it_looks_and_stays_as_it_is(page: Page, product: Product) -> None:
    sign_in_to(page, account(product, "vincent"), "/o/vincent/")
    new_campaign(page, "vincent", "Visual")
    source, written = page.get_by_label("HTML"), page.frame_locator(".canvas iframe").locator("body")
    source.fill(HTML)
    expect(page.locator("[data-derived] pre")).to_contain_text("see us (https://a.example/?a=1&b=2)")
    page.get_by_role("button", name="Visual").click()
    expect(written.locator("[data-liquid]")).to_have_text('{{ first_name | default: "you" }}')
    expect(page.locator("[data-html]")).to_have_value(HTML)

    written.get_by_text("see").click(position={"x": 4, "y": 8})
    page.keyboard.press("End")
    page.keyboard.type("& ")
    page.get_by_role("button", name="company", exact=True).click()
    image = {"name": "dot.png", "mimeType": "image/png", "buffer": PNG}
    page.get_by_label("Insert an image").set_input_files(image)  # type: ignore[arg-type]
    expect(written.locator("img")).to_have_attribute("src", "data:image/png;base64," + base64.b64encode(PNG).decode())
    page.get_by_role("button", name="Source").click()
    start, _, end = source.input_value().partition("us</a>")
    assert start + "us</a></p>" == HTML
    assert end.startswith('&amp; {{ company | default: "your company" }}<img src="cid:')

    page.get_by_label("Attach a file").set_input_files({"name": "note.txt", "mimeType": "text/plain", "buffer": b"x"})
    expect(page.get_by_role("list", name="Attachments")).to_contain_text("note.txt")
    page.get_by_label("Attach a file").set_input_files({"name": "run.exe", "mimeType": "text/plain", "buffer": b"x"})
    expect(page.get_by_text("Mail servers refuse .exe files")).to_be_visible()

    source.fill(TORN)
    page.get_by_role("button", name="Visual").click()
    expect(page.get_by_text("it stays source")).to_be_visible()
    expect(source).to_be_visible()
    expect(source).to_have_value(TORN)
