"""Custom fields: what an organisation keeps of its leads beside the fields that every lead has.

Values are text in `Lead.fields`, in a form that sorts and compares: numbers with a point, dates as 2026-03-31. A field
without a definition holds any text; a definition says what its values are, and forms then take no others.
"""

from collections.abc import Iterable

from django.db import IntegrityError, connection, transaction
from django.db.models import Q, Value
from django.db.models.lookups import Exact, In, Regex

from accounts.models import Organisation
from leads.lists import clean_text
from leads.models import CustomField, FieldKind
from leads.segments.asking import A_DATE, A_NUMBER, CustomText
from leads.segments.renaming import follow_field
from leads.segments.vocabulary import BadValue, read_date, read_number

LONGEST_FIELD_NAME = 100
LONGEST_CHOICE = 100
MOST_CHOICES = 200
MOST_FIELDS = 200
# How many leads stand for all where looking at every one would take too long.
SAMPLE = 2000

NAMES = """
SELECT DISTINCT jsonb_object_keys(fields) AS name FROM (
    SELECT fields FROM leads_lead WHERE organisation_id = %(organisation)s ORDER BY id DESC LIMIT %(sample)s) newest
ORDER BY name LIMIT %(limit)s
"""


class FieldError(Exception):
    """What was asked cannot be done; its text says why."""


class DuplicateField(FieldError):
    """Another field of the organisation has this name."""


def names_in_use(organisation: Organisation) -> list[str]:
    """The names of custom fields that the organisation's newest leads have."""
    with connection.cursor() as cursor:
        cursor.execute(NAMES, {"organisation": organisation.pk, "sample": SAMPLE, "limit": MOST_FIELDS})
        return [row[0] for row in cursor.fetchall()]


def defined_fields(organisation: Organisation) -> dict[str, CustomField]:
    return {defined.name: defined for defined in organisation.custom_fields.order_by("name")[:MOST_FIELDS]}


def known_fields(organisation: Organisation) -> list[CustomField]:
    """Those with a definition, and those without that leads have (not saved, as text), by name."""
    fields = defined_fields(organisation)
    for name in names_in_use(organisation):
        fields.setdefault(name, CustomField(organisation=organisation, name=name))
    return sorted(fields.values(), key=lambda found: (found.name.lower(), found.name))


def clean_choices(texts: Iterable[str]) -> list[str]:
    """Choices without blanks and doubles, in their order; raises FieldError where there are too many."""
    cleaned = list(dict.fromkeys(filter(None, (clean_text(text, LONGEST_CHOICE) for text in texts))))
    if len(cleaned) > MOST_CHOICES:
        raise FieldError(f"A field has {MOST_CHOICES} choices at most.")
    return cleaned


def define(organisation: Organisation, names: Iterable[str]) -> None:
    """See to it that these fields have a definition, as text where they had none."""
    wanted = [CustomField(organisation=organisation, name=name) for name in names]
    CustomField.objects.bulk_create(wanted, ignore_conflicts=True)


def save_field(defined: CustomField, kind: FieldKind, choices: Iterable[str] = ()) -> CustomField:
    """Say what a field holds, new or known; values that do not fit stay. Raises FieldError or DuplicateField."""
    defined.name = clean_text(defined.name, LONGEST_FIELD_NAME)
    if not defined.name:
        raise FieldError("Give the field a name.")
    if not defined.pk and defined.organisation.custom_fields.count() >= MOST_FIELDS:
        raise FieldError(f"An organisation has {MOST_FIELDS} custom fields at most.")
    defined.kind = kind
    defined.choices = clean_choices(choices) if kind == FieldKind.CHOICE else []
    if kind == FieldKind.CHOICE and not defined.choices:
        raise FieldError("Say what can be chosen.")
    try:
        with transaction.atomic():
            defined.save()
    except IntegrityError as error:
        raise DuplicateField(f"There is a field called {defined.name} already.") from error
    return defined


def rename_field(known: CustomField, name: str) -> None:
    """Give a field another name, also where segments ask for it; moving the leads' values is the caller's.

    Raises FieldError.
    """
    name, before = clean_text(name, LONGEST_FIELD_NAME), known.name
    if not name or name == before:
        raise FieldError("Give it another name." if name else "Please fill this in.")
    if name in (other.name for other in known_fields(known.organisation)):
        raise DuplicateField(f"There is a field called {name} already.")
    with transaction.atomic():
        if known.pk:
            known.name = name
            known.save(update_fields=["name"])
        follow_field(known.organisation, before, name)


def fits(defined: CustomField) -> Q:
    """That a lead's value is one that the field holds; nothing fits always."""
    text = CustomText(defined.name)
    empty = Q(Exact(text, Value("")))
    if defined.kind == FieldKind.NUMBER:
        return empty | Q(Regex(text, A_NUMBER))
    if defined.kind == FieldKind.DATE:
        return empty | Q(Regex(text, A_DATE))
    if defined.kind == FieldKind.CHOICE:
        return empty | Q(In(text, [Value(choice) for choice in defined.choices]))
    return Q()


def fitted(defined: CustomField, text: str) -> str:
    """A typed value as it is kept; raises BadValue where the field does not hold such."""
    text = text.strip()
    if not text or defined.kind == FieldKind.TEXT:
        return text
    if defined.kind == FieldKind.NUMBER:
        return format(read_number(text), "f")
    if defined.kind == FieldKind.DATE:
        return read_date(text).isoformat()
    if text not in defined.choices:
        raise BadValue(f"Choose one of: {', '.join(defined.choices[:10])}{'…' if len(defined.choices) > 10 else ''}.")
    return text
