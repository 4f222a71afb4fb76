"""The fields that this app itself knows: contact data, custom fields, tags, lists, suppression, dates."""

from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.lookups import Exact

from accounts.models import Organisation
from leads.fields import known_fields
from leads.flags import LABELS
from leads.mailable import IsSuppressed, WhySuppressed
from leads.models import CustomField, FieldKind, ListEntry, SuppressionReason
from leads.segments import asking
from leads.segments.rules import CUSTOM
from leads.segments.vocabulary import NOTHING, OPTION, TEXT, Asks, FieldOf, Value
from leads.tags import known_tags

CONTACT, FIELDS, ORDER, DATES = "Contact", "Custom fields", "Tags, lists and mail", "Dates"
# As many lists as can be chosen from.
MOST_LISTS = 1000
STANDARD = {
    "email": "Address",
    "first_name": "First name",
    "last_name": "Last name",
    "company": "Company",
    "title": "Job title",
    "phone": "Phone",
    "source": "Source",
}
REASONS = {
    SuppressionReason.UNSUBSCRIBED: "unsubscribed",
    SuppressionReason.BOUNCED: "bounced",
    SuppressionReason.COMPLAINED: "reported as spam",
    SuppressionReason.MANUAL: "by your organisation",
}


def own_fields(organisation: Organisation) -> Iterator[FieldOf]:
    for key, label in STANDARD.items():
        yield FieldOf(key, label, CONTACT, asking.of_text(F(key)))
    yield flags()
    for defined in known_fields(organisation):
        yield custom_field(defined)
    yield tags(organisation)
    yield lists(organisation)
    yield suppression()
    yield FieldOf("created_at", "Added", DATES, asking.of_time("created_at"))
    yield FieldOf("updated_at", "Changed", DATES, asking.of_time("updated_at"))


def custom_field(defined: CustomField) -> FieldOf:
    text = asking.CustomText(defined.name)
    kinds = {
        FieldKind.TEXT: asking.of_text,
        FieldKind.NUMBER: asking.of_number,
        FieldKind.DATE: asking.of_date,
        FieldKind.CHOICE: asking.of_choice,
    }
    asks = kinds[FieldKind(defined.kind)](text)
    return FieldOf(
        f"{CUSTOM}{defined.name}", defined.name, FIELDS, asks, {choice: choice for choice in defined.choices}
    )


def tags(organisation: Organisation) -> FieldOf:
    def has(value: Value) -> Q:
        return Q(tags__contains=[value])

    asks = {
        "has": Asks("includes", TEXT, lambda value, days: has(value)),
        "lacks": Asks("does not include", TEXT, lambda value, days: ~has(value)),
        "empty": Asks("are none", NOTHING, lambda value, days: Q(tags=[])),
        "filled": Asks("are any", NOTHING, lambda value, days: ~Q(tags=[])),
    }
    return FieldOf("tags", "Tags", ORDER, asks, suggestions=tuple(known_tags(organisation)))


def lists(organisation: Organisation) -> FieldOf:
    def on(value: Value) -> Q:
        return Q(
            Exists(ListEntry.objects.filter(lead=OuterRef("pk"), lead_list=int(str(value)), organisation=organisation))
        )

    asks = {
        "on": Asks("is", OPTION, lambda value, days: on(value)),
        "off": Asks("is not", OPTION, lambda value, days: ~on(value)),
    }
    chosen = organisation.lists.order_by("name").values_list("pk", "name")[:MOST_LISTS]
    return FieldOf("list", "List", ORDER, asks, {str(pk): name for pk, name in chosen})


def flags() -> FieldOf:
    def has(value: Value) -> Q:
        return Q(flags__contains=[value])

    asks = {
        "is": Asks("is", OPTION, lambda value, days: has(value)),
        "is_not": Asks("is not", OPTION, lambda value, days: ~has(value)),
    }
    return FieldOf("flags", "Address kind", CONTACT, asks, {flag: label.lower() for flag, label in LABELS.items()})


def suppression() -> FieldOf:
    asks = {
        "no": Asks("may be mailed", NOTHING, lambda value, days: ~Q(IsSuppressed())),
        "yes": Asks("is not mailed", NOTHING, lambda value, days: Q(IsSuppressed())),
        "because": Asks("is not mailed:", OPTION, lambda value, days: Q(Exact(WhySuppressed(), value))),
    }
    return FieldOf("suppression", "Mail", ORDER, asks, {reason.value: label for reason, label in REASONS.items()})
