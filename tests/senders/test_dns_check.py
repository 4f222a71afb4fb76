"""What DNS says of a sender's domain, and what to do about it; asked from a real DNS server on loopback."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from senders import dns_lookup
from senders.dns_check import DnsCheck, check_domain
from senders.dns_lookup import server_at
from senders.models import Sender
from tests.providers.dns import DnsServer

SPF = "v=spf1 include:_spf.google.com ~all"
DKIM = "v=DKIM1; k=rsa; p=" + "MIIB" * 80
DMARC = "v=DMARC1; p=quarantine; rua=mailto:x@acme.example"
GOOD = {"acme.example": ["other=1", SPF], "google._domainkey.acme.example": [DKIM], "_dmarc.acme.example": [DMARC]}


@pytest.fixture
def server(settings: Any) -> Iterator[DnsServer]:
    with DnsServer(dict(GOOD)) as running:
        settings.DNS_SERVERS = [running.address]
        yield running


def checks(address: str = "alice@acme.example", **values: Any) -> dict[str, DnsCheck]:
    return {check.name: check for check in check_domain(Sender(address=address, **values))}


def states(**values: Any) -> list[str]:
    return [check.state for check in checks(**values).values()]


def test_a_domain_that_has_all_three_has_nothing_to_do(server: DnsServer) -> None:
    found = checks(host="smtp.gmail.com")
    assert [check.state for check in found.values()] == ["ok", "ok", "ok"]
    assert found["SPF"].record == SPF
    assert "selector google" in found["DKIM"].detail
    assert found["DKIM"].record.endswith("…"), "a key is long"
    assert not any(check.advice for check in found.values())


def test_a_domain_that_has_none_is_told_what_to_add(server: DnsServer) -> None:
    server.records = {}
    found = checks(host="smtp.office365.com")
    assert [check.state for check in found.values()] == ["missing"] * 3
    assert "TXT record at acme.example: v=spf1 include:spf.protection.outlook.com ~all" in found["SPF"].advice
    assert "TXT record at _dmarc.acme.example: v=DMARC1; p=none" in found["DMARC"].advice
    assert "s= in a mail’s DKIM-Signature" in found["DKIM"].advice


@pytest.mark.parametrize(
    ("records", "host", "words"),
    [
        ([SPF, "v=spf1 -all"], "", "several SPF records"),
        (["v=spf1 include:other.example -all"], "smtp.gmail.com", "does not name the servers"),
        (["v=spf1 +all"], "", "lets every server send"),
        (["v=spf1 ?all"], "", "lets every server send"),
        (["v=spf1 " + "a:x.example " * 11 + "-all"], "", "more than 10 further look-ups"),
    ],
)
def test_an_spf_record_that_does_not_help(server: DnsServer, records: list[str], host: str, words: str) -> None:
    server.records["acme.example"] = records
    found = checks(host=host)["SPF"]
    assert found.state == "weak"
    assert words in found.detail
    assert found.advice


def test_what_an_included_record_includes_counts_as_well_and_a_circle_ends(server: DnsServer) -> None:
    server.records["acme.example"] = ["V=SPF1 include:mail.acme.example -all"]
    server.records["mail.acme.example"] = ["v=spf1 include:acme.example redirect=_spf.google.com"]
    assert checks(host="smtp.gmail.com")["SPF"].state == "ok"
    server.records["loop.example"] = ["v=spf1 include:loop.example -all"]
    assert checks("alice@loop.example")["SPF"].state == "ok"


def test_a_key_is_looked_for_under_the_given_selector_alone(server: DnsServer) -> None:
    assert checks(dkim_selector="mine")["DKIM"].state == "missing"
    assert [name for name in server.questions if "_domainkey" in name] == ["mine._domainkey.acme.example"]
    server.records["mine._domainkey.acme.example"] = ["p=abc"]
    assert checks(dkim_selector="mine")["DKIM"].state == "ok"


def test_a_key_that_was_withdrawn_is_none(server: DnsServer) -> None:
    server.records["google._domainkey.acme.example"] = ["v=DKIM1; p="]
    found = checks()["DKIM"]
    assert (found.state, found.detail) == ("weak", "The key for the selector google was withdrawn.")
    server.records["s1._domainkey.acme.example"] = ["p=abc"]
    assert checks()["DKIM"].state == "ok", "another one is there"


@pytest.mark.parametrize(
    ("records", "state", "words"),
    [
        (["v=DMARC1; p=none"], "ok", "only report"),
        (["v=DMARC1;p=REJECT"], "ok", "reject"),
        (["v=DMARC1; rua=mailto:x@acme.example"], "weak", "no policy"),
        (["v=DMARC1; p=whatever"], "weak", "no policy"),
        ([DMARC, DMARC + ";x=y"], "weak", "several records"),
        (["something else"], "missing", "does not say"),
    ],
)
def test_dmarc_policies(server: DnsServer, records: list[str], state: str, words: str) -> None:
    server.records["_dmarc.acme.example"] = records
    found = checks()["DMARC"]
    assert found.state == state
    assert words in found.detail


def test_a_domain_above_speaks_for_those_below(server: DnsServer) -> None:
    assert checks("alice@news.acme.example")["DMARC"].detail == "There is a policy: quarantine."
    server.records["_dmarc.acme.example"] = ["v=DMARC1; p=reject; sp=none"]
    assert "only report" in checks("alice@news.acme.example")["DMARC"].detail
    assert "_dmarc.example" not in server.questions, "nobody's domain is asked for another's policy"


@pytest.mark.parametrize(
    ("address", "values", "state"),
    [
        ("alice@gmail.com", {"kind": "gmail"}, "ok"),
        ("alice@gmail.com", {"host": "smtp.gmail.com"}, "ok"),
        ("alice@gmail.com", {"host": "smtp.sendgrid.net"}, "weak"),
        ("alice@outlook.com", {"kind": "outlook"}, "ok"),
        ("alice@gmx.de", {"host": "mail.gmx.net"}, "ok"),
    ],
)
def test_everybodys_domains_are_their_providers_business(
    server: DnsServer, address: str, values: dict[str, Any], state: str
) -> None:
    assert {check.state for check in checks(address, **values).values()} == {state}
    assert not server.questions


def test_a_domain_beyond_ascii_is_asked_for_in_ascii(server: DnsServer) -> None:
    checks("alice@münchen.example")
    assert "xn--mnchen-3ya.example" in server.questions


def test_an_error_of_dns_is_no_verdict(server: DnsServer) -> None:
    server.servfail = {"acme.example", "_dmarc.acme.example"}
    assert states(host="smtp.gmail.com") == ["unknown", "ok", "unknown"]


def test_a_server_that_says_nothing_is_not_waited_for_three_times(
    server: DnsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dns_lookup, "QUESTION_SECONDS", 0.3)
    server.silent = True
    started = time.monotonic()
    found = checks()
    assert time.monotonic() - started < 2
    assert {check.state for check in found.values()} == {"unknown"}
    assert "did not answer in time" in found["SPF"].detail
    assert found["SPF"].advice


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("192.0.2.1", "192.0.2.1", 53),
        ("192.0.2.1:5353", "192.0.2.1", 5353),
        ("2001:db8::1", "2001:db8::1", 53),
        ("[2001:db8::1]:5353", "2001:db8::1", 5353),
    ],
)
def test_servers_are_named_with_or_without_a_port(text: str, address: str, port: int) -> None:
    found: Any = server_at(text)
    assert (found.address, found.port) == (address, port)
