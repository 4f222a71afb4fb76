"""What may be done with lists, and who is on them."""

import pytest

from accounts.models import Organisation
from leads.lists import (
    LIST_GUARDS,
    DuplicateList,
    ListError,
    ListGone,
    ListInUse,
    add_found_to_list,
    add_to_list,
    create_list,
    delete_list,
    named_list,
    remove_from_list,
    save_list,
    with_counts,
)
from leads.models import Lead, LeadList


def test_a_name_is_taken_once(acme: Organisation, people: LeadList, their_list: LeadList) -> None:
    with pytest.raises(DuplicateList, match="There is a list called People already"):
        create_list(acme, "  People ")
    assert create_list(acme, "Theirs").pk != their_list.pk
    assert named_list(acme, "People") == people


@pytest.mark.parametrize("name", ["", " ", "\0"])
def test_a_list_has_a_name(acme: Organisation, people: LeadList, name: str) -> None:
    with pytest.raises(ListError):
        create_list(acme, name)
    with pytest.raises(ListError):
        named_list(acme, name)
    with pytest.raises(ListError):
        save_list(people, name)
    assert list(LeadList.objects.values_list("name", flat=True)) == ["People"]


def test_a_list_is_deleted_and_its_leads_stay(grace: Lead, people: LeadList) -> None:
    delete_list(people)
    assert not LeadList.objects.exists()
    assert list(Lead.objects.all()) == [grace]


def test_a_list_that_is_needed_stays(grace: Lead, people: LeadList, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.lists.LIST_GUARDS", [*LIST_GUARDS, lambda chosen: f"{chosen} is needed."])
    with pytest.raises(ListInUse, match="People is needed"):
        delete_list(people)
    assert LeadList.objects.count() == 1


def test_all_that_is_found_goes_on_a_list_once(
    acme: Organisation, grace: Lead, ada: Lead, joan: Lead, theirs: Lead, people: LeadList
) -> None:
    assert add_found_to_list(people, Lead.objects.all()) == 1  # Joan: the others are on it, or somebody else's
    assert set(people.leads.all()) == {grace, ada, joan}
    assert add_found_to_list(people, Lead.objects.filter(pk__in=[])) == 0


def test_others_leads_do_not_go_on_a_list(people: LeadList, theirs: Lead) -> None:
    assert add_to_list(people, [theirs]) == 0
    assert not people.leads.exists()


def test_leads_are_taken_off(grace: Lead, ada: Lead, joan: Lead, people: LeadList) -> None:
    assert remove_from_list(people, Lead.objects.filter(pk__in=[grace.pk, joan.pk])) == 1
    assert list(people.leads.all()) == [ada]


def test_sizes_are_counted(acme: Organisation, grace: Lead, ada: Lead, people: LeadList) -> None:
    create_list(acme, "Empty")
    sizes = {chosen.name: getattr(chosen, "size", None) for chosen in with_counts(acme.lists.all())}
    assert sizes == {"People": 2, "Empty": 0}


def test_a_list_that_was_deleted_does_not_come_back_by_a_new_name(people: LeadList) -> None:
    seen = LeadList.objects.get(pk=people.pk)
    delete_list(people)
    with pytest.raises(ListGone):
        save_list(seen, "Others")
    assert not LeadList.objects.exists()
