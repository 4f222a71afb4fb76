"""What is kept of a lead, what is refused, and what an erasure leaves."""

from collections.abc import Callable
from threading import Thread

import pytest
from django.db import connection, transaction

from accounts.models import Organisation
from leads.models import Lead, LeadList, ListEntry, Suppression
from leads.services import BadAddress, DuplicateLead, ErasedAddress, LeadGone, erase_leads, save_lead
from leads.suppression import forget


def test_values_are_cleaned_before_they_are_kept(add_lead: Callable[..., Lead]) -> None:
    lead = add_lead(
        "Grace <Grace@Navy.example>",
        first_name=" Grace\n\0 Brewster ",
        company="x" * 400,
        fields={" a  b ": "1\0", "yes": True, "none": None, "": "nameless", "n": 7},
        tags=["vip", " vip ", "", "press, radio"],
    )
    lead.refresh_from_db()
    assert (lead.email, lead.email_key) == ("Grace@navy.example", "grace@navy.example")
    assert lead.first_name == "Grace Brewster"
    assert len(lead.company) == 300
    assert lead.fields == {"a b": "1", "yes": "true", "n": "7"}
    assert lead.tags == ["vip", "press", "radio"]


def test_an_address_is_a_lead_once_in_an_organisation(acme: Organisation, grace: Lead, theirs: Lead) -> None:
    with pytest.raises(DuplicateLead) as caught:
        save_lead(Lead(organisation=acme), {"email": "GRACE@navy.example"})
    assert caught.value.lead == grace
    assert theirs.email_key == grace.email_key


def test_a_bad_address_is_refused_with_a_sentence(acme: Organisation) -> None:
    with pytest.raises(BadAddress, match="is not an email address"):
        save_lead(Lead(organisation=acme), {"email": "grace at navy"})
    assert not Lead.objects.exists()


def test_erasing_deletes_the_person_and_keeps_a_digest_alone(grace: Lead, ada: Lead, people: LeadList) -> None:
    assert erase_leads(Lead.objects.filter(pk=grace.pk)) == 1
    assert list(Lead.objects.all()) == [ada]
    assert [entry.lead_id for entry in ListEntry.objects.all()] == [ada.pk]
    kept = Suppression.objects.get()
    assert (kept.reason, kept.address, bytes(kept.digest)) == ("erased", "", bytes(grace.digest))
    assert not [field for field in Suppression.objects.values().get().values() if "grace" in str(field)]


def test_an_erased_person_is_not_added_again(acme: Organisation, grace: Lead, ada: Lead, theirs: Lead) -> None:
    erase_leads(Lead.objects.filter(pk=grace.pk))
    with pytest.raises(ErasedAddress, match="was erased"):
        save_lead(Lead(organisation=acme), {"email": "Grace@NAVY.example"})
    with pytest.raises(ErasedAddress):
        save_lead(ada, {"email": "grace@navy.example"})
    assert set(Lead.objects.values_list("pk", "email")) == {
        (ada.pk, "ada@engine.example"),
        (theirs.pk, "grace@navy.example"),
    }


def test_an_erased_lead_does_not_come_back_by_a_change(grace: Lead) -> None:
    seen = Lead.objects.get(pk=grace.pk)
    erase_leads(Lead.objects.filter(pk=grace.pk))
    for values in ({"first_name": "Anna"}, {"email": "anna@b.example"}):
        with pytest.raises(LeadGone):
            save_lead(seen, values)
    assert not Lead.objects.exists()


def test_an_address_that_was_erased_is_asked_for_at_every_change(acme: Organisation, grace: Lead) -> None:
    forget([grace])
    with pytest.raises(ErasedAddress):
        save_lead(grace, {"first_name": "Anna"})
    grace.refresh_from_db()
    assert grace.first_name == "Grace"


def test_former_addresses_are_remembered_once_each(grace: Lead) -> None:
    first = bytes(grace.digest)
    for email in ("a@b.example", "GRACE@navy.example", "a@b.example", "A@b.example"):
        save_lead(grace, {"email": email})
    former = {bytes(entry.digest) for entry in grace.former_addresses.all()}
    assert former == {first, bytes(grace.digest)}


def test_many_are_erased_in_batches(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leads.services.ERASE_BATCH", 3)
    for number in range(8):
        save_lead(Lead(organisation=acme), {"email": f"{number}@a.example"})
    assert erase_leads(Lead.objects.filter(organisation=acme)) == 8
    assert not Lead.objects.exists()
    assert Suppression.objects.filter(reason="erased", address="").count() == 8


@pytest.mark.django_db(transaction=True)
def test_who_is_erased_while_the_address_is_being_added_stays_erased(acme: Organisation, grace: Lead) -> None:
    outcome: list[object] = []

    def add() -> None:
        try:
            outcome.append(save_lead(Lead(organisation=acme), {"email": "grace@navy.example"}))
        except (ErasedAddress, DuplicateLead) as error:
            outcome.append(error)
        finally:
            connection.close()

    adding = Thread(target=add)
    with transaction.atomic():
        erase_leads(Lead.objects.filter(pk=grace.pk))
        adding.start()
        adding.join(0.5)
        assert outcome == []  # it waits for the erasure
    adding.join(10)
    assert [type(found) for found in outcome] == [ErasedAddress]
    assert not Lead.objects.exists()
