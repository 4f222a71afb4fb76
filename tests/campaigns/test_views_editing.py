"""The Sequence tab: everything typed is kept, errors stand at their field, what was sent stays, two editors are told."""

import pytest
from django.utils import timezone

from accounts.models import User
from campaigns.editing import update_campaign
from campaigns.models import Campaign, Message, MessageState, Step, Variant
from campaigns.services import start_campaign, stop_campaign
from campaigns.wording import StepContent, VariantContent, sequence_of
from tests.campaigns.editor import edit, form, page_form, shapes, step
from tests.campaigns.launching import Launcher
from tests.conftest import Browser

RICH = [
    StepContent("First", "<p>One</p>", "", winner_by="clicked"),
    StepContent("", "<p>Two</p>", "two", delay_business_days=2, same_thread=True, condition="not_opened"),
    StepContent(
        delay_hours=1.5,
        winner_after=50,
        variants=(VariantContent("Hi", "<p>A</p>", "", "A", 3), VariantContent("Ho", "<p>B</p>", "", "B", 1)),
    ),
    StepContent("Last", "<p>Four</p>", delay_hours=72),
]


def steps_of(campaign: Campaign) -> list[tuple[int, str]]:
    return [(one.pk, one.variants.all()[0].subject) for one in campaign.steps.prefetch_related("variants")]


def test_a_sequence_goes_through_the_editor_unchanged(as_alice: Browser, campaign: Campaign) -> None:
    update_campaign(campaign, {"steps": RICH})
    before = sequence_of(campaign)
    response = as_alice.get(edit(campaign))
    assert response.status_code == 200
    waits = [(one["wait"].value(), one["unit"].value()) for one in response.context["form"].steps]
    assert waits == [("", "hours"), ("2", "business"), ("1.5", "hours"), ("3", "days")]
    assert [[variant.share for variant in one.variants] for one in response.context["form"].steps][2] == [75, 25]
    response = as_alice.post(edit(campaign), page_form(response.context))
    assert response["HX-Location"] == edit(campaign)
    assert sequence_of(campaign) == before


def test_a_sequence_is_saved_as_it_was_typed(as_alice: Browser, campaign: Campaign) -> None:
    first = step("Hi {{ first_name }}")
    second = step("", wait="2", unit="business", thread="reply", condition="not_clicked")
    third = step("A", {"subject": "B", "weight": "3"}, wait="1.5", unit="hours", winner_after="20", winner_by="opened")
    assert as_alice.post(edit(campaign), form(first, second, third, name="Summer")).status_code == 204
    campaign.refresh_from_db()
    assert campaign.name == "Summer"
    stored = sequence_of(campaign)
    assert [one.delay_business_days for one in stored] == [0, 2, 0]
    assert [one.delay_hours for one in stored] == [0, 0, 1.5]
    assert (stored[1].same_thread, stored[1].condition) == (True, "not_clicked")
    assert (stored[2].winner_after, stored[2].winner_by) == (20, "opened")
    assert [(one.name, one.weight, one.subject) for one in stored[2].variants] == [("A", 1, "A"), ("B", 3, "B")]


@pytest.mark.parametrize(("then", "page"), [("preview", "preview/"), ("check", "")])
def test_a_save_goes_on_to_where_the_person_wants(as_alice: Browser, campaign: Campaign, then: str, page: str) -> None:
    response = as_alice.post(edit(campaign), form(step(), then=then))
    assert response["HX-Location"] == f"/o/acme/campaigns/{campaign.pk}/{page}"


def test_an_answer_without_a_subject_says_what_it_is_called(as_alice: Browser, campaign: Campaign) -> None:
    update_campaign(campaign, {"steps": RICH})
    page = as_alice.get(edit(campaign)).content.decode()
    assert page.count('placeholder="Re: First"') == 1


def test_a_template_that_does_not_parse_is_saved_and_marked_with_its_line(
    as_alice: Browser, campaign: Campaign
) -> None:
    broken = step("Hi", {"body_html": "<p>\n{{ first_name </p>"})
    response = as_alice.post(edit(campaign), form(step(), broken))
    second = response.context["form"].steps[1]
    assert response.status_code == 422
    assert "Line 2" in second.variants[1].errors["body_html"][0]
    assert [variant.shown for variant in second.variants] == [False, True]
    assert "Your draft is saved" in response.content.decode()
    assert Variant.objects.get(step__campaign=campaign, name="B").body_html == "<p>\n{{ first_name </p>"
    # The page that came back goes on from what is stored.
    assert as_alice.post(edit(campaign), page_form(response.context)).status_code == 422
    assert campaign.steps.count() == 2


