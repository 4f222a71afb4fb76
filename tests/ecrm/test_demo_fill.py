"""The demonstration organisation: believable, consistent, and made once."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Min
from django.utils import timezone

from accounts.models import Organisation, User
from campaigns.models import Campaign, CampaignState, Enrollment, EnrollmentState, Message, MessageState
from campaigns.stats import chart, stats
from ecrm import demo
from ecrm.demo.fill import GAP_SECONDS, LEADS, fill, new_password
from ecrm.demo.people import people
from leads.models import Lead, RejectedRow, Suppression
from senders.health import outcomes_of, verdict
from tests.conftest import Browser
from tracking.models import Event

PASSWORD = "a1b2-c3d4-e5f6"
PORT = 2525


@pytest.fixture
def filled(db: None, settings: Any) -> Organisation:
    settings.MAIL_CATCHER_PORT = PORT
    assert fill(PASSWORD)
    return Organisation.objects.get(slug=demo.SLUG)


@pytest.fixture
def finished(filled: Organisation) -> Campaign:
    return filled.campaigns.get(state=CampaignState.FINISHED)


def test_the_people_are_many_different_and_nobodys() -> None:
    found = list(people(LEADS))
    assert found == list(people(LEADS))
    assert len({person.email for person in found}) == LEADS
    assert all(person.email.isascii() and person.email.endswith(".example") for person in found)
    assert len({person.company for person in found}) > 50
    assert not all(person.first_name.isascii() for person in found)
    assert any(not person.first_name for person in found)
    assert 2 < sum(person.email.startswith("bounce") for person in found) < 20


def test_its_owner_signs_in_with_the_printed_password(filled: Organisation) -> None:
    user = User.objects.get(email=demo.EMAIL)
    assert user.check_password(PASSWORD)
    assert filled.name == "Demo (simulated)"
    assert new_password() != new_password()


def test_everything_has_something_to_show(filled: Organisation) -> None:
    user = User.objects.get(email=demo.EMAIL)
    browser = Browser(user)
    base = f"/o/{demo.SLUG}"
    campaign = filled.campaigns.get(state=CampaignState.RUNNING)
    for path in ("/", "/campaigns/", f"/campaigns/{campaign.pk}/", "/leads/", "/lists/", "/imports/", "/senders/"):
        page = browser.get(base + path)
        assert page.status_code == 200, path
        assert 'class="empty"' not in page.content.decode(), path


def test_a_stranger_sees_nothing_of_it(filled: Organisation, as_charlie: Browser) -> None:
    assert as_charlie.get(f"/o/{demo.SLUG}/").status_code == 404


def test_the_running_campaign_goes_on_for_half_an_hour(filled: Organisation) -> None:
    campaign = filled.campaigns.get(state=CampaignState.RUNNING)
    waiting = Enrollment.objects.filter(campaign=campaign, state=EnrollmentState.ACTIVE)
    each = Counter(waiting.values_list("sender", flat=True))
    assert len(each) == 2
    assert min(each.values()) * GAP_SECONDS > 30 * 60
    suppressed = Suppression.objects.filter(organisation=filled).values("digest")
    assert not waiting.filter(lead__digest__in=suppressed).exists()


def test_its_senders_do_not_pause_for_what_was_and_what_comes(filled: Organisation, finished: Campaign) -> None:
    """Not for the history's bounces, and not for each of the running campaign's refused addresses on top of them."""
    for sender in filled.senders.all():
        assert not verdict(sender, outcomes_of(sender))
        refused = filled.leads.filter(email__startswith="bounce").count()
        before = outcomes_of(sender)
        assert before.complained == 0
        assert not verdict(sender, replace(before, bounced=before.bounced + refused))


def test_the_refused_rows_say_what_the_product_says(filled: Organisation) -> None:
    done = filled.imports.get()
    reasons = list(RejectedRow.objects.filter(source=done).order_by("line").values_list("reason", flat=True))
    assert len(reasons) == done.rejected == 3
    assert reasons[0].startswith("erika.mustermann@ is not an email address: ")
    assert reasons[1:] == [
        "There is no email address in this row.",
        "The row has 5 cells for 4 columns: put a cell that contains the separator in quotes.",
    ]


def test_lists_and_leads_are_as_old_as_what_brought_them(filled: Organisation) -> None:
    done = filled.imports.get()
    assert done.target_list is not None
    assert abs(done.target_list.created_at - done.created_at) < timedelta(minutes=1)
    brought = filled.leads.filter(lists=done.target_list).exclude(lists__name="Webinar guests")
    assert brought.count() == done.created
    assert all(abs(lead.created_at - done.created_at) < timedelta(minutes=1) for lead in brought)


def test_the_history_is_two_weeks_that_happened(finished: Campaign) -> None:
    now = timezone.now()
    assert finished.started_at is not None
    assert finished.finished_at is not None
    assert now - timedelta(days=14) < finished.started_at < finished.finished_at < now
    sent = Message.objects.filter(campaign=finished, state=MessageState.SENT)
    assert not sent.filter(sent_at__gt=finished.finished_at).exists()
    assert len({at.date() for at in sent.values_list("sent_at", flat=True) if at}) > 1
    assert len(chart(finished)) > 10
    numbers = stats(finished)
    assert numbers.leads == numbers.sent + numbers.failed == 140
    assert numbers.sent > numbers.opened > numbers.clicked > 0
    assert all([numbers.failed, numbers.replied, numbers.bounced, numbers.unsubscribed, numbers.machine_opened])


def test_messages_events_and_enrollments_tell_the_same(finished: Campaign) -> None:
    messages = {message.pk: message for message in Message.objects.filter(campaign=finished)}
    events = Event.objects.filter(message_id__in=messages)
    first = events.values("message_id", "kind", "machine").annotate(first=Min("at"))
    columns = {
        (row["message_id"], f"{'machine_' if row['machine'] else ''}{row['kind']}_at"): row["first"] for row in first
    }
    names = [field.name for field in Message._meta.fields if field.name.endswith("ed_at")]
    names = [name for name in names if name not in {"offered_at"}]
    told = {(pk, name): at for pk, message in messages.items() for name in names if (at := getattr(message, name))}
    assert told == columns
    for event in events:
        message = messages[event.message_id]
        assert message.sent_at is not None
        assert message.sent_at < event.at <= timezone.now()
        assert event.lead_id == message.lead_id
        assert bool(event.url) == (event.kind == "clicked")
    for enrollment in Enrollment.objects.filter(campaign=finished):
        message = next(message for message in messages.values() if message.enrollment_id == enrollment.pk)
        failed = message.state == MessageState.FAILED
        assert enrollment.state == (EnrollmentState.STOPPED if failed else EnrollmentState.FINISHED)
        assert message.sender_id == enrollment.sender_id


def test_nobody_clicks_before_they_open(finished: Campaign) -> None:
    for message in Message.objects.filter(campaign=finished, clicked_at__isnull=False):
        assert message.opened_at is not None
        assert message.clicked_at is not None
        assert message.opened_at < message.clicked_at


def test_who_left_is_suppressed(filled: Organisation) -> None:
    left = Event.objects.filter(organisation=filled, kind__in=["unsubscribed", "bounced", "complained"])
    digests = Lead.objects.filter(pk__in=left.values("lead_id")).values_list("digest", flat=True)
    kept = Suppression.objects.filter(organisation=filled).values_list("digest", flat=True)
    assert {bytes(digest) for digest in digests} == {bytes(digest) for digest in kept}


def test_a_second_start_keeps_what_is_there(filled: Organisation, settings: Any) -> None:
    before = [Lead.objects.count(), Message.objects.count(), Event.objects.count(), Campaign.objects.count()]
    filled.leads.filter(pk=filled.leads.order_by("pk").values("pk")[:1]).update(first_name="Changed by hand")
    settings.MAIL_CATCHER_PORT = PORT + 1
    assert fill(PASSWORD)
    after = [Lead.objects.count(), Message.objects.count(), Event.objects.count(), Campaign.objects.count()]
    assert after == before
    assert filled.leads.filter(first_name="Changed by hand").exists()
    assert set(filled.senders.values_list("port", flat=True)) == {PORT + 1}


def test_a_password_of_ones_own_is_not_contradicted(filled: Organisation) -> None:
    user = User.objects.get(email=demo.EMAIL)
    user.set_password("something else entirely")
    user.save()
    assert not fill(PASSWORD)
    user.refresh_from_db()
    assert user.check_password("something else entirely")


def test_an_organisation_that_was_closed_comes_back_to_its_account(filled: Organisation) -> None:
    Message.objects.all().delete()
    filled.delete()
    assert fill(PASSWORD)
    assert User.objects.get(email=demo.EMAIL).organisations.get().slug == demo.SLUG
