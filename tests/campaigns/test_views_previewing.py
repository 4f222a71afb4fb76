"""Looking at a mail before it goes out: in a frame that can do nothing, and in one's own mailbox."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from html import unescape
from typing import Any

import pytest
from django.test import Client

from campaigns.editing import update_campaign
from campaigns.models import Campaign, Variant
from campaigns.wording import StepContent
from ecrm.turns import one_at_a_time
from leads.models import Lead
from senders.models import Sender
from tests.conftest import Browser
from tests.providers.smtp import SmtpServer


def base(campaign: Campaign) -> str:
    return f"/o/acme/campaigns/{campaign.pk}"


def lead(email: str) -> Lead:
    return Lead.objects.get(email=email)


def frame_url(response: Any) -> str:
    found = re.search(r'<iframe[^>]* src="([^"]+)"', response.content.decode())
    assert found
    return unescape(found[1])


def test_the_first_lead_of_the_audience_is_shown(as_vera: Browser, campaign: Campaign) -> None:
    page = as_vera.get(f"{base(campaign)}/preview/").content.decode()
    assert "Hello there" in page
    assert "nobody@example.com" in page
    assert "Hauptstr. 1" in page


def test_another_lead_is_chosen_or_searched(as_alice: Browser, campaign: Campaign) -> None:
    chosen = as_alice.get(f"{base(campaign)}/preview/?lead={lead('ada@example.com').pk}")
    assert chosen.context["preview"].rendered.subject == "Hello Ada"
    found = as_alice.get(f"{base(campaign)}/preview/?q=hopper", headers={"HX-Request-Type": "partial"})
    assert found.context["preview"].rendered.subject == "Hello Grace"
    assert "<h1" not in found.content.decode()


@pytest.mark.parametrize("query", ["lead=abc", "lead=999999999999999999999", "lead=-1", "q=%00", "q=none"])
def test_what_makes_no_sense_shows_another_lead(as_alice: Browser, campaign: Campaign, query: str) -> None:
    response = as_alice.get(f"{base(campaign)}/preview/?{query}")
    assert response.status_code == 200
    assert response.context["preview"].rendered is not None


def test_an_invented_lead_stands_in_where_there_is_none(as_charlie: Browser, strangers: Campaign) -> None:
    update_campaign(strangers, {"steps": [StepContent("Hi {{ first_name }}", "<p>x</p>")]})
    response = as_charlie.get(f"/o/other/campaigns/{strangers.pk}/preview/")
    assert response.context["preview"].rendered.subject == "Hi Grace"
    assert "invented" in response.content.decode()


def test_a_lead_without_the_field_is_told_with_the_field(as_alice: Browser, campaign: Campaign) -> None:
    update_campaign(campaign, {"steps": [StepContent("Hi", "{{ company }}")]})
    page = as_alice.get(f"{base(campaign)}/preview/?lead={lead('ada@example.com').pk}").content.decode()
    assert "This lead would get no mail" in page
    assert "no company" in page
    assert "<iframe" not in page


def test_the_frame_opens_without_a_token_and_can_do_nothing(as_alice: Browser, campaign: Campaign) -> None:
    response = as_alice.get(f"{base(campaign)}/preview/?lead={lead('ada@example.com').pk}")
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in response.content.decode()
    frame = Client().get(frame_url(response))
    assert b"Hello Ada" in frame.content
    policy = frame["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "sandbox" in policy
    assert "img-src data:;" in policy
    assert frame["Referrer-Policy"] == "no-referrer"
    assert frame.cookies == {}


def test_images_of_other_hosts_load_only_where_asked(as_alice: Browser, campaign: Campaign) -> None:
    response = as_alice.get(f"{base(campaign)}/preview/?images=1")
    assert "img-src data: https: http:;" in Client().get(frame_url(response))["Content-Security-Policy"]


def test_a_frames_link_opens_nothing_else(as_alice: Browser, campaign: Campaign) -> None:
    url = frame_url(as_alice.get(f"{base(campaign)}/preview/"))
    assert b"data-shell" in Client().get(url.replace("images=0", "images=1")).content
    assert b"data-shell" in Client().get(f"{base(campaign)}/preview.html").content


def test_a_script_in_the_mail_stays_in_the_frame(as_alice: Browser, campaign: Campaign) -> None:
    update_campaign(campaign, {"steps": [StepContent("<script>1</script>", "<script>alert(1)</script><p>x</p>")]})
    page = as_alice.get(f"{base(campaign)}/preview/").content.decode()
    assert "<script>alert(1)" not in page
    assert "<script>1" not in page


def test_a_mail_of_plain_text_has_no_frame(as_alice: Browser, campaign: Campaign) -> None:
    update_campaign(campaign, {"steps": [StepContent("Hi", "", "Just text")]})
    page = as_alice.get(f"{base(campaign)}/preview/").content.decode()
    assert "Just text" in page
    assert "<iframe" not in page
    assert as_alice.get(f"{base(campaign)}/preview.html").status_code == 404


@pytest.fixture
def mailbox(sender: Sender) -> Iterator[SmtpServer]:
    """The sender's server."""
    with SmtpServer() as running:
        Sender.objects.filter(pk=sender.pk).update(port=running.port)
        yield running


def typed(sender: Sender, to: str = "alice@acme.example", **more: Any) -> dict[str, Any]:
    return {"test-sender": sender.pk, "test-to": to, **more}