def test_a_field_that_no_lead_has_is_marked(as_alice: Browser, campaign: Campaign) -> None:
    response = as_alice.post(edit(campaign), form(step("Hi {{ frist_name }}")))
    assert response.status_code == 422
    assert "frist_name" in response.context["form"].steps[0].variants[0].errors["subject"][0]


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (step(wait=""), "Say how long it waits"),
        (step(wait="soon"), "Enter a number"),
        (step(wait="-1"), "At least 0"),
        (step(wait="400"), "A year at the most"),
        (step(wait="1.5", unit="business"), "Whole business days only"),
        (step(unit="weeks"), "cannot be chosen"),
        (step(condition="rain"), "cannot be chosen"),
        (step(winner_after="0"), "At least 1"),
        (step("x" * 501), "At most 500 characters"),
        (step("a\0b"), "invisible character"),
        (step("A", {"weight": "-1"}), "At least 0"),
        (step("A", {"weight": "9999"}), "At most 1000"),
        (step(id="999999"), "no such step any more"),
    ],
)
def test_what_cannot_be_kept_is_told_and_nothing_typed_is_lost(
    as_alice: Browser, campaign: Campaign, second: dict[str, dict[str, str]], said: str
) -> None:
    response = as_alice.post(edit(campaign), form(step("precious words"), second))
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert "precious words" in page
    assert "Everything you typed is still here" in page
    assert campaign.steps.count() == 1


def test_a_step_without_any_share_is_told_at_that_step(as_alice: Browser, campaign: Campaign) -> None:
    nobody = step("A", {"weight": "0"})
    nobody["variants"][0]["weight"] = "0"
    response = as_alice.post(edit(campaign), form(step(), nobody))
    assert response.status_code == 422
    assert "weight above 0" in response.context["form"].steps[1].non_field_errors()[0]


def test_steps_and_variants_come_go_and_move_without_being_saved(as_alice: Browser, campaign: Campaign) -> None:
    url = f"{edit(campaign)}shape/"
    sent = form(step("One"), step("Two"), step("Three", {"subject": "B"}))

    def after(do: str) -> list[str]:
        response = as_alice.post(url, sent | {"do": do})
        assert response.status_code == 200
        return shapes(response.context)

    assert after("add") == ["One A", "Two A", "Three A B", " A"]
    assert after("copy-0") == ["One A", "One A", "Two A", "Three A B"]
    assert after("remove-1") == ["One A", "Three A B"]
    assert after("up-2") == ["One A", "Three A B", "Two A"]
    assert after("down-0") == ["Two A", "One A", "Three A B"]
    assert after("add-0") == ["One A B", "Two A", "Three A B"]
    assert after("copy-2-1") == ["One A", "Two A", "Three A B C"]
    assert after("remove-2-0") == ["One A", "Two A", "B B"]
    for senseless in ("", "up-0", "down-2", "remove-9", "remove-0-0", "fly-1", "copy-x-y-z"):
        assert after(senseless) == ["One A", "Two A", "Three A B"]
    assert [subject for _, subject in steps_of(campaign)] != ["One", "Two", "Three"]


def test_a_step_that_moves_keeps_its_row_and_waits_once_it_is_not_the_first(
    as_alice: Browser, campaign: Campaign
) -> None:
    update_campaign(
        campaign, {"steps": [StepContent("One", "<p>1</p>"), StepContent("Two", "<p>2</p>", delay_hours=2)]}
    )
    first, second = (pk for pk, _ in steps_of(campaign))
    shown = as_alice.get(edit(campaign)).context
    moved = as_alice.post(f"{edit(campaign)}shape/", page_form(shown) | {"do": "up-1"})
    assert shapes(moved.context) == ["Two A", "One A"]
    sent = page_form(shown) | {key: value for key, value in page_form(moved.context).items() if key.startswith("steps")}
    assert as_alice.post(edit(campaign), sent).status_code == 204
    assert steps_of(campaign) == [(second, "Two"), (first, "One")]
    assert [one.delay_hours for one in sequence_of(campaign)] == [0, 72]


def test_of_two_editors_the_second_is_told_who_was_faster_and_decides(
    as_alice: Browser, campaign: Campaign, bob: User
) -> None:
    as_bob = Browser(bob)
    mine, theirs = (page_form(browser.get(edit(campaign)).context) for browser in (as_alice, as_bob))
    subject = "steps-0-variants-0-subject"
    assert as_bob.post(edit(campaign), theirs | {subject: "Bob's"}).status_code == 204
    response = as_alice.post(edit(campaign), mine | {subject: "Alice's"})
    page = response.content.decode()
    assert response.status_code == 422
    assert bob.get_full_name() in page
    assert "Alice&#x27;s" in page
    assert [said for _, said in steps_of(campaign)] == ["Bob's"]
    anyway = str(response.context["conflict"].campaign.version)
    assert f'name="anyway" value="{anyway}"' in page
    assert as_alice.post(edit(campaign), page_form(response.context) | {"anyway": anyway}).status_code == 204
    assert [said for _, said in steps_of(campaign)] == ["Alice's"]


def test_mine_anyway_makes_steps_again_that_somebody_took_away(as_alice: Browser, campaign: Campaign) -> None:
    update_campaign(campaign, {"steps": [StepContent("One", "<p>1</p>"), StepContent("Two", "<p>2</p>")]})
    mine = page_form(as_alice.get(edit(campaign)).context)
    update_campaign(campaign, {"steps": [StepContent("One", "<p>1</p>")]})
    anyway = str(campaign.version)
    assert as_alice.post(edit(campaign), mine | {"anyway": anyway}).status_code == 204
    assert [said for _, said in steps_of(campaign)] == ["One", "Two"]


