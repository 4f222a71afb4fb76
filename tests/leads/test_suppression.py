"""Who is not mailed any more, and what may be taken back."""

import pytest

from accounts.models import Organisation
from leads.domains import BadDomain, in_letters, normalise_domain
from leads.models import FormerAddress, Lead, Suppression, SuppressionReason
from leads.services import erase_leads, save_lead
from leads.suppression import (
    RANKS,
    KeptSuppression,
    erased_digests,
    forget,
    is_suppressed,
    suppress,
    suppress_lead,
    suppression_of,
    unsuppress,
    unsuppress_lead,
)

REVERSIBLE = [SuppressionReason.MANUAL, SuppressionReason.BOUNCED, SuppressionReason.UNSUBSCRIBED]


def test_an_address_is_suppressed_however_it_is_written(acme: Organisation, grace: Lead, theirs: Lead) -> None:
    entry = suppress(acme, " GRACE@navy.example", SuppressionReason.MANUAL, "by Alice")
    assert suppression_of(grace) == entry
    assert is_suppressed(acme, grace.email_key)
    assert suppression_of(theirs) is None


@pytest.mark.parametrize(
    ("first", "then"), [(first, then) for first in SuppressionReason for then in SuppressionReason]
)
def test_the_stronger_reason_stays(
    acme: Organisation, grace: Lead, first: SuppressionReason, then: SuppressionReason
) -> None:
    suppress(acme, grace.email, first, "first")
    suppress_lead(grace, then, "then")
    entry = suppression_of(grace)
    assert entry is not None
    stronger = RANKS.index(then) > RANKS.index(first)
    assert (entry.reason, entry.source) == ((then, "then") if stronger else (first, "first"))


def test_a_complaint_about_somebody_stopped_by_hand_is_not_taken_back(acme: Organisation, grace: Lead) -> None:
    suppress(acme, grace.email, SuppressionReason.MANUAL, "by Alice")
    with pytest.raises(KeptSuppression):
        unsuppress(suppress(acme, grace.email, SuppressionReason.COMPLAINED, "report"))


def test_a_lead_is_suppressed_by_its_own_address_however_that_looks(acme: Organisation, grace: Lead) -> None:
    Lead.objects.filter(pk=grace.pk).update(email="mailto:'ada@engine.example")
    grace.refresh_from_db()
    suppress_lead(grace, SuppressionReason.UNSUBSCRIBED, "link")
    assert suppression_of(grace)
    assert not is_suppressed(acme, "ada@engine.example")


def test_only_who_asks_for_it_suppresses_former_addresses_too(acme: Organisation, grace: Lead) -> None:
    save_lead(grace, {"email": "hopper@navy.example"})
    suppress_lead(grace, SuppressionReason.MANUAL, "by Alice")
    assert not is_suppressed(acme, "grace@navy.example")
    suppress_lead(grace, SuppressionReason.UNSUBSCRIBED, "link", formerly=True)
    assert set(Suppression.objects.values_list("address", "reason")) == {
        ("", "unsubscribed"),
        ("hopper@navy.example", "unsubscribed"),
    }
    assert is_suppressed(acme, "grace@navy.example")


def test_an_erasure_takes_former_addresses_along_unless_somebody_else_has_one_now(
    acme: Organisation, grace: Lead, ada: Lead
) -> None:
    first, second = bytes(grace.digest), bytes(ada.digest)
    save_lead(grace, {"email": "hopper@navy.example"})
    save_lead(ada, {"email": "countess@engine.example"})
    save_lead(grace, {"email": "ada@engine.example"})
    erase_leads(Lead.objects.filter(pk=ada.pk))
    assert erased_digests(acme, [first, second]) == set()
    erase_leads(Lead.objects.filter(pk=grace.pk))
    assert erased_digests(acme, [first, second]) == {first, second}
    assert not FormerAddress.objects.exists()


@pytest.mark.parametrize("reason", REVERSIBLE)
def test_a_reversible_suppression_is_taken_back(acme: Organisation, grace: Lead, reason: SuppressionReason) -> None:
    unsuppress(suppress(acme, grace.email, reason, ""))
    assert suppression_of(grace) is None


def test_a_complaint_is_not_taken_back(acme: Organisation, grace: Lead) -> None:
    entry = suppress(acme, grace.email, SuppressionReason.COMPLAINED, "")
    with pytest.raises(KeptSuppression, match="complained"):
        unsuppress(entry)
    assert suppression_of(grace) == entry


def test_a_domain_s_entry_is_taken_back_as_such_and_not_by_one_of_its_leads(acme: Organisation, grace: Lead) -> None:
    entry = suppress(acme, "*@Navy.example", SuppressionReason.COMPLAINED, "")
    assert (entry.domain, entry.address) == ("navy.example", "")
    suppress_lead(grace, SuppressionReason.MANUAL, "by Alice")
    with pytest.raises(KeptSuppression, match=r"Nobody at navy\.example"):
        unsuppress_lead(grace)
    assert suppression_of(grace) == entry
    unsuppress(entry)
    assert suppression_of(grace) is None


@pytest.mark.parametrize("text", ["", "@", "*.", "example", "b..example", "-b.example", "a b.example", "b.example/x"])
def test_what_is_no_domain_is_refused(db: None, text: str) -> None:
    with pytest.raises(BadDomain):
        normalise_domain(text)


def test_a_domain_is_read_as_people_write_it() -> None:
    written = ["@Mueller.example", "*.mueller.example", " mueller.example. "]
    assert {normalise_domain(text) for text in written} == {"mueller.example"}
    ascii_form = normalise_domain("müller.example")
    assert (ascii_form, in_letters(ascii_form)) == ("xn--mller-kva.example", "müller.example")


def test_an_erasure_is_not_taken_back_even_where_it_came_after(acme: Organisation, grace: Lead) -> None:
    entry = suppress(acme, grace.email, SuppressionReason.MANUAL, "by Alice")
    forget([grace])
    with pytest.raises(KeptSuppression, match="erased"):
        unsuppress(entry)
    assert is_suppressed(acme, grace.email_key)


def test_an_erasure_forgets_what_was_known_before(acme: Organisation, grace: Lead, ada: Lead) -> None:
    suppress(acme, grace.email, SuppressionReason.UNSUBSCRIBED, "link in message 12")
    forget([grace, ada])
    assert set(Suppression.objects.values_list("address", "reason", "source")) == {("", "erased", "erased")}
    suppress(acme, grace.email, SuppressionReason.MANUAL, "by Alice")
    assert not Suppression.objects.exclude(address="").exists()


def test_erased_people_are_told_from_others(acme: Organisation, grace: Lead, ada: Lead, theirs: Lead) -> None:
    forget([grace])
    suppress(acme, ada.email, SuppressionReason.MANUAL, "")
    digests = [bytes(grace.digest), bytes(ada.digest)]
    assert erased_digests(acme, digests) == {bytes(grace.digest)}
    assert erased_digests(theirs.organisation, digests) == set()
