"""What a template may name: the lead's fields, its custom fields, the sender and the organisation."""

from collections.abc import Iterable
from html import escape
from typing import Any

from accounts.models import Organisation
from campaigns.rendering.spin import WHO
from leads.models import Lead
from senders.models import Sender

STANDARD_FIELDS = ("first_name", "last_name", "full_name", "email", "company", "title", "phone")
# Names that are no lead's fields; a custom field of the same name is reached as `fields.<name>`.
OTHER_NAMES = ("fields", "sender", "organisation", "unsubscribe_url")


def lead_fields(lead: Lead) -> dict[str, Any]:
    """The lead's values by field name. Empty ones are left out: to a template they are missing, and it must say what
    then.

    Custom fields stand under `fields`, and beside the standard ones where the name is free.
    """
    custom = {name: value for name, value in lead.fields.items() if value not in ("", None)}
    values = {name: value for name in STANDARD_FIELDS if (value := getattr(lead, name))}
    return {**custom, **values, "fields": custom, WHO: lead.pk or lead.email}


class Lines(str):
    """Text of several lines: in HTML (where Liquid asks for it, as markupsafe does) they stay lines."""

    __slots__ = ()

    def __html__(self) -> str:
        return html_lines(self)


def html_lines(text: str) -> str:
    """Plain text as HTML, line for line."""
    return "<br>".join(escape(line) for line in text.splitlines())


def sender_fields(sender: Sender, organisation: Organisation) -> dict[str, Any]:
    return {
        "sender": {"name": sender.name, "address": sender.address, "signature": Lines(sender.signature)},
        "organisation": {"name": organisation.name, "postal_address": organisation.postal_address},
    }


def allowed_names(custom: Iterable[str] = ()) -> set[str]:
    """Every top-level name that a template of an organisation with these custom fields may use."""
    return {*STANDARD_FIELDS, *OTHER_NAMES, *custom}


def sample_lead(organisation: Organisation) -> Lead:
    """An invented lead, unsaved, for previews where there is none yet."""
    return Lead(
        organisation=organisation,
        email="grace@example.com",
        first_name="Grace",
        last_name="Hopper",
        company="Example Ltd",
        title="Head of Engineering",
        phone="+1 555 0100",
    )
