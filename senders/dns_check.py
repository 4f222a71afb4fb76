"""Whether a sender's domain vouches for its mails: SPF, DKIM and DMARC, each with what to do where it does not.

In: a sender. Out: three `DnsCheck`s, in words. What may fail: DNS itself; that is a check in state `unknown`. Gmail, Yahoo and
Outlook.com want all three of whoever sends much (shared/FACTS.md).
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from senders.dns_lookup import Lookup, NoAnswer
from senders.limits import GMAIL_DOMAINS, GOOGLE_HOSTS, MICROSOFT_HOSTS, ceiling_of
from senders.models import Kind, Sender
from senders.spf import PROVIDES, SpfError, included
from senders.transports.smtp.hosts import HostError, ascii_host

# Under which names common providers publish their keys: Google, Microsoft 365, SendGrid, Mailchimp, Fastmail, Proton, Zoho,
# IONOS, mailbox.org, Mandrill, Postmark; the others are what self-hosted servers are mostly set to.
SELECTORS = (
    "google", "selector1", "selector2", "default", "dkim", "mail", "s1", "s2", "k1", "k2", "k3", "fm1", "fm2", "fm3",
    "protonmail", "zoho", "s1-ionos", "mbo0001", "mandrill", "pm", "mta", "smtp", "key1",
)  # fmt: skip
# Mailboxes of everybody's: their domains are their provider's to look after, as long as its own servers send.
FREE = (
    (GMAIL_DOMAINS, Kind.GMAIL, GOOGLE_HOSTS),
    ({"outlook.com", "hotmail.com", "live.com", "msn.com"}, Kind.OUTLOOK, MICROSOFT_HOSTS),
    ({"yahoo.com", "yahoo.de", "yahoo.co.uk"}, None, {"smtp.mail.yahoo.com"}),
    ({"icloud.com", "me.com", "mac.com"}, None, {"smtp.mail.me.com"}),
    ({"gmx.net", "gmx.de", "gmx.at", "gmx.ch"}, None, {"mail.gmx.net"}),
)
NAMES = ("SPF", "DKIM", "DMARC")
# What somebody has to do something about.
WANTING = ("weak", "missing")
State = Literal["ok", "weak", "missing", "unknown"]


@dataclass(frozen=True)
class DnsCheck:
    """`record` is what DNS holds, `advice` what to do; each empty where there is none."""

    name: str
    state: State
    detail: str
    record: str = ""
    advice: str = ""


def domain_of(sender: Sender) -> str:
    """In ASCII; raises HostError where it is no domain."""
    return ascii_host(sender.address.rpartition("@")[2]).lower()


def check_domain(sender: Sender) -> list[DnsCheck]:
    """SPF, DKIM and DMARC of the domain in its address; takes 10 seconds at the most (dns_lookup.SECONDS)."""
    try:
        domain = domain_of(sender)
    except HostError as error:
        return [DnsCheck(name, "unknown", str(error)) for name in NAMES]
    for domains, kind, hosts in FREE:
        if domain in domains:
            return [free_mail(name, domain, sender.kind == kind or sender.host in hosts) for name in NAMES]
    lookup = Lookup()
    looks: tuple[Callable[[Lookup, str, Sender], DnsCheck], ...] = (check_spf, check_dkim, check_dmarc)
    return [settled(name, look, lookup, domain, sender) for name, look in zip(NAMES, looks, strict=True)]


def look_at_domain(sender: Sender) -> list[DnsCheck]:
    """`check_domain`, and keep what is to be done on the sender, for the preflight of campaigns."""
    checks = check_domain(sender)
    Sender.objects.filter(pk=sender.pk).update(dns=[asdict(check) for check in checks if check.state in WANTING])
    return checks


def settled(
    name: str, look: Callable[[Lookup, str, Sender], DnsCheck], lookup: Lookup, domain: str, sender: Sender
) -> DnsCheck:
    try:
        return look(lookup, domain, sender)
    except NoAnswer as error:
        advice = "Check again in a few minutes. If it stays so, ask whoever runs the domain’s DNS."
        return DnsCheck(name, "unknown", str(error), advice=advice)


def free_mail(name: str, domain: str, is_own: bool) -> DnsCheck:
    if is_own:
        return DnsCheck(name, "ok", f"{domain} is looked after by its provider.")
    detail = f"{domain} vouches for its own servers only, and this sender uses another."
    advice = f"Send through {domain}’s own servers, or from an address at a domain of yours."
    return DnsCheck(name, "weak", detail, advice=advice)


def check_spf(lookup: Lookup, domain: str, sender: Sender) -> DnsCheck:
    """RFC 7208: which servers may send for the domain."""
    found = [text for text in lookup.txt(domain) if text.lower().split(" ")[0] == "v=spf1"]
    ceiling = ceiling_of(sender)
    provider = PROVIDES.get(ceiling.provider, "") if ceiling else ""
    if not found:
        wanted = f"include:{provider}" if provider else "include:(the name that your mail provider gives)"
        advice = f"Add a TXT record at {domain}: v=spf1 {wanted} ~all"
        return DnsCheck("SPF", "missing", f"{domain} does not say which servers send its mail.", advice=advice)
    if len(found) > 1:
        advice = "Put everything into one record and delete the others."
        return DnsCheck("SPF", "weak", "There are several SPF records, so that none counts.", " | ".join(found), advice)
    record = found[0]
    try:
        names = included(lookup, record)
    except SpfError as error:
        return DnsCheck(
            "SPF", "weak", str(error), record, "Shorten it: take out providers that no longer send for you."
        )
    if provider and provider not in names:
        advice = f"Add include:{provider} to it, before the last part."
        return DnsCheck("SPF", "weak", "It does not name the servers that this sender uses.", record, advice)
    if record.lower().split()[-1] in {"all", "+all", "?all"}:
        advice = "End it with ~all or -all: as it is, anybody may send in your name."
        return DnsCheck("SPF", "weak", "It lets every server send.", record, advice)
    return DnsCheck("SPF", "ok", f"{domain} says which servers send its mail.", record)


def tags(text: str) -> dict[str, str]:
    """`v=DKIM1; p=…` as names and values (RFC 6376 3.2)."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs if name.strip()}


