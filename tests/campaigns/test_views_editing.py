"""Writing a campaign: everything typed is kept, errors stand at their field, a draft may be incomplete."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organisation, User
from campaigns.models import Campaign, Variant
from campaigns.services import start_campaign, stop_campaign
from campaigns.views.editing import merge_fields
from leads.models import Lead, LeadList
from senders.models import Sender
from tests.conftest import Browser

NEW = "/o/acme/campaigns/new/"


@pytest.fixture
def typed(sender: Sender, people: LeadList) -> dict[str, Any]:
    """A form as a person filled it in."""
    return {
        "name": "Summer",
        "senders": [sender.pk],
        "lists": [people.pk],
        "subject": 'Hi {{ first_name | default: "there" }}',
        "body_html": "<p>Hi</p>\n",
        "body_text": "",
        "track_clicks": "on",
        "window-time_zone": "Europe/Berlin",
        "window-start": "09:00",
        "window-end": "17:00",
        "window-days": ["0", "1"],
    }


def edit(campaign: Campaign) -> str:
    return f"/o/acme/campaigns/{campaign.pk}/edit/"


def saved() -> Campaign:
    return Campaign.objects.get(name="Summer")


def test_a_new_campaign_is_saved_as_it_was_typed(
    as_alice: Browser, typed: dict[str, Any], sender: Sender, people: LeadList
) -> None:
    response = as_alice.post(NEW, typed)
    campaign = saved()
    assert response.status_code == 204
    assert response["HX-Location"] == f"/o/acme/campaigns/{campaign.pk}/"
    assert (list(campaign.senders.all()), list(campaign.lists.all())) == ([sender], [people])
    assert (campaign.track_opens, campaign.track_clicks) == (False, True)
    assert (campaign.window, campaign.time_zone) == (None, "Europe/Berlin")
    variant = Variant.objects.get(step__campaign=campaign)
    assert (variant.subject, variant.body_html) == (typed["subject"], "<p>Hi</p>\n")


def test_sending_hours_are_kept(as_alice: Browser, typed: dict[str, Any]) -> None:
    as_alice.post(NEW, typed | {"window-limited": "on"})
    assert saved().window == {"days": [0, 1], "start": "09:00", "end": "17:00", "time_zone": "Europe/Berlin"}


def test_save_and_preview_goes_on_to_the_preview(as_alice: Browser, typed: dict[str, Any]) -> None:
    response = as_alice.post(NEW, typed | {"then": "preview"})
    assert response["HX-Location"] == f"/o/acme/campaigns/{saved().pk}/preview/"


def test_a_draft_can_be_saved_incomplete(as_alice: Browser, acme: Organisation) -> None:
    assert as_alice.post(NEW, {"name": "Summer"}).status_code == 204
    assert not saved().lists.exists()


def test_a_template_that_does_not_parse_is_saved_and_marked_with_its_line(
    as_alice: Browser, typed: dict[str, Any]
) -> None:
    response = as_alice.post(NEW, typed | {"body_html": "<p>\n{{ first_name </p>"})
    page = response.content.decode()
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["body_html"]
    assert "Line 2" in response.context["form"].errors["body_html"][0]
    assert "Your draft is saved" in page
    assert f'action="{edit(saved())}"' in page
    assert response["HX-Replace-Url"] == edit(saved())
    assert Variant.objects.get(step__campaign=saved()).body_html == "<p>\n{{ first_name </p>"


def test_a_field_that_no_lead_has_is_marked(as_alice: Browser, typed: dict[str, Any]) -> None:
    response = as_alice.post(NEW, typed | {"subject": "Hi {{ frist_name }}"})
    assert response.status_code == 422
    assert "frist_name" in response.context["form"].errors["subject"][0]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"subject": "x" * 501}, "subject"),
        ({"subject": "a\0b"}, "subject"),
        ({"senders": ["999999"]}, "senders"),
        ({"lists": ["abc"]}, "lists"),
    ],
)
def test_what_cannot_be_kept_is_told_and_nothing_typed_is_lost(
    as_alice: Browser, typed: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    response = as_alice.post(NEW, typed | {"body_text": "precious words"} | changes)
    page = response.content.decode()
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert "precious words" in page
    assert "Everything you typed is still here" in page
    assert not Campaign.objects.exists()


@pytest.mark.parametrize("changes", [{"window-days": []}, {"window-start": "25:00"}, {"window-time_zone": "Mars"}])
def test_hours_that_make_no_sense_are_told(as_alice: Browser, typed: dict[str, Any], changes: dict[str, Any]) -> None:
    response = as_alice.post(NEW, typed | {"window-limited": "on"} | changes)
    assert response.status_code == 422
    assert response.context["window"].errors
    assert not Campaign.objects.exists()


def test_a_zone_that_makes_no_sense_means_nothing_while_it_is_hidden(as_alice: Browser, typed: dict[str, Any]) -> None:
    assert as_alice.post(NEW, typed | {"window-time_zone": "Nope"}).status_code == 204
    assert (saved().window, saved().time_zone) == (None, "UTC")


def test_a_campaign_that_was_deleted_meanwhile_is_not_found(
    as_alice: Browser, campaign: Campaign, typed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.views.editing.campaign_of", lambda *about: campaign)
    Campaign.objects.filter(pk=campaign.pk).delete()
    assert as_alice.post(edit(campaign), typed).status_code == 404
    assert not Campaign.objects.exists()


def test_the_form_shows_a_draft_as_it_is_stored(as_alice: Browser, campaign: Campaign, acme: Organisation) -> None:
    LeadList.objects.create(organisation=acme, name="Unchosen")
    Campaign.objects.update(track_opens=False, time_zone="Europe/Rome")
    response = as_alice.get(edit(campaign))
    lists = {choice.label: (choice.checked, choice.note) for choice in response.context["lists"]}
    assert lists == {"People": (True, "3 leads"), "Unchosen": (False, "0 leads")}
    assert [choice.checked for choice in response.context["senders"]] == [True]
    assert response.context["form"]["track_opens"].value() is False
    assert response.context["window"]["time_zone"].value() == "Europe/Rome"
    assert "&lt;p&gt;Hello {{ first_name" in response.content.decode()


def test_ticks_survive_an_error(as_alice: Browser, typed: dict[str, Any], acme: Organisation) -> None:
    LeadList.objects.create(organisation=acme, name="Unchosen")
    response = as_alice.post(NEW, typed | {"name": ""})
    assert {choice.label: choice.checked for choice in response.context["lists"]} == {
        "People": True,
        "Unchosen": False,
    }


def test_an_edit_changes_the_draft_and_makes_no_second_one(
    as_alice: Browser, campaign: Campaign, typed: dict[str, Any]
) -> None:
    assert as_alice.post(edit(campaign), typed | {"lists": []}).status_code == 204
    assert Campaign.objects.get().name == "Summer"
    assert not Campaign.objects.get().lists.exists()


def test_a_campaign_that_has_ended_meanwhile_keeps_its_text_and_so_does_the_form(
    as_alice: Browser, campaign: Campaign, typed: dict[str, Any], alice: User
) -> None:
    start_campaign(campaign, alice)
    stop_campaign(campaign)
    response = as_alice.post(edit(campaign), typed | {"body_text": "precious words"})
    assert response.status_code == 422
    assert "it cannot be changed any more" in response.content.decode()
    assert "precious words" in response.content.decode()
    campaign.refresh_from_db()
    assert campaign.name == "Spring"
    assert as_alice.get(edit(campaign)).headers["Location"] == f"/o/acme/campaigns/{campaign.pk}/"


def test_the_only_sender_and_list_are_ticked_from_the_start(
    as_alice: Browser, sender: Sender, people: LeadList
) -> None:
    response = as_alice.get(NEW)
    assert [choice.checked for choice in response.context["senders"] + response.context["lists"]] == [True, True]


def test_the_picker_offers_every_field_with_a_fallback(acme: Organisation, add_lead: Callable[..., Lead]) -> None:
    add_lead("a@example.com", fields={"city": "x", "Job Title": "x", 'a"b': "x", "sender": "x", "email": "x"})
    offered = dict(merge_fields(acme))
    assert offered["first_name"] == '{{ first_name | default: "there" }}'
    assert offered["city"] == '{{ city | default: "" }}'
    assert offered["Job Title"] == '{{ fields["Job Title"] | default: "" }}'
    assert offered["sender"] == '{{ fields["sender"] | default: "" }}'
    assert 'a"b' not in offered
    assert list(offered).count("email") == 1


def test_a_viewer_does_not_write(as_vera: Browser, campaign: Campaign, typed: dict[str, Any]) -> None:
    for page in (NEW, edit(campaign)):
        assert as_vera.get(page).status_code == 403
        assert as_vera.post(page, typed).status_code == 403
    assert Campaign.objects.get().name == "Spring"


def test_a_stranger_finds_nothing_and_takes_nothing(
    as_charlie: Browser, campaign: Campaign, typed: dict[str, Any], strangers: Campaign
) -> None:
    assert as_charlie.get(edit(campaign)).status_code == 404
    assert as_charlie.post(edit(campaign), typed).status_code == 404
    assert as_charlie.post(f"/o/other/campaigns/{campaign.pk}/edit/", typed).status_code == 404
    response = as_charlie.post(f"/o/other/campaigns/{strangers.pk}/edit/", typed)
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"senders", "lists"}
    assert "People" not in as_charlie.get("/o/other/campaigns/new/").content.decode()
