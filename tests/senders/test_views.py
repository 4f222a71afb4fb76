"""The pages of senders: what they show, take and refuse, and to whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organisation
from senders import health, services
from senders.errors import note_error
from senders.models import Sender, SenderState
from senders.services import create_sender, mailbox_of
from tests.conftest import Browser
from tests.providers.dns import DnsServer
from tests.providers.smtp import SmtpServer

BASE = "/o/acme/senders/"
TYPED = {
    "name": "Alice",
    "address": "alice@acme.example",
    "host": "smtp.acme.example",
    "port": "587",
    "security": "starttls",
    "username": "alice",
    "password": "hunter2",
    "daily_limit": "50",
    "gap_seconds": "",
}


@pytest.fixture
def sender(acme: Organisation) -> Sender:
    values = TYPED | {"port": 587, "daily_limit": 50, "gap_seconds": 0, "name": "<b>Alice</b>"}
    return create_sender(acme, None, values)


def page(browser: Browser, path: str = "", status: int = 200) -> str:
    response = browser.get(BASE + path)
    assert response.status_code == status
    text: str = response.content.decode()
    return text


def test_without_senders_the_list_leads_to_the_first(as_alice: Browser) -> None:
    text = page(as_alice)
    assert "No sender yet" in text
    assert f'href="{BASE}new/"' in text


def test_the_list_tells_state_use_next_mail_and_last_error(
    as_alice: Browser, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "USAGE", [lambda senders: dict.fromkeys(senders, 12)])
    Sender.objects.update(last_error="450 <i>Later</i>", last_error_at=timezone.now())
    text = page(as_alice)
    assert "&lt;b&gt;Alice&lt;/b&gt;" in text
    assert "<b>Alice" not in text
    assert "Active" in text
    assert '12 <span class="muted">of 50</span>' in text
    assert "Any time now" in text
    assert "450 &lt;i&gt;Later&lt;/i&gt;" in text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": SenderState.PAUSED}, "When resumed"),
        ({"state": SenderState.DISCONNECTED}, "When reconnected"),
        ({"daily_limit": 0}, "When the limit allows"),
        ({"next_slot_at": datetime(2100, 1, 1, 12, tzinfo=UTC)}, "Fri, Jan 1, 12:00"),
    ],
)
def test_the_list_says_what_the_next_mail_waits_for(
    as_alice: Browser, sender: Sender, values: dict[str, Any], words: str
) -> None:
    Sender.objects.update(**values)
    assert words in page(as_alice)


def test_the_list_pages_and_searches(as_alice: Browser, acme: Organisation) -> None:
    for number in range(51):
        create_sender(acme, None, {"name": f"S{number:02}", "address": f"s{number}@acme.example", "host": "h.example"})
    text = page(as_alice)
    assert "S49" in text
    assert "S50" not in text
    assert "S50" in page(as_alice, "?page=2")
    text = page(as_alice, "?q=s7@")
    assert "S07" in text
    assert "S08" not in text
    assert "No sender fits" in page(as_alice, "?q=nobody")


def test_the_list_asks_the_database_as_often_for_many_as_for_one(
    as_alice: Browser, sender: Sender, acme: Organisation, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        create_sender(acme, None, {"name": "S", "address": f"s{number}@acme.example", "host": "h.example"})
    with django_assert_max_num_queries(10):
        page(as_alice)


def test_the_form_offers_presets_and_no_password(as_alice: Browser, sender: Sender) -> None:
    text = page(as_alice, "new/")
    assert 'data-host="smtp.fastmail.com" data-port="465" data-security="tls"' in text
    text = page(as_alice, f"{sender.pk}/edit/")
    assert "A password is stored" in text
    assert "hunter2" not in text


def test_a_new_sender_is_saved_and_its_check_offered(as_alice: Browser) -> None:
    response = as_alice.post(BASE + "new/", TYPED)
    sender = Sender.objects.get()
    assert response.status_code == 204
    assert response["HX-Location"] == f"{BASE}{sender.pk}/?new"
    assert (sender.organisation.slug, sender.daily_limit, sender.window) == ("acme", 50, None)
    assert mailbox_of(sender).secret is not None
    text = page(as_alice, f"{sender.pk}/?new")
    assert "Check the connection now" in text
    assert 'class="button primary" autofocus' in text


def test_hours_are_saved_and_shown(as_alice: Browser) -> None:
    hours = {
        "window-limited": "on",
        "window-days": ["0", "1", "2"],
        "window-start": "09:00",
        "window-end": "17:00",
        "window-time_zone": "Europe/Berlin",
    }
    as_alice.post(BASE + "new/", TYPED | hours)
    sender = Sender.objects.get()
    assert sender.window == {"days": [0, 1, 2], "start": "09:00", "end": "17:00", "time_zone": "Europe/Berlin"}
    assert "Mon–Wed, 09:00–17:00, Europe/Berlin" in page(as_alice, f"{sender.pk}/")
    as_alice.post(f"{BASE}{sender.pk}/edit/", TYPED)
    sender.refresh_from_db()
    assert sender.window is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"host": "http://x"}, "the port has its own field"),
        ({"address": "alice"}, "This is not an email address: "),
        ({"window-limited": "on"}, "Choose one day at least."),
    ],
)
def test_bad_input_is_said_in_place_and_what_was_typed_stays(
    as_alice: Browser, changes: dict[str, str], words: str
) -> None:
    response = as_alice.post(BASE + "new/", TYPED | {"name": 'Al"ice & Co'} | changes)
    text = response.content.decode()
    assert response.status_code == 422
    assert words in text
    assert 'value="Al&quot;ice &amp; Co"' in text
    assert "hunter2" not in text
    assert not Sender.objects.exists()


def test_an_empty_post_asks_for_what_is_needed(as_alice: Browser) -> None:
    response = as_alice.post(BASE + "new/", {})
    assert response.status_code == 422
    assert response.content.decode().count("Please fill this in.") >= 4


def test_the_same_mailbox_twice_is_said_at_its_address(as_alice: Browser, sender: Sender) -> None:
    response = as_alice.post(BASE + "new/", TYPED)
    assert response.status_code == 422
    assert "is connected through this server already" in response.content.decode()
    assert Sender.objects.count() == 1


def test_an_edit_keeps_the_password_that_is_not_typed(as_alice: Browser, sender: Sender) -> None:
    response = as_alice.post(f"{BASE}{sender.pk}/edit/", TYPED | {"name": "New", "password": "", "daily_limit": ""})
    assert response["HX-Location"] == f"{BASE}{sender.pk}/"
    kept = Sender.objects.get()
    assert (kept.name, kept.daily_limit, kept.secret) == ("New", None, sender.secret)


def test_an_edit_with_errors_still_names_the_stored_sender(as_alice: Browser, sender: Sender) -> None:
    response = as_alice.post(f"{BASE}{sender.pk}/edit/", TYPED | {"name": "Typed", "port": "0"})
    text = response.content.decode()
    assert response.status_code == 422
    assert "Edit &lt;b&gt;Alice" in text
    assert 'value="Typed"' in text


def test_a_page_tells_why_it_is_disconnected_and_what_to_do(as_alice: Browser, sender: Sender) -> None:
    Sender.objects.update(state=SenderState.DISCONNECTED, state_reason="535 5.7.8 <Not> accepted")
    text = page(as_alice, f"{sender.pk}/")
    assert "535 5.7.8 &lt;Not&gt; accepted" in text
    assert f'href="{BASE}{sender.pk}/edit/">Correct its settings' in text
    assert "/pause/" not in text
    assert "/resume/" not in text


def test_a_check_swaps_in_its_steps_and_the_buttons_that_fit_now(as_alice: Browser, acme: Organisation) -> None:
    with SmtpServer() as server:
        values = {"name": "A", "address": "a@acme.example", "host": "localhost", "port": server.port}
        sender = create_sender(acme, None, values | {"security": "none"})
        Sender.objects.update(state=SenderState.DISCONNECTED, state_reason="535 No")
        response = as_alice.post(f"{BASE}{sender.pk}/check/", headers={"HX-Request-Type": "partial"})
        text = response.content.decode()
        assert response.status_code == 200
        assert "<html" not in text
        assert text.count('<li class="ok">') == 4
        assert "Everything works" in text
        assert "/pause/" in text
        server.stop()
        text = as_alice.post(f"{BASE}{sender.pk}/check/").content.decode()
    assert text.count('<li class="ok">') == 1
    assert text.count('<li class="bad">') == 1
    assert text.count("not tried") == 2
    assert "nothing listens on that port" in text


def test_pause_resume_and_delete(as_alice: Browser, sender: Sender) -> None:
    one = f"{BASE}{sender.pk}/"
    for verb, state in (("pause", "paused"), ("resume", "active")):
        response = as_alice.post(f"{one}{verb}/")
        assert response["HX-Location"] == one
        assert Sender.objects.get().state == state
    assert "was not paused" in as_alice.post(f"{one}resume/")["HX-Trigger"]
    assert as_alice.post(f"{one}delete/")["HX-Location"] == BASE
    assert not Sender.objects.exists()


def test_a_sender_that_is_needed_stays_and_the_reason_is_said(
    as_alice: Browser, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "DELETION_GUARDS", [lambda sender: "Spring uses it."])
    response = as_alice.post(f"{BASE}{sender.pk}/delete/")
    assert response.status_code == 409
    assert "Spring uses it." in response["HX-Trigger"]
    assert Sender.objects.exists()


def test_the_page_shows_use_warm_up_health_and_errors(
    as_alice: Browser, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "USAGE", [lambda senders: dict.fromkeys(senders, 7)])
    monkeypatch.setattr(health, "OUTCOMES", [lambda sender, since, most: health.Outcomes(100, 3, 0)])
    services.update_sender(sender, {"ramp_start": 10, "ramp_step": 5, "ramp_ceiling": None, "signature": "A <b>\nB"})
    note_error(sender.pk, "450 <i>Later</i>")
    text = page(as_alice, f"{sender.pk}/")
    assert "7 of 10 mails in the last 24 hours" in text
    assert '<progress value="7" max="10">' in text
    assert "Day 1 of sending: 10 mails today, 5 more on each further day on which it sends, up to 50" in text
    assert "after 8 more days" in text
    assert "3 of 100" in text
    assert "450 &lt;i&gt;Later&lt;/i&gt;" in text
    assert "A &lt;b&gt;<br>B" in text


def test_the_page_says_how_many_connections_it_may_open(as_alice: Browser, sender: Sender) -> None:
    assert "Connections</dt>" not in page(as_alice, f"{sender.pk}/")
    services.update_sender(sender, {"connections": 4, "gap_seconds": 0})
    assert "Up to 4 at once" in page(as_alice, f"{sender.pk}/")
    services.update_sender(sender, {"gap_seconds": 5})
    assert "One, because of the pause" in page(as_alice, f"{sender.pk}/")


def test_a_page_tells_that_it_paused_itself_and_why(as_alice: Browser, sender: Sender) -> None:
    health.hold(sender, "9 of its last 60 mails bounced: 15.0 %, and its limit is 5 %.")
    text = page(as_alice, f"{sender.pk}/")
    assert "It paused itself.</strong> 9 of its last 60 mails bounced" in text
    assert "/resume/" in text


def test_folded_settings_are_saved_and_open_where_something_is_set(as_alice: Browser) -> None:
    assert "<details>" in page(as_alice, "new/")
    more = {
        "reply_address": "desk@acme.example",
        "ramp_start": "5",
        "ramp_step": "5",
        "bounce_limit": "",
        "complaint_limit": "1",
    }
    as_alice.post(BASE + "new/", TYPED | more)
    sender = Sender.objects.get()
    assert (sender.reply_address, sender.ramp_start, sender.ramp_ceiling) == ("desk@acme.example", 5, None)
    assert (sender.bounce_limit, sender.complaint_limit) == (None, 1.0)
    assert "<details open>" in page(as_alice, f"{sender.pk}/edit/")
    text = as_alice.post(f"{BASE}{sender.pk}/edit/", TYPED | {"ramp_start": "5"}).content.decode()
    assert "Say how many more each day brings." in text
    assert "<details open>" in text


def test_the_domain_is_looked_up_on_demand(as_alice: Browser, sender: Sender, settings: Any) -> None:
    with DnsServer({"_dmarc.acme.example": ["v=DMARC1; p=reject; rua=mailto:<x>"]}) as server:
        settings.DNS_SERVERS = [server.address]
        assert f'hx-get="{BASE}{sender.pk}/domain/"' in page(as_alice, f"{sender.pk}/")
        assert not server.questions, "the page itself asks nothing"
        response = as_alice.get(f"{BASE}{sender.pk}/domain/", headers={"HX-Request-Type": "partial"})
        whole = page(as_alice, f"{sender.pk}/domain/")
    text = response.content.decode()
    assert "<html" not in text
    assert "<strong>SPF</strong> is missing" in text
    assert "There is a policy: reject." in text
    assert "mailto:&lt;x&gt;" in text
    assert "Domain of alice@acme.example" in whole


def test_a_sender_that_was_connected_by_consent_has_no_server_to_edit(as_alice: Browser, sender: Sender) -> None:
    Sender.objects.update(kind="gmail", username="", secret=None)
    text = page(as_alice, f"{sender.pk}/edit/")
    assert 'name="host"' not in text
    assert 'name="address"' not in text
    assert as_alice.post(f"{BASE}{sender.pk}/edit/", {"name": "New", "daily_limit": "9"}).status_code == 204
    kept = Sender.objects.get()
    assert (kept.name, kept.daily_limit, kept.address) == ("New", 9, "alice@acme.example")


PATHS = [("GET", ""), ("GET", "edit/"), ("GET", "domain/"), ("POST", "edit/")]
PATHS += [("POST", f"{verb}/") for verb in ("check", "pause", "resume", "delete")]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_a_stranger_finds_nothing(as_charlie: Browser, sender: Sender, method: str, path: str) -> None:
    for slug in ("acme", "other"):
        response = as_charlie.generic(method, f"/o/{slug}/senders/{sender.pk}/{path}")
        assert response.status_code == 404
    assert Sender.objects.get().state == SenderState.ACTIVE
    assert "Alice" not in as_charlie.get("/o/other/senders/").content.decode()


def test_a_viewer_looks_and_changes_nothing(as_vera: Browser, sender: Sender) -> None:
    text = page(as_vera) + page(as_vera, f"{sender.pk}/")
    assert "alice@acme.example" in text
    assert "/new/" not in text
    assert 'method="post"' not in text
    page(as_vera, "new/", status=403)
    page(as_vera, f"{sender.pk}/edit/", status=403)
    for path in ("new/", *(f"{sender.pk}/{path}" for method, path in PATHS if method == "POST")):
        assert as_vera.post(BASE + path, TYPED).status_code == 403
    assert Sender.objects.get().name == sender.name


@pytest.mark.parametrize("verb", ["check", "pause", "resume", "delete"])
def test_a_get_changes_nothing(as_alice: Browser, sender: Sender, verb: str) -> None:
    assert as_alice.get(f"{BASE}{sender.pk}/{verb}/").status_code == 405
    assert Sender.objects.get().state == SenderState.ACTIVE


def test_what_the_last_check_came_to_stays_on_the_page_and_in_the_list(as_vera: Browser, sender: Sender) -> None:
    assert "Not checked yet" in page(as_vera, f"{sender.pk}/")
    assert "Not checked yet" in page(as_vera)
    at = timezone.now() - timedelta(hours=2)
    Sender.objects.update(checked_at=at, check_ok=False, check_detail="Port 25 is <closed>.")
    assert "Last check failed, 2\xa0hours ago: Port 25 is &lt;closed&gt;." in page(as_vera, f"{sender.pk}/")
    assert "Last check failed" in page(as_vera)
    Sender.objects.update(check_ok=True, check_detail="")
    assert "Checked 2\xa0hours ago: everything worked." in page(as_vera, f"{sender.pk}/")
    assert "heck" not in page(as_vera).partition("<tbody>")[2]


def test_the_address_field_stops_no_address_in_the_browser(as_alice: Browser) -> None:
    form = page(as_alice, "new/")
    assert 'type="email"' not in form
    assert form.count('inputmode="email"') == 2
    response = as_alice.post(BASE + "new/", TYPED | {"address": "jürgen@xn--bcher-kva.example"})
    assert response.status_code == 204
    assert "jürgen@bücher.example" in page(as_alice, f"{Sender.objects.get().pk}/")
