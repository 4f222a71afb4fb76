"""What segments may ask of campaigns (`leads.segments.vocabulary.SOURCES`): who is in one, and what happened to their mails.

People's opens and clicks count, machines' do not. "Not opened" is everybody who did not, whether they got a mail or not: with
"was sent" beside it, it is those who got one.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import Organisation
from campaigns.models import Enrollment, Message, MessageState
from leads.segments.vocabulary import OPTION, Asks, FieldOf, Value

Row = TypeVar("Row", Enrollment, Message)
ANY = "any"
# As many campaigns as can be chosen from, the newest.
MOST_CAMPAIGNS = 1000
# What happened to a message, by the column that tells when: words for whoever it happened to, and for whoever it did not.
HAPPENED = {
    "sent": ("was sent", "was not sent", "sent_at"),
    "opened": ("opened", "did not open", "opened_at"),
    "clicked": ("clicked in", "did not click in", "clicked_at"),
    "replied": ("replied to", "did not reply to", "replied_at"),
    "bounced": ("bounced in", "did not bounce in", "bounced_at"),
    "unsubscribed": ("unsubscribed through", "did not unsubscribe through", "unsubscribed_at"),
    "complained": ("complained about", "did not complain about", "complained_at"),
}


def campaign_fields(organisation: Organisation) -> Iterator[FieldOf]:
    campaigns = organisation.campaigns.order_by("-pk").values_list("pk", "name")[:MOST_CAMPAIGNS]
    options = {ANY: "any campaign"} | {str(pk): name for pk, name in campaigns}

    def enrolled(value: Value, days: int | None) -> Q:
        return Q(Exists(of_campaign(Enrollment.objects.filter(organisation=organisation), value)))

    asks = {
        "in": Asks("is in", OPTION, enrolled),
        "not_in": Asks("is not in", OPTION, lambda value, days: ~enrolled(value, days)),
    }
    for key, (did, did_not, column) in HAPPENED.items():
        asks |= happened(organisation, key, did, did_not, column)
    yield FieldOf("campaign", "Campaign", "Campaigns", asks, options)


def happened(organisation: Organisation, key: str, did: str, did_not: str, column: str) -> dict[str, Asks]:
    def condition(value: Value, days: int | None) -> Q:
        messages = of_campaign(Message.objects.filter(organisation=organisation), value)
        messages = messages.filter(**{f"{column}__isnull": False})
        if key == "sent":
            messages = messages.filter(state=MessageState.SENT)
        if days:
            messages = messages.filter(**{f"{column}__gte": timezone.now() - timedelta(days=days)})
        return Q(Exists(messages))

    return {
        key: Asks(did, OPTION, condition, within=True),
        f"not_{key}": Asks(did_not, OPTION, lambda value, days: ~condition(value, days), within=True),
    }


def of_campaign(rows: QuerySet[Row], value: Value) -> QuerySet[Row]:
    """Of the lead that the outer query is about, in that campaign or in any."""
    mine = rows.filter(lead=OuterRef("pk"))
    return mine if value == ANY else mine.filter(campaign=int(str(value)))
