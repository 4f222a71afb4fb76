"""TXT records, within a budget of time, from the servers that settings.DNS_SERVERS names or the machine's own (dnspython)."""

import time
from dataclasses import dataclass, field

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
from django.conf import settings

# For everything, and for one question, in seconds.
SECONDS = 10.0
QUESTION_SECONDS = 3.0


class NoAnswer(Exception):
    """DNS did not say; its text says why."""


def server_at(text: str) -> dns.nameserver.Nameserver:
    """`192.0.2.1`, `192.0.2.1:5353` or `[2001:db8::1]:5353`."""
    address, _, port = text.rpartition(":")
    if address.endswith("]") or (address and ":" not in address):
        return dns.nameserver.Do53Nameserver(address.strip("[]"), int(port))
    return dns.nameserver.Do53Nameserver(text.strip("[]"))


def make_resolver() -> dns.resolver.Resolver:
    """Raises dns.exception.DNSException where the machine has no DNS servers set up."""
    resolver = dns.resolver.Resolver(configure=not settings.DNS_SERVERS)
    resolver.timeout = QUESTION_SECONDS / 2
    if settings.DNS_SERVERS:
        resolver.nameservers = [server_at(server) for server in settings.DNS_SERVERS]
    return resolver


@dataclass
class Lookup:
    """One check's questions. After one that went unanswered in time there are no more: the others would hang as well."""

    resolver: dns.resolver.Resolver | None = None
    deadline: float = field(default_factory=lambda: time.monotonic() + SECONDS)

    def txt(self, name: str) -> list[str]:
        """The TXT records of `name`; an empty list where there are none. Raises NoAnswer."""
        left = min(self.deadline - time.monotonic(), QUESTION_SECONDS)
        if left <= 0:
            raise NoAnswer("DNS did not answer in time.")
        try:
            self.resolver = self.resolver or make_resolver()
            answer = self.resolver.resolve(name, "TXT", lifetime=left, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.LabelTooLong, dns.name.EmptyLabel):
            return []
        except dns.exception.Timeout as error:
            self.deadline = 0.0
            raise NoAnswer("DNS did not answer in time.") from error
        except dns.exception.DNSException as error:
            raise NoAnswer("DNS answered with an error.") from error
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
