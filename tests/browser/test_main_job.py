"""The product's main job, in the browser alone: from sign-up to a campaign that was read, clicked and unsubscribed from.

`conftest.context` asserts for the whole of it that no cookie was set, no other host asked, and no script failed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import ReadCode, fill, sign_up
from tests.running import Product

FILES = Path(__file__).resolve().parent.parent / "leads" / "data"
SUBJECT = 'Grüße an {{ first_name | default: "Sie" }}'


def test_sign_up_to_statistics(page: Page, product: Product, code_for: ReadCode, tmp_path: Path) -> None:
    sign_up(page, code_for, "Mia Manager", "Main Job", "mia@job.example", "/o/main-job/")
    enter_postal_address(page)
    add_sender(page)
    import_leads(page, tmp_path)
    find_a_lead(page)
    write_campaign(page, f"{product.url}/privacy/?a=1&b=%C3%A9#rights")
    preview_and_test(page)
    start(page)
    campaign = page.url
    read_click_and_unsubscribe(page, f"{product.url}/privacy/?a=1&b=%C3%A9#rights")
    page.goto(campaign)
    for label, number in (("Sent", 3), ("Opened", 1), ("Clicked", 1), ("Unsubscribed", 1)):
        expect(page.locator(".stat", has_text=label).locator("dd")).to_contain_text(str(number), timeout=20_000)
    expect(page.get_by_role("img", name="Over time").or_(page.locator("svg.chart"))).to_be_visible()
    page.get_by_role("link", name="Messages").first.click()
    expect(page.get_by_role("link", name="zoe@people.example").first).to_be_visible()


def enter_postal_address(page: Page) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Settings").click()
    page.get_by_label("Postal address").fill("Main Job GmbH\nHauptstr. 1\n10115 Berlin")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def add_sender(page: Page) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Senders").click()
    page.get_by_role("link", name="Add a sender").first.click()
    fill(page, Display_name="Mia Manager", Email_address="not an address")
    page.get_by_label("Provider").select_option(label="Mail catcher (development)")
    page.get_by_role("button", name="Add the sender").click()
    expect(page.get_by_text("This is not an email address")).to_be_visible()
    expect(page.get_by_label("SMTP host")).to_have_value("127.0.0.1")
    fill(page, Email_address="mia@job.example")
    page.get_by_role("button", name="Add the sender").click()
    page.get_by_role("button", name="Check the connection").click()
    expect(page.get_by_text("Everything works.")).to_be_visible()


def import_leads(page: Page, folder: Path) -> None:
    file = folder / "people.csv"
    file.write_text(
        "Vorname;Nachname;E-Mail;Firma\nZoë;Müller;zoe@people.example;Müller & Söhne\n"
        "Ann;<b>Bold</b>;ann@people.example;Ännchen\n;;nobody@people.example;\nBad;Row;no-address;X\n",
        encoding="latin-1",
    )
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Leads").click()
    page.get_by_role("link", name="Import").first.click()
    page.get_by_label("File").set_input_files(file)
    page.get_by_label("List", exact=False).first.fill("Spring")
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_label("Vorname")).to_have_value("first_name")
    expect(page.get_by_label("Firma")).to_have_value("company")
    page.get_by_role("button", name="Import", exact=True).first.click()
    expect(page.locator(".stat", has_text="Created").locator("dd")).to_have_text("3", timeout=30_000)
    expect(page.get_by_text("Refused rows").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download refused rows").click()
    assert "no-address" in Path(download.value.path()).read_text()


def find_a_lead(page: Page) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Leads").click()
    expect(page.get_by_text("<b>Bold</b>").first).to_be_visible()
    page.get_by_role("searchbox").first.fill("söhne")
    expect(page.get_by_text("ann@people.example")).to_have_count(0)
    page.get_by_role("link", name="zoe@people.example").or_(page.get_by_role("link", name="Zoë Müller")).first.click()
    expect(page.get_by_text("Müller & Söhne").first).to_be_visible()


def write_campaign(page: Page, target: str) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Campaigns").click()
    page.get_by_role("link", name="New campaign").or_(page.get_by_role("link", name="Write")).first.click()
    fill(page, Name="Frühling")
    page.get_by_role("checkbox", name="Spring").check()
    page.get_by_role("checkbox", name="mia@job.example").check()
    page.get_by_role("button", name="Create and write the mails").click()
    page.get_by_label("Subject").fill("{{ first_name")
    page.get_by_label("HTML").fill(
        f'<h1>Hallo {{{{ first_name | default: "Sie" }}}}</h1><p><a href="{target}">Weiter</a></p>'
    )
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Subject")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Subject").fill(SUBJECT)
    page.get_by_role("button", name="Save and preview").click()


def preview_and_test(page: Page) -> None:
    frame = page.frame_locator("iframe.frame")
    expect(frame.get_by_role("heading", name="Hallo")).to_be_visible()
    page.get_by_label("Lead", exact=True).select_option(label="zoe@people.example (Zoë Müller)")
    expect(frame.get_by_role("heading", name="Hallo Zoë")).to_be_visible()
    page.get_by_role("button", name="Send test mail").click()
    expect(page.locator("#test").get_by_role("alert")).to_contain_text("mia@job.example")


def start(page: Page) -> None:
    page.get_by_role("link", name="Draft", exact=True).click()
    expect(page.get_by_text("Nothing stands in its way.")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("button", name="Start sending").click()
    expect(page.locator(".stat", has_text="Sent").locator("dd")).to_contain_text("3", timeout=30_000)
    expect(page.get_by_text("Finished").first).to_be_visible(timeout=30_000)


def read_click_and_unsubscribe(page: Page, target: str) -> None:
    """In the catcher, as in a mail program: opening the mail loads its pixel; the link and the way out are followed."""
    page.goto("/dev/mail/?to=zoe@people.example")
    page.get_by_role("link", name="Grüße an Zoë").first.click()
    frame = page.frame_locator("iframe")
    with page.context.expect_page() as opened:
        frame.get_by_role("link", name="Weiter").click()
    expect(opened.value).to_have_url(target)
    with page.context.expect_page() as opened:
        frame.get_by_role("link", name="Unsubscribe").click()
    way_out = opened.value
    expect(way_out.get_by_text("Main Job sent you this mail")).to_be_visible()
    way_out.get_by_role("button", name="Unsubscribe").click()
    expect(way_out.get_by_role("heading", name="You are unsubscribed")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_the_screen(page: Page, product: Product, code_for: ReadCode, width: int) -> None:
    slug = f"narrow-{width}"
    sign_up(page, code_for, "Nora", f"Narrow {width}", f"nora{width}@job.example", f"/o/{slug}/")
    page.set_viewport_size({"width": width, "height": 800})
    for path in (
        "",
        "campaigns/",
        "campaigns/new/",
        "leads/",
        "leads/new/",
        "lists/",
        "imports/",
        "imports/new/",
        "senders/",
        "senders/new/",
        "settings/",
    ):
        page.goto(f"/o/{slug}/{path}")
        expect(page.get_by_role("heading", level=1).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
