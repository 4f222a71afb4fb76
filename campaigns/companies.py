"""Who works with whom: the same company by name, or an address at the same domain that is a company's own."""

from pathlib import Path

from django.db.models import Q, QuerySet, Value

from leads.models import Lead
from leads.terms import HasWords

# Where anybody has a mailbox: who shares one of these is no colleague.
PUBLIC_MAIL = frozenset((Path(__file__).parent / "data" / "public_mail.txt").read_text().split())


def colleagues_of(lead: Lead) -> QuerySet[Lead]:
    """Everybody else of the lead's organisation at its company; nobody where neither name nor domain tells."""
    conditions = Q(pk__in=[])
    if company := lead.company.strip():
        conditions |= Q(company__iexact=company)
    domain = lead.email_key.rpartition("@")[2]
    if domain and domain not in PUBLIC_MAIL:
        words = HasWords(Value(lead.organisation_id), Value(domain))
        conditions |= Q(terms__matches=words, email_key__endswith=f"@{domain}")
    return Lead.objects.filter(conditions, organisation=lead.organisation_id).exclude(pk=lead.pk)