def test_a_running_campaign_says_whom_a_change_concerns_before_it_is_saved(
    as_alice: Browser, launcher: Launcher
) -> None:
    campaign = launcher.start(2, steps=[StepContent("One", "<p>1</p>"), StepContent("Two", "<p>2</p>", delay_hours=24)])
    shown = as_alice.get(edit(campaign))
    sent = page_form(shown.context) | {"steps-1-variants-0-subject": "Two and a half"}
    response = as_alice.post(edit(campaign), sent)
    assert response.status_code == 200
    changes = [(change.position, change.what, change.to_come) for change in response.context["changes"]]
    assert changes == [(2, "changes", 2)]
    assert [said for _, said in steps_of(campaign)] == ["One", "Two"]
    assert as_alice.post(edit(campaign), page_form(response.context) | {"confirmed": "yes"}).status_code == 204
    assert [said for _, said in steps_of(campaign)] == ["One", "Two and a half"]


def test_only_a_new_name_asks_nothing_while_it_runs(as_alice: Browser, launcher: Launcher) -> None:
    campaign = launcher.start(1)
    sent = page_form(as_alice.get(edit(campaign)).context) | {"name": "Summer"}
    assert as_alice.post(edit(campaign), sent).status_code == 204
    campaign.refresh_from_db()
    assert campaign.name == "Summer"


def test_a_running_campaign_refuses_what_could_not_be_sent_and_marks_it(as_alice: Browser, launcher: Launcher) -> None:
    campaign = launcher.start(1)
    sent = page_form(as_alice.get(edit(campaign)).context) | {"steps-0-variants-0-subject": "Hi {{ oops"}
    response = as_alice.post(edit(campaign), sent | {"confirmed": "yes"})
    assert response.status_code == 422
    assert response.context["form"].steps[0].variants[0].errors["subject"]
    assert "oops" not in Variant.objects.get(step__campaign=campaign).subject


def test_what_was_sent_keeps_its_place(as_alice: Browser, launcher: Launcher) -> None:
    steps = [StepContent("One", "<p>1</p>"), StepContent("Two", "<p>2</p>"), StepContent("Three", "<p>3</p>")]
    campaign = launcher.start(1, steps=steps)
    Message.objects.update(state=MessageState.SENT, sent_at=timezone.now())
    shown = as_alice.get(edit(campaign)).context
    assert [one.locked for one in shown["form"].steps] == [True, False, False]
    assert [one.movable_up for one in shown["form"].steps] == [False, False, True]
    assert shown["form"].steps[0].variants[0].used

    def after(do: str) -> list[str]:
        return shapes(as_alice.post(f"{edit(campaign)}shape/", page_form(shown) | {"do": do}).context)

    assert after("remove-0") == after("down-0") == after("up-1") == ["One A", "Two A", "Three A"]
    assert after("remove-1") == ["One A", "Three A"]
    without = page_form(shown) | {"steps-0-id": "", "confirmed": "yes"}
    assert "was sent already" in as_alice.post(edit(campaign), without).content.decode()
    assert campaign.steps.count() == 3


def test_an_ended_campaign_is_only_shown_and_what_was_typed_is_not_lost(
    as_alice: Browser, campaign: Campaign, alice: User
) -> None:
    start_campaign(campaign, alice)
    stop_campaign(campaign)
    response = as_alice.post(edit(campaign), form(step("precious words"), confirmed="yes"))
    assert response.status_code == 422
    assert "it cannot be changed any more" in response.content.decode()
    assert "precious words" in response.content.decode()
    shown = as_alice.get(edit(campaign))
    assert shown.context["readonly"]
    assert ">Save<" not in shown.content.decode()


def test_a_campaign_that_was_deleted_meanwhile_is_not_found(
    as_alice: Browser, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.views.editing.campaign_of", lambda *about: campaign)
    Campaign.objects.filter(pk=campaign.pk).delete()
    assert as_alice.post(edit(campaign), form(step())).status_code == 404


def test_a_viewer_only_looks(as_vera: Browser, campaign: Campaign) -> None:
    page = as_vera.get(edit(campaign))
    assert page.context["readonly"]
    assert "Add a step" not in page.content.decode()
    for url in (edit(campaign), f"{edit(campaign)}shape/"):
        assert as_vera.post(url, form(step("Mine"))).status_code == 403
    assert not Step.objects.filter(variants__subject="Mine").exists()


def test_a_stranger_finds_nothing(as_charlie: Browser, campaign: Campaign, strangers: Campaign) -> None:
    for url in (edit(campaign), f"/o/other/campaigns/{campaign.pk}/edit/"):
        assert as_charlie.get(url).status_code == 404
        assert as_charlie.post(url, form(step())).status_code == 404
        assert as_charlie.post(f"{url}shape/", form(step())).status_code == 404
    taken = step(id=str(campaign.steps.get().pk))
    assert as_charlie.post(edit(strangers), form(taken)).status_code == 422
