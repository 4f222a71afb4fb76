"""What an SPF record leads to (RFC 7208): the names that it includes, and whether recipients can follow it to its end."""

from senders.dns_lookup import Lookup
from senders.limits import EXCHANGE, GMAIL, WORKSPACE

# RFC 7208 4.6.4: the terms that cause a look-up, and how many there may be in all.
ASKING = ("include", "a", "mx", "ptr", "exists", "redirect")
MOST_LOOKUPS = 10
# What to include where the provider sends for a domain. https://support.google.com/a/answer/33786,
# https://learn.microsoft.com/defender-office-365/email-authentication-spf-configure
PROVIDES = {
    WORKSPACE.provider: "_spf.google.com",
    GMAIL.provider: "_spf.google.com",
    EXCHANGE.provider: "spf.protection.outlook.com",
}


class SpfError(Exception):
    """A record that recipients give up on; its text says why."""


def term_of(text: str) -> tuple[str, str]:
    """`~include:x.example` as ("include", "x.example"); modifiers and bare mechanisms likewise."""
    bare = text.lstrip("+-~?").lower()
    for sign in (":", "=", "/"):
        if sign in bare:
            name, _, value = bare.partition(sign)
            return name, value
    return bare, ""


def included(lookup: Lookup, record: str) -> set[str]:
    """Every name that `record` includes or leads to, through all levels; raises SpfError and dns_lookup.NoAnswer."""
    names: set[str] = set()
    waiting, asked = [record], 0
    while waiting:
        for text in waiting.pop().split()[1:]:
            name, value = term_of(text)
            asked += name in ASKING
            if asked > MOST_LOOKUPS:
                raise SpfError("It leads to more than 10 further look-ups, where recipients give up.")
            if name in {"include", "redirect"} and value and value not in names:
                names.add(value)
                waiting += [found for found in lookup.txt(value) if found.lower().startswith("v=spf1")][:1]
    return names