def check_dkim(lookup: Lookup, domain: str, sender: Sender) -> DnsCheck:
    """RFC 6376: the key that its mails are signed with. Its selector stands in mails alone: given, or guessed."""
    selectors = (sender.dkim_selector,) if sender.dkim_selector else SELECTORS
    revoked = ""
    for selector in selectors:
        for text in lookup.txt(f"{selector}._domainkey.{domain}"):
            key = tags(text)
            if key.get("p"):
                return DnsCheck("DKIM", "ok", f"There is a key for the selector {selector}.", shortened(text))
            revoked = revoked or (selector if "p" in key else "")
    if revoked:
        advice = "Publish a new key, as your mail provider describes for DKIM."
        return DnsCheck("DKIM", "weak", f"The key for the selector {revoked} was withdrawn.", advice=advice)
    advice = "Switch on DKIM at your mail provider and publish the record that it gives you."
    if sender.dkim_selector:
        detail = f"There is no key at {sender.dkim_selector}._domainkey.{domain}."
        return DnsCheck(
            "DKIM", "missing", detail, advice=f"{advice} Or correct the selector in this sender’s settings."
        )
    advice += " If it is on already, enter its selector in this sender’s settings: s= in a mail’s DKIM-Signature."
    return DnsCheck("DKIM", "missing", "No key was found under the usual names.", advice=advice)


def shortened(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:120]}…"


def check_dmarc(lookup: Lookup, domain: str, sender: Sender) -> DnsCheck:
    """RFC 7489: what a recipient does with a mail that neither SPF nor DKIM vouches for. A domain above speaks for those
    below it that say nothing.
    """
    labels = domain.split(".")
    for up in range(max(1, len(labels) - 1)):
        above = ".".join(labels[up:])
        found = [text for text in lookup.txt(f"_dmarc.{above}") if tags(text).get("v", "").upper() == "DMARC1"]
        if len(found) > 1:
            advice = f"Delete all but one of the records at _dmarc.{above}."
            return DnsCheck(
                "DMARC", "weak", "There are several records, so that none counts.", " | ".join(found), advice
            )
        if found:
            return judged_dmarc(found[0], above, inherited=up > 0)
    record = f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
    advice = f"Add a TXT record at _dmarc.{domain}: {record}"
    return DnsCheck("DMARC", "missing", f"{domain} does not say what to do with mails in its name.", advice=advice)


def judged_dmarc(record: str, domain: str, *, inherited: bool) -> DnsCheck:
    found = tags(record)
    policy = ((found.get("sp") if inherited else "") or found.get("p", "")).lower()
    if policy not in {"none", "quarantine", "reject"}:
        advice = f"Give the record at _dmarc.{domain} a policy: p=none to begin with."
        return DnsCheck("DMARC", "weak", "The record has no policy that recipients understand.", record, advice)
    if policy == "none":
        detail = "There is a policy: recipients only report."
        advice = "This is enough. Once the reports show that all your mails pass, p=quarantine protects your name."
        return DnsCheck("DMARC", "ok", detail, record, advice)
    return DnsCheck("DMARC", "ok", f"There is a policy: {policy}.", record)
