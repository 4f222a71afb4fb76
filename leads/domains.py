"""Domains: read as people write them, compared in ASCII, as they stand behind the @ of an address's key."""

from leads.addresses import BadAddress, normalise_email

# What people write in front to say "all of them".
WILD = ("*@", "@", "*.")
LOCAL = "x@"


class BadDomain(BadAddress):
    """Not a domain; its text says so."""

    def __init__(self, text: str) -> None:
        super().__init__(f"“{text.strip()[:80]}” is no address and no domain.", "No address and no domain.")


def normalise_domain(text: str) -> str:
    """Read `example.com`, `@example.com`, `*.example.com`, ` EXAMPLE.com. ` or `müller.example`; raises BadDomain."""
    name = text.strip().removesuffix(".")
    for wild in WILD:
        name = name.removeprefix(wild)
    if not name or "@" in name:
        raise BadDomain(text)
    try:
        return normalise_email(LOCAL + name).key.removeprefix(LOCAL)
    except BadAddress as error:
        raise BadDomain(text) from error


def in_letters(domain: str) -> str:
    """The domain as people write it: `xn--mller-kva.example` is `müller.example`."""
    return normalise_email(LOCAL + domain).email.removeprefix(LOCAL) if "xn--" in domain else domain


def domains_of(email_key: str) -> list[str]:
    """The domain of a normalised address and those above it, as `lead_domains` gives them in SQL."""
    labels = email_key.rpartition("@")[2].split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]
