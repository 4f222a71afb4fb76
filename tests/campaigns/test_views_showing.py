"""A campaign's own pages: a draft and what it lacks, results as they happen, messages, events."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from campaigns import engine
from campaigns.models import Campaign, Message, Variant
from campaigns.services import pause_campaign, start_campaign
from leads.models import Lead
from senders.models import Sender
from tests.conftest import Browser
from tracking.models import Event


def base(campaign: Campaign) -> str:
    return f"/o/acme/campaigns/{campaign.pk}/"


@pytest.fixture
def running(campaign: Campaign, alice: User) -> Campaign:
    start_campaign(campaign, alice)
    engine.plan()
    now = timezone.now()
    Message.objects.filter(lead__email="ada@example.com").update(
        state="sent", sent_at=now, opened_at=now, machine_clicked_at=now
    )
    Message.objects.filter(lead__email="grace@example.com").update(state="failed", error="550 <No such> user")
    return campaign


def text(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def test_a_draft_shows_its_plan_and_asks_for_the_check(as_vera: Browser, campaign: Campaign) -> None:
    page = text(as_vera.get(base(campaign)))
    assert "People" in page
    assert "alice@acme.example" in page
    assert f'hx-get="{base(campaign)}check/"' in page


def test_the_check_offers_the_start_with_numbers(as_alice: Browser, campaign: Campaign) -> None:
    page = text(as_alice.get(f"{base(campaign)}check/"))
    assert "Send to 3 leads?" in page
    assert "Ends about <strong>" in page
    assert "<strong>alice@acme.example</strong>" in page
    assert f'action="{base(campaign)}start/"' in page


def test_the_check_blocks_the_start_and_leads_to_what_is_wrong(as_alice: Browser, campaign: Campaign) -> None:
    campaign.senders.clear()
    page = text(as_alice.get(f"{base(campaign)}check/"))
    assert "No sender is chosen." in page
    assert f'href="{base(campaign)}audience/#id_senders"' in page
    assert f'action="{base(campaign)}start/"' not in page


def test_the_check_of_a_started_campaign_leads_to_its_results(as_alice: Browser, running: Campaign) -> None:
    assert as_alice.get(f"{base(running)}check/")["HX-Location"] == base(running)


def test_results_show_every_number_and_the_latest_messages(as_vera: Browser, running: Campaign) -> None:
    page = text(as_vera.get(base(running)))
    for part in ("1 sent", "1 failed", "1 to go", "and 1 by machines", "550 &lt;No such&gt; user", "ada@example.com"):
        assert part in page
    assert page.count('<svg class="chart"') == 1
    assert "1 sent, 1 opened, 0 clicked" in page
    assert "<caption>Mails over time</caption>" in page


@pytest.mark.parametrize(
    ("state", "ended", "pace"),
    [("running", None, "every 2s"), ("paused", None, "every 10s"), ("finished", 1, "every 10s"), ("stopped", 30, "")],
)
def test_the_page_looks_again_as_often_as_something_may_change(
    as_alice: Browser, running: Campaign, state: str, ended: int | None, pace: str
) -> None:
    finished = timezone.now() - timedelta(days=ended) if ended else None
    Campaign.objects.update(state=state, finished_at=finished)
    page = text(as_alice.get(base(running)))
    assert pace in page
    assert ("/live/" in page) is bool(pace)


def test_the_numbers_come_alone_while_the_state_stays(as_vera: Browser, running: Campaign) -> None:
    fragment = text(as_vera.get(f"{base(running)}live/?state=running"))
    assert "1 to go" in fragment
    assert "<h1" not in fragment


def test_the_whole_page_is_asked_for_once_the_state_changed(as_vera: Browser, running: Campaign) -> None:
    pause_campaign(running)
    assert as_vera.get(f"{base(running)}live/?state=running")["HX-Location"] == base(running)


def test_why_nothing_is_sent_is_said(as_alice: Browser, running: Campaign, sender: Sender) -> None:
    Sender.objects.update(state="disconnected", state_reason="535 Bad password")
    assert "must be reconnected: 535 Bad password" in text(as_alice.get(base(running)))


def test_unknown_mails_are_told_with_the_way_to_decide(as_alice: Browser, running: Campaign) -> None:
    Message.objects.filter(state="planned").update(state="unknown")
    page = text(as_alice.get(base(running)))
    assert "1 mail without an answer" in page
    assert f'href="{base(running)}messages/?state=unknown"' in page


def test_clicked_links_are_listed_and_escaped(as_alice: Browser, running: Campaign) -> None:
    message = Message.objects.get(lead__email="ada@example.com")
    Event.objects.create(
        organisation=running.organisation,
        message_id=message.pk,
        lead_id=message.lead_id,
        kind="clicked",
        url='https://acme.example/?"><b>',
        at=timezone.now(),
        stream_id="1",
    )
    assert "https://acme.example/?&quot;&gt;&lt;b&gt;" in text(as_alice.get(base(running)))


def test_what_is_not_tracked_is_not_shown_as_nothing(as_alice: Browser, running: Campaign) -> None:
    Campaign.objects.update(track_opens=False)
    page = text(as_alice.get(base(running)))
    assert "?state=opened" not in page
    assert "<dt>Clicked</dt>" in page


def emails(response: Any) -> list[str]:
    return [message.lead.email for message in response.context["page"].object_list]


def test_messages_are_listed_by_their_last_activity_with_state_and_error(as_vera: Browser, running: Campaign) -> None:
    now = timezone.now()
    Message.objects.filter(lead__email="grace@example.com").update(offered_at=now - timedelta(minutes=1))
    Message.objects.filter(lead__email="nobody@example.com").update(due_at=now - timedelta(hours=1))
    response = as_vera.get(f"{base(running)}messages/")
    assert emails(response) == ["ada@example.com", "grace@example.com", "nobody@example.com"]
    Message.objects.filter(lead__email="grace@example.com").update(offered_at=now + timedelta(minutes=1))
    assert emails(as_vera.get(f"{base(running)}messages/"))[0] == "grace@example.com"
    assert [message.lead.email for message in as_vera.get(base(running)).context["latest"]] == [
        "grace@example.com",
        "ada@example.com",
    ]
    assert "550 &lt;No such&gt; user" in text(response)
    ada = Lead.objects.get(email="ada@example.com")
    assert f'href="/o/acme/leads/{ada.pk}/"' in text(response)


def test_a_number_leads_to_its_messages(as_vera: Browser, running: Campaign) -> None:
    at = f"{base(running)}messages/"
    Message.objects.filter(lead__email="ada@example.com").update(unsubscribed_at=timezone.now())
    page = text(as_vera.get(base(running)))
    for name in ("opened", "unsubscribed"):
        assert f'href="{at}?state={name}"' in page
        found = as_vera.get(f"{at}?state={name}")
        assert emails(found) == ["ada@example.com"]
        assert f'<option value="{name}" selected>' in text(found)
    assert f'href="{at}?state=clicked"' not in page, "machines alone clicked"
    assert emails(as_vera.get(f"{at}?state=clicked")) == []


def test_a_planned_mail_says_when_it_goes_or_what_it_waits_for(
    as_vera: Browser, running: Campaign, sender: Sender
) -> None:
    at = f"{base(running)}messages/?state=planned"
    assert "in its turn" in text(as_vera.get(at))
    Sender.objects.update(state="paused", held_at=timezone.now())
    assert "when its sender is resumed" in text(as_vera.get(at))
    Campaign.objects.update(state="paused")
    assert "when the campaign is resumed" in text(as_vera.get(at))


def test_right_after_the_start_it_is_being_planned(as_vera: Browser, campaign: Campaign, alice: User) -> None:
    start_campaign(campaign, alice)
    assert "Planning the first of 3 mails…" in text(as_vera.get(base(campaign)))
    assert "Planning the first of 3 mails…" in text(as_vera.get("/o/acme/"))
    engine.plan()
    assert "Planning" not in text(as_vera.get(base(campaign)))


def test_an_ended_campaign_offers_to_try_again_with_those_that_failed(
    as_alice: Browser, as_vera: Browser, running: Campaign
) -> None:
    assert "/retry/" not in text(as_alice.get(base(running)))
    Campaign.objects.update(state="finished", finished_at=timezone.now())
    assert f'action="{base(running)}retry/"' in text(as_alice.get(base(running)))
    assert "/retry/" not in text(as_vera.get(base(running)))
    Message.objects.filter(state="failed").update(state="sent")
    assert "/retry/" not in text(as_alice.get(base(running)))


def test_the_start_dialog_repeats_the_warnings(as_alice: Browser, campaign: Campaign, variant: Variant) -> None:
    Variant.objects.update(body_html="<p>Hello {{ company }} TBD TODO XXX lorem ipsum <a href='x'></a></p>")
    dialog = text(as_alice.get(f"{base(campaign)}check/")).partition('id="start-dialog"')[2]
    first = dialog.partition("<li>")[2].partition("</li>")[0]
    assert first == "2 leads have no company and would fail; the others are sent."
    assert "… and 2 more: cancel to read them." in dialog


def test_messages_are_filtered_and_searched(as_alice: Browser, running: Campaign) -> None:
    at = f"{base(running)}messages/"
    assert emails(as_alice.get(f"{at}?state=failed")) == ["grace@example.com"]
    assert emails(as_alice.get(f"{at}?q=LOVELACE")) == ["ada@example.com"]
    assert emails(as_alice.get(f"{at}?q=grace@&state=sent")) == []
    assert len(emails(as_alice.get(f"{at}?state=nonsense"))) == 3
    assert "No message fits" in text(as_alice.get(f"{at}?q=none"))


def test_messages_page_with_a_fixed_number_of_queries(
    as_alice: Browser,
    campaign: Campaign,
    alice: User,
    add_lead: Callable[..., Lead],
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    for number in range(60):
        add_lead(f"lead{number}@example.com", campaign.lists.get())
    start_campaign(campaign, alice)
    engine.plan()
    with django_assert_max_num_queries(12):
        response = as_alice.get(f"{base(campaign)}messages/")
    assert len(emails(response)) == 50
    assert len(emails(as_alice.get(f"{base(campaign)}messages/?page=2"))) == 13


def test_the_table_alone_is_sent_to_the_page_that_looks_again(as_alice: Browser, running: Campaign) -> None:
    page = text(as_alice.get(f"{base(running)}messages/?state=sent"))
    assert "every 5s" in page
    fragment = text(as_alice.get(f"{base(running)}messages/?state=sent", headers={"HX-Request-Type": "partial"}))
    assert "<h1" not in fragment
    assert "ada@example.com" in fragment


def test_unknown_messages_can_be_ticked_by_those_who_may_decide(
    as_alice: Browser, as_vera: Browser, running: Campaign
) -> None:
    Message.objects.filter(state="planned").update(state="unknown")
    page = text(as_alice.get(f"{base(running)}messages/"))
    assert page.count('name="message"') == 1
    assert 'value="resend"' in page
    # The boxes stand in no form, where Enter on one would press its first button.
    assert page.rindex('name="message"') < page.index('hx-include="[name=message], [name=all]"')
    assert "every 5s" not in page
    assert 'name="message"' not in text(as_vera.get(f"{base(running)}messages/"))


def test_a_stopped_campaign_does_not_offer_to_send_again(as_alice: Browser, running: Campaign) -> None:
    Message.objects.filter(state="planned").update(state="unknown")
    Campaign.objects.update(state="stopped")
    page = text(as_alice.get(f"{base(running)}messages/"))
    assert 'data-dialog="resend-dialog"' not in page
    assert 'data-dialog="close-dialog"' in page


def test_events_are_a_download(as_vera: Browser, running: Campaign) -> None:
    response = as_vera.get(f"{base(running)}events.csv")
    assert response["Content-Disposition"] == f'attachment; filename="campaign-{running.pk}-events.csv"'


PAGES = ["", "live/", "check/", "messages/", "events.csv"]


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_finds_nothing(as_charlie: Browser, running: Campaign, path: str) -> None:
    assert as_charlie.get(f"{base(running)}{path}").status_code == 404
    assert as_charlie.get(f"/o/other/campaigns/{running.pk}/{path}").status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_looking_changes_nothing(as_alice: Browser, running: Campaign, path: str) -> None:
    before = list(Message.objects.order_by("pk").values()), Campaign.objects.values().get()
    as_alice.get(f"{base(running)}{path}")
    assert (list(Message.objects.order_by("pk").values()), Campaign.objects.values().get()) == before
    if path != "events.csv":
        assert as_alice.post(f"{base(running)}{path}").status_code == 405


def test_a_viewer_is_offered_no_buttons(as_vera: Browser, running: Campaign) -> None:
    page = text(as_vera.get(base(running)))
    for verb in ("pause", "stop", "clone", "delete"):
        assert f"/{verb}/" not in page
