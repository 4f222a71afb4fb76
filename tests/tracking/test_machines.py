"""Who is a machine, told by user agents that were really seen."""

import time

import pytest

from tracking.machines import judge

PEOPLE = [
    # Browsers
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"
    " Edg/138.0.0.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36",
    # A maker of phones whose name ends like a robot's
    "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
    # Mail programs
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Thunderbird/128.12.0",
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; WOW64; Trident/7.0; .NET4.0C; .NET4.0E; Microsoft Outlook 16.0.17928;"
    " ms-office; MSOffice 16)",
    "Outlook-iOS/709.2144270.prod.iphone (3.30.0)",
    "YahooMobileMail/1.0 (Android Mail; 1.3.4) (crespo;samsung;Nexus S;5.0;1280x720)",
    # Proxies that fetch when a person opens
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
]
MACHINES = [
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 Safari/537.36"
        " Edge/12.246 Mozilla/5.0",
        "gmail-prefetch",
    ),
    ("Mozilla/5.0", "apple-mail-privacy"),
    ("BarracudaCentral/1.0 (link scanner)", "link-scanner"),
    ("Mozilla/5.0 (compatible; Proofpoint URL Defense)", "link-scanner"),
    ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "preview"),
    ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "preview"),
    ("WhatsApp/2.23.20.0", "preview"),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "robot"),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"
        " Chrome/116.0.1938.76 Safari/537.36",
        "robot",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/138.0.0.0 Safari/537.36",
        "robot",
    ),
    ("python-requests/2.32.3", "robot"),
    ("curl/8.5.0", "robot"),
    ("Go-http-client/1.1", "robot"),
    ("Java/17.0.9", "robot"),
    ("Apache-HttpClient/4.5.14 (Java/17.0.9)", "robot"),
    ("", "no-agent"),
    ("   ", "no-agent"),
]


@pytest.mark.parametrize("agent", PEOPLE)
def test_people_count_as_people(agent: str) -> None:
    assert judge("GET", agent) == ""


@pytest.mark.parametrize(("agent", "rule"), MACHINES)
def test_machines_are_told_and_named(agent: str, rule: str) -> None:
    assert judge("GET", agent) == rule


def test_a_head_request_is_no_person_whatever_it_says() -> None:
    assert judge("HEAD", PEOPLE[0]) == "head"


@pytest.mark.parametrize("purpose", ["prefetch", "prefetch;prerender", "preview", "Prefetch"])
def test_what_is_fetched_ahead_is_not_read_yet(purpose: str) -> None:
    assert judge("GET", PEOPLE[0], purpose) == "prefetch"


def test_a_long_agent_is_judged_quickly() -> None:
    started = time.perf_counter()
    judge("GET", "bot" * 20_000 + "Edge/12.246 Mozilla/5.0" * 2000)
    assert time.perf_counter() - started < 0.2