def test_ones_own_address_is_the_default(as_alice: Browser, campaign: Campaign) -> None:
    assert 'value="alice@acme.example"' in as_alice.get(f"{base(campaign)}/preview/").content.decode()


def test_a_test_mail_is_sent_as_the_chosen_lead_gets_it(
    as_alice: Browser, campaign: Campaign, sender: Sender, mailbox: SmtpServer
) -> None:
    response = as_alice.post(f"{base(campaign)}/test/", typed(sender, lead=lead("ada@example.com").pk))
    assert response.status_code == 200
    assert "2.0.0 Taken" in response.content.decode()
    assert "Test mail sent" in response["HX-Trigger"]
    assert b"Hello Ada" in mailbox.mails[0].data


def test_a_follow_up_is_looked_at_and_the_whole_sequence_sent(
    as_alice: Browser, campaign: Campaign, sender: Sender, mailbox: SmtpServer
) -> None:
    assert 'name="test-what"' not in as_alice.get(f"{base(campaign)}/preview/").content.decode()
    steps = [StepContent("One", "<p>x</p>"), StepContent("Two", "<p>second</p>", delay_hours=1)]
    update_campaign(campaign, {"steps": steps})
    follow_up = Variant.objects.get(step__campaign=campaign, subject="Two")
    page = as_alice.get(f"{base(campaign)}/preview/?variant={follow_up.pk}")
    assert page.context["preview"].rendered.subject == "Two"
    assert "Step 2" in page.content.decode()
    assert b"second" in Client().get(frame_url(page)).content
    as_alice.post(f"{base(campaign)}/test/", typed(sender, variant=follow_up.pk))
    response = as_alice.post(f"{base(campaign)}/test/", typed(sender, **{"test-what": "all"}))
    assert "Sent 2 mails" in response.content.decode()
    subjects = [message_from_bytes(mail.data)["Subject"] for mail in mailbox.mails]
    assert subjects == ["Two", "[step 1] One", "[step 2] Two"]


@pytest.mark.parametrize("variant", ["none", "0", "999999999"])
def test_a_mail_that_is_not_there_shows_the_first(as_alice: Browser, campaign: Campaign, variant: str) -> None:
    response = as_alice.get(f"{base(campaign)}/preview/?variant={variant}")
    assert response.context["preview"].rendered.subject.startswith("Hello")


def test_the_servers_refusal_is_shown(
    as_alice: Browser, campaign: Campaign, sender: Sender, mailbox: SmtpServer
) -> None:
    mailbox.reply("MAIL", "553 5.7.1 Not your address")
    response = as_alice.post(f"{base(campaign)}/test/", typed(sender))
    assert response.status_code == 422
    assert "Not your address" in response.content.decode()
    assert "HX-Trigger" not in response


@pytest.mark.parametrize("to", ["", "nonsense", "a@b@c"])
def test_an_address_that_is_none_is_told_at_its_field(
    as_alice: Browser, campaign: Campaign, sender: Sender, to: str
) -> None:
    response = as_alice.post(f"{base(campaign)}/test/", typed(sender, to))
    assert response.status_code == 422
    assert response.context["form"].errors["to"]


def test_a_sender_of_somebody_else_is_not_taken(as_charlie: Browser, strangers: Campaign, sender: Sender) -> None:
    response = as_charlie.post(f"/o/other/campaigns/{strangers.pk}/test/", typed(sender))
    assert response.status_code == 422
    assert response.context["form"].errors["sender"]


def test_without_a_sender_the_way_to_one_is_shown(as_charlie: Browser, strangers: Campaign) -> None:
    page = as_charlie.get(f"/o/other/campaigns/{strangers.pk}/preview/").content.decode()
    assert 'href="/o/other/senders/new/"' in page


def test_a_viewer_looks_and_sends_no_test(as_vera: Browser, campaign: Campaign, sender: Sender) -> None:
    page = as_vera.get(f"{base(campaign)}/preview/").content.decode()
    assert "Send a test mail" not in page
    assert as_vera.post(f"{base(campaign)}/test/", typed(sender)).status_code == 403


def test_a_stranger_finds_nothing(as_charlie: Browser, campaign: Campaign, sender: Sender) -> None:
    for path in ("preview/", "preview.html"):
        assert as_charlie.get(f"{base(campaign)}/{path}").status_code == 404
        assert as_charlie.get(f"/o/other/campaigns/{campaign.pk}/{path}").status_code == 404
    assert as_charlie.post(f"{base(campaign)}/test/", typed(sender)).status_code == 404


def test_a_strangers_lead_is_not_shown(as_charlie: Browser, strangers: Campaign, campaign: Campaign) -> None:
    ada = lead("ada@example.com")
    for path in ("preview/", "preview.html"):
        page = as_charlie.get(f"/o/other/campaigns/{strangers.pk}/{path}?lead={ada.pk}").content
        assert b"ada@example.com" not in page


def test_a_person_has_one_test_mail_under_way(
    as_alice: Browser, campaign: Campaign, sender: Sender, mailbox: SmtpServer
) -> None:
    with one_at_a_time("a test mail", as_alice.user.pk, 60):
        response = as_alice.post(f"{base(campaign)}/test/", typed(sender))
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert "still under way" in response["HX-Trigger"]
    assert not mailbox.mails
    assert as_alice.post(f"{base(campaign)}/test/", typed(sender)).status_code == 200
