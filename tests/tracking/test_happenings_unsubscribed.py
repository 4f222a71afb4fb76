"""Who unsubscribes is suppressed by what they are known by, and by every address that a mail may have gone to."""

import time

from accounts.models import Organisation, User
from leads.models import Lead, Suppression, SuppressionReason
from leads.services import save_lead
from leads.suppression import is_suppressed, suppress, suppression_of
from tracking.consumer import store


def unsubscribed(lead: Lead) -> None:
    mark = f"{lead.organisation_id}.5.{lead.pk}"
    store([{"i": f"u{lead.pk}", "k": "unsubscribed", "m": mark, "u": "", "r": "", "t": str(int(time.time() * 1000))}])


def test_nobody_elses_address_is_suppressed_whatever_the_leads_looks_like(acme: Organisation, reader: Lead) -> None:
    Lead.objects.filter(pk=reader.pk).update(email="mailto:'somebody@x.example")
    unsubscribed(reader)
    entry = suppression_of(reader)
    assert entry is not None
    assert (entry.reason, entry.source) == ("unsubscribed", "link in a mail")
    assert not is_suppressed(acme, "somebody@x.example")


def test_the_address_that_got_the_mail_is_suppressed_though_the_lead_has_another_now(
    acme: Organisation, reader: Lead
) -> None:
    save_lead(reader, {"email": "moved@example.com"})
    unsubscribed(reader)
    assert is_suppressed(acme, "reader@example.com")
    assert is_suppressed(acme, "moved@example.com")


def test_it_counts_for_more_than_a_members_word_and_less_than_a_complaint(acme: Organisation, reader: Lead) -> None:
    suppress(acme, reader.email, SuppressionReason.MANUAL, "by Alice")
    unsubscribed(reader)
    assert Suppression.objects.get().reason == "unsubscribed"
    suppress(acme, reader.email, SuppressionReason.COMPLAINED, "report")
    unsubscribed(reader)
    assert Suppression.objects.get().reason == "complained"


def test_a_strangers_mark_suppresses_nobody(acme: Organisation, reader: Lead, charlie: User) -> None:
    other = charlie.organisations.get()
    store([{"i": "x", "k": "unsubscribed", "m": f"{other.pk}.5.{reader.pk}", "u": "", "r": "", "t": "1"}])
    assert not Suppression.objects.exists()
