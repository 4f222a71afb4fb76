"""Who is not mailed any more, and what may be taken back."""

import pytest

from accounts.models import Organisation
from leads.models import Lead, Suppression, SuppressionReason
from leads.suppression import (
    KeptSuppression,
    erased_digests,
    forget,
    is_suppressed,
    suppress,
    suppressed_digests,
    suppression_of,
    unsuppress,
)

REVERSIBLE = [SuppressionReason.MANUAL, SuppressionReason.BOUNCED, SuppressionReason.UNSUBSCRIBED]


def test_an_address_is_suppressed_however_it_is_written(acme: Organisation, grace: Lead, theirs: Lead) -> None:
    entry = suppress(acme, " GRACE@navy.example", SuppressionReason.MANUAL, "by Alice")
    assert suppression_of(grace) == entry
    assert is_suppressed(acme, grace.email_key)
    assert suppressed_digests(acme, [bytes(grace.digest)]) == {bytes(grace.digest)}
    assert suppression_of(theirs) is None


def test_the_first_reason_stays(acme: Organisation, grace: Lead) -> None:
    suppress(acme, grace.email, SuppressionReason.COMPLAINED, "link")
    assert suppress(acme, grace.email, SuppressionReason.MANUAL, "by Alice").reason == "complained"


@pytest.mark.parametrize("reason", REVERSIBLE)
def test_a_reversible_suppression_is_taken_back(acme: Organisation, grace: Lead, reason: SuppressionReason) -> None:
    unsuppress(suppress(acme, grace.email, reason, ""))
    assert suppression_of(grace) is None


def test_a_complaint_is_not_taken_back(acme: Organisation, grace: Lead) -> None:
    entry = suppress(acme, grace.email, SuppressionReason.COMPLAINED, "")
    with pytest.raises(KeptSuppression, match="complained"):
        unsuppress(entry)
    assert suppression_of(grace) == entry


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
