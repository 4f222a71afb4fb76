"""What stands in the way of a start, each with its place; what is fine is not mentioned."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organisation, User
from campaigns.editing import clone_campaign, update_campaign
from campaigns.models import Campaign, Snippet
from campaigns.preflight import Finding, dropped, placeholders, preflight
from campaigns.services import start_campaign
from campaigns.wording import StepContent, VariantContent
from leads.models import Lead, LeadList, Segment, SuppressionReason
from leads.suppression import suppress
from senders.models import Sender

FINE = "<p>Hello</p>"


def findings(campaign: Campaign, level: str = "") -> list[Finding]:
    return [finding for finding in preflight(campaign) if not level or finding.level == level]


def with_content(campaign: Campaign, **content: Any) -> Campaign:
    return update_campaign(campaign, {"steps": [StepContent(**{"subject": "Hi", "body_html": FINE} | content)]})


def test_nothing_is_found_where_nothing_is_wrong(campaign: Campaign) -> None:
    assert preflight(campaign) == []


def test_no_list_blocks(campaign: Campaign) -> None:
    campaign.lists.clear()
    (found,) = findings(campaign)
    assert (found.field, found.blocks) == ("lists", True)


def test_an_empty_list_blocks(campaign: Campaign, acme: Organisation) -> None:
    campaign.lists.set([LeadList.objects.create(organisation=acme, name="Empty")])
    assert [found.message for found in findings(campaign)] == ["The chosen lists are empty."]


def test_a_wholly_suppressed_audience_blocks_and_a_partly_suppressed_one_warns(
    campaign: Campaign, acme: Organisation
) -> None:
    suppress(acme, "ada@example.com", SuppressionReason.UNSUBSCRIBED, "test")
    (found,) = findings(campaign)
    assert (found.level, "1 of 3" in found.message) == ("warning", True)
    for lead in Lead.objects.all():
        suppress(acme, lead.email, SuppressionReason.UNSUBSCRIBED, "test")
    assert [(found.field, found.level) for found in findings(campaign)] == [("lists", "error")]


def test_no_sender_blocks(campaign: Campaign) -> None:
    campaign.senders.clear()
    assert [(found.field, found.level) for found in findings(campaign)] == [("senders", "error")]


def test_one_resting_sender_of_two_warns_and_all_of_them_block(
    campaign: Campaign, acme: Organisation, sender: Sender
) -> None:
    other = Sender.objects.create(organisation=acme, name="B", address="bob@acme.example", state="disconnected")
    campaign.senders.add(other)
    (found,) = findings(campaign)
    assert (found.level, found.message.startswith("bob@acme.example is disconnected")) == ("warning", True)
    Sender.objects.filter(pk=sender.pk).update(state="paused")
    assert [found.message for found in findings(campaign)] == ["No chosen sender is active."]


def test_a_missing_postal_address_is_told(campaign: Campaign, acme: Organisation) -> None:
    Organisation.objects.filter(pk=acme.pk).update(postal_address=" ")
    campaign.refresh_from_db()
    assert [found.field for found in findings(campaign)] == ["postal_address"]


def test_an_empty_subject_and_an_empty_mail_block(campaign: Campaign) -> None:
    with_content(campaign, subject=" ", body_html="")
    assert {(found.field, found.step) for found in findings(campaign, "error")} == {("subject", 1), ("body_html", 1)}


def test_plain_text_alone_is_a_mail(campaign: Campaign) -> None:
    assert preflight(with_content(campaign, body_html="", body_text="Hello")) == []


def test_a_template_that_does_not_parse_blocks_with_its_line(campaign: Campaign) -> None:
    (found,) = findings(with_content(campaign, body_html="<p>\n{{ first_name </p>"))
    assert (found.field, found.level) == ("body_html", "error")
    assert "Line 2" in found.message


def test_a_field_that_no_lead_has_blocks_and_a_custom_one_does_not(
    campaign: Campaign, add_lead: Callable[..., Lead]
) -> None:
    add_lead("far@example.com", fields={"city": "Berlin"})
    body = '{{ city | default: "" }} {{ frist_name | default: "" }}'
    (found,) = findings(with_content(campaign, body_html=body))
    assert found.level == "error"
    assert "frist_name" in found.message


def test_leads_without_the_field_are_counted_with_the_way_out(campaign: Campaign) -> None:
    (found,) = findings(with_content(campaign, body_html="<p>{{ company }}</p>"))
    assert found.message == "2 leads have no company and would fail; the others are sent."
    assert found.fix == 'Give a fallback, {{ company | default: "…" }}, or let these leads wait.'


@pytest.mark.parametrize(
    "left", ["[Name]", "[your company]", "{first_name}", "%FIRSTNAME%", "*|FNAME|*", "<<Name>>", "TBD", "Lorem ipsum"]
)
def test_what_looks_left_over_warns(campaign: Campaign, left: str) -> None:
    found = findings(with_content(campaign, subject=f"Hello {left}"))
    assert [(finding.field, finding.level) for finding in found] == [("subject", "warning")]


@pytest.mark.parametrize("fine", ['{{ first_name | default: "x" }}', "[1]", "100%", "todos los días", "array[0]"])
def test_what_only_resembles_it_does_not(campaign: Campaign, fine: str) -> None:
    assert preflight(with_content(campaign, subject=f"Hello {fine}")) == []


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("https://acme.example/a?b=c#d", False),
        ("mailto:a@acme.example", False),
        ("#top", False),
        ("{{ sender.address }}", False),
        ("", True),
        ("www.acme.example", True),
        ("/pricing", True),
        ("http://", True),
        ("htps://acme.example", True),
        ("https://acme .example", True),
        ("https://[::1", True),
    ],
)
def test_links_that_lead_nowhere_warn(campaign: Campaign, target: str, wrong: bool) -> None:
    found = findings(with_content(campaign, body_html=f'<a href="{target}">x</a>'))
    assert [finding.level for finding in found] == (["warning"] if wrong else [])


def test_a_mail_that_gmail_would_cut_off_warns(campaign: Campaign) -> None:
    (found,) = findings(with_content(campaign, body_html="<p>" + "word " * 25_000 + "</p>"))
    assert "Gmail" in found.message


def test_errors_come_first(campaign: Campaign) -> None:
    with_content(campaign, subject="Hello [Name]")
    campaign.senders.clear()
    assert [found.level for found in preflight(campaign)] == ["error", "warning"]


HUGE = 100_000


@pytest.mark.parametrize("piece", ["[insert", "{{", "{%", "{{ a }", "<a>", "<<AA", "%AA", "|", "[your "])
def test_no_template_takes_long(piece: str) -> None:
    source = piece * (HUGE // len(piece))
    begun = time.process_time()
    for html in (False, True):
        placeholders(source, html=html)
    assert time.process_time() - begun < 2


def test_control_characters_in_a_link_stop_nothing(campaign: Campaign) -> None:
    with_content(campaign, body_html='<p>[Name] <a href="https://x.example/">a&#1;b</a></p>')
    (found,) = findings(campaign)
    assert "[Name]" in found.message


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<script>x()</script>", "<script>"),
        ('<FORM action="https://a.example/">', "<form>"),
        ('<iframe src="https://a.example/"></iframe>', "<iframe>"),
        ('<p class="a" onclick="x()">Hi</p>', "the handler onclick"),
    ],
)
def test_what_mail_programs_drop_is_a_warning(campaign: Campaign, html: str, said: str) -> None:
    (found,) = findings(with_content(campaign, body_html=FINE + html))
    assert (found.level, found.field) == ("warning", "body_html")
    assert f"drop {said}," in found.message


def test_harmless_html_is_not_taken_for_it() -> None:
    assert dropped('<p title="on = off">on one = two</p>{% if a < b %}<format>{% endif %}') == []
    begun = time.monotonic()
    assert dropped("<a " * 100_000 + " on" * 100_000) == []
    assert time.monotonic() - begun < 1


def test_a_sender_whose_last_check_failed_is_a_warning(campaign: Campaign, sender: Sender) -> None:
    Sender.objects.update(checked_at=timezone.now(), check_ok=False, check_detail="The server refused the password.")
    (found,) = findings(campaign)
    assert (found.level, found.field) == ("warning", "senders")
    assert found.message == "The last check of alice@acme.example failed: The server refused the password."
    Sender.objects.update(check_ok=True)
    assert findings(campaign) == []


def with_steps(campaign: Campaign, *steps: StepContent) -> list[tuple[str, int | None, str]]:
    """What is found of a sequence: level, step and field."""
    update_campaign(campaign, {"steps": steps})
    return [(found.level, found.step, found.field) for found in preflight(campaign)]


def test_a_first_step_that_answers_nothing_or_asks_for_nothing_blocks(campaign: Campaign) -> None:
    step = StepContent("Hi", FINE, same_thread=True, condition="opened")
    assert with_steps(campaign, step) == [("error", 1, "same_thread"), ("error", 1, "condition")]


def test_a_follow_up_needs_no_subject_in_the_thread_but_one_of_its_own_elsewhere(campaign: Campaign) -> None:
    first = StepContent("Hi", FINE)
    assert with_steps(campaign, first, StepContent("", FINE, delay_hours=72, same_thread=True)) == []
    assert with_steps(campaign, first, StepContent("", FINE, delay_hours=72)) == [("error", 2, "subject")]


def test_two_mails_at_once_warn(campaign: Campaign) -> None:
    assert with_steps(campaign, StepContent("Hi", FINE), StepContent("Ho", FINE)) == [("warning", 2, "delay_hours")]


def test_a_condition_on_what_is_not_counted_warns(campaign: Campaign) -> None:
    update_campaign(campaign, {"track_opens": False, "track_clicks": False, "stop_on_click": True})
    found = with_steps(campaign, StepContent("Hi", FINE), StepContent("Ho", FINE, delay_hours=9, condition="opened"))
    assert found == [("warning", None, "track_opens"), ("warning", None, "track_clicks")]


def test_a_finding_names_its_variant_and_one_that_nobody_gets_is_not_looked_at(campaign: Campaign) -> None:
    broken = VariantContent("{{", FINE, name="B")
    for weight, expected in ((1, ["B"]), (0, [])):
        variants = (VariantContent("Hi", FINE, name="A"), replace(broken, weight=weight))
        update_campaign(campaign, {"steps": [StepContent(variants=variants)]})
        assert [found.variant for found in findings(campaign, "error")] == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"subject": "GREAT OFFER FOR YOU"}, "Subject: all in capitals."),
        ({"subject": "Now!!!"}, "Subject: filters count “!!!” against a mail."),
        ({"body_html": "<p>Just click here</p>"}, "HTML: filters count “click here” against a mail."),
        ({"body_html": '<p>Hi</p><img src="https://a.example/b.png">'}, "HTML: 1 image without a text in place of it"),
    ],
)
def test_what_filters_or_readers_stumble_over_warns(campaign: Campaign, content: dict[str, str], said: str) -> None:
    (found,) = findings(with_content(campaign, **content))
    assert (found.level, found.message.startswith(said)) == ("warning", True)


def test_a_snippet_in_a_subject_blocks(campaign: Campaign, acme: Organisation) -> None:
    Snippet.objects.create(organisation=acme, name="hello", body_text="Hello")
    (found,) = findings(with_content(campaign, subject='{% snippet "hello" %} there'), "error")
    assert (found.field, found.message) == ("subject", "Subject: a subject takes no snippets.")


def test_an_image_with_its_text_and_a_loud_merge_field_are_fine(campaign: Campaign) -> None:
    html = '<p>Hi {{ FIRST_NAME | default: "THERE" }}</p><img alt="" src="https://a.example/b.png">'
    assert [found.level for found in findings(with_content(campaign, body_html=html), "warning")] == []


def test_leads_under_way_elsewhere_are_counted(campaign: Campaign, alice: User) -> None:
    other = clone_campaign(campaign, alice)
    start_campaign(other, alice)
    (found,) = findings(campaign)
    assert (found.field, found.leads) == ("skip_busy", 3)
    update_campaign(campaign, {"skip_busy": True})
    (found,) = findings(campaign)
    assert (found.level, "3 are in another campaign" in found.message) == ("error", True)


def test_a_segment_that_cannot_be_followed_blocks(campaign: Campaign, acme: Organisation) -> None:
    campaign.segments.add(
        Segment.objects.create(organisation=acme, name="Odd", rules={"rules": [{"field": "x", "asks": "y"}]})
    )
    assert [(found.field, found.blocks) for found in findings(campaign)] == [("segments", True)]


def test_what_dns_lacks_warns_and_senders_that_may_send_nothing_block(campaign: Campaign, sender: Sender) -> None:
    lacks = {"name": "DMARC", "state": "missing", "detail": "There is none.", "advice": "Add one."}
    Sender.objects.filter(pk=sender.pk).update(dns=[lacks])
    (found,) = findings(campaign)
    assert (found.level, found.message, found.fix) == (
        "warning",
        f"DMARC of {sender.address}: There is none.",
        "Add one.",
    )
    Sender.objects.filter(pk=sender.pk).update(dns=[], daily_limit=0)
    assert [found.message for found in findings(campaign)] == ["No chosen sender may send anything."]


def test_a_finding_says_on_which_tab_it_is_mended() -> None:
    tabs = {Finding("error", field, "x").tab for field in ("subject", "lists", "daily_cap", "postal_address")}
    assert tabs == {"sequence", "audience", "schedule", "settings"}
