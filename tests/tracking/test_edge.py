"""The pixel, the redirect and one-click unsubscribe, as a recipient's program asks for them."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.tracking.conftest import Answer, ask
from tracking import intake
from tracking.tokens import Mark, click_url, pixel_url, unsubscribe_url

MARK = Mark(7, 1001, 42)
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
Noted = Callable[[], list[dict[str, str]]]


def path(url: str) -> str:
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def check_headers(answer: Answer) -> None:
    assert answer.header("Set-Cookie") is None
    assert answer.header("Cache-Control") == "no-store, private, max-age=0"
    assert answer.header("X-Robots-Tag") == "noindex, nofollow"
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.header("Referrer-Policy") == "no-referrer"


def test_the_pixel_is_a_gif_and_counts(noted: Noted) -> None:
    before = time.time() * 1000
    answer = ask("GET", path(pixel_url(MARK)), User_Agent=BROWSER)
    assert answer.status == 200
    assert answer.header("Content-Type") == "image/gif"
    assert answer.body[:6] == b"GIF89a"
    assert answer.header("Content-Length") == str(len(answer.body))
    check_headers(answer)
    (event,) = noted()
    assert (event["k"], event["m"], event["u"], event["r"]) == ("opened", "7.1001.42", "", "")
    assert before - 1000 < int(event["t"]) < before + 5000


def test_nothing_about_the_recipients_machine_is_noted(noted: Noted) -> None:
    ask("GET", path(pixel_url(MARK)), User_Agent=BROWSER, X_Forwarded_For="198.51.100.9", Accept_Language="de-AT")
    (event,) = noted()
    assert set(event) == {"i", "k", "m", "u", "r", "t"}
    assert not any(part in str(event) for part in ("203.0.113.7", "198.51.100.9", "Firefox", "de-AT"))


@pytest.mark.parametrize(
    "token", ["", "x", "A" * 500, "%00", "../../admin", "ü", ".gif", "AAAAAAAAAAAAAAAAAAAAAAAA.gif"]
)
def test_a_bad_token_still_gets_the_pixel_and_counts_nothing(noted: Noted, token: str) -> None:
    answer = ask("GET", f"/t/o/{token}")
    assert answer.status == 200
    assert answer.body[:6] == b"GIF89a"
    assert noted() == []


def test_a_head_request_gets_no_body_and_is_a_machines(noted: Noted) -> None:
    answer = ask("HEAD", path(pixel_url(MARK)), User_Agent=BROWSER)
    assert (answer.status, answer.body) == (200, b"")
    target = "https://example.com/"
    answer = ask("HEAD", path(click_url(MARK, target)), User_Agent=BROWSER)
    assert (answer.status, answer.header("Location"), answer.body) == (302, target, b"")
    assert [(event["k"], event["r"]) for event in noted()] == [("opened", "head"), ("clicked", "head")]


def test_what_a_browser_fetches_ahead_is_a_machines(noted: Noted) -> None:
    ask("GET", path(click_url(MARK, "https://example.com/")), User_Agent=BROWSER, Sec_Purpose="prefetch;prerender")
    assert [event["r"] for event in noted()] == ["prefetch"]


@pytest.mark.parametrize(
    ("written", "location"),
    [
        ("https://example.com", None),
        ("https://example.com/a?x=1&y=2&z=%20%2F", None),
        ("https://example.com/#part", None),
        ("https://example.com/a?next=https://other.example/?q=1#frag?not=query", None),
        ("https://user:pass@example.com:8443/a;b=c?d[]=1&e={f}|g", None),
        ("http://example.com/%E2%82%AC/already%20encoded", None),
        ("HTTPS://EXAMPLE.com/Case", None),
        ("https://example.com/€/ä?ö=ü#ß", "https://example.com/%E2%82%AC/%C3%A4?%C3%B6=%C3%BC#%C3%9F"),
        ("https://bücher.example/", "https://b%C3%BCcher.example/"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("https://example.com/a\r\nSet-Cookie: x=1", "https://example.com/a%0D%0ASet-Cookie:%20x=1"),
        ("https://example.com/" + "x" * 6000, None),
    ],
)
def test_the_redirect_goes_to_exactly_the_url_that_was_written(
    noted: Noted, written: str, location: str | None
) -> None:
    answer = ask("GET", path(click_url(MARK, written)), User_Agent=BROWSER)
    assert answer.status == 302
    assert answer.header("Location") == (location or written)
    check_headers(answer)
    (event,) = noted()
    assert (event["k"], event["u"], event["r"]) == ("clicked", written, "")


def test_a_query_that_somebody_adds_does_not_change_where_it_leads(noted: Noted) -> None:
    answer = ask("GET", path(click_url(MARK, "https://example.com/")) + "?utm_source=mail&url=https://evil.example")
    assert answer.header("Location") == "https://example.com/"


@pytest.mark.parametrize("change", ["token", "target", "kind", "none"])
def test_a_changed_link_leads_nowhere(noted: Noted, change: str) -> None:
    token, _, encoded = path(click_url(MARK, "https://example.com/")).removeprefix("/t/c/").partition("/")
    _, _, foreign = path(click_url(MARK, "https://evil.example/")).removeprefix("/t/c/").partition("/")
    changed = {
        "token": f"{'B' if token[0] == 'A' else 'A'}{token[1:]}/{encoded}",
        "target": f"{token}/{foreign}",
        "kind": path(pixel_url(MARK)).removeprefix("/t/o/") + f"/{encoded}",
        "none": "",
    }
    answer = ask("GET", f"/t/c/{changed[change]}")
    assert answer.status == 404
    assert answer.header("Location") is None
    assert noted() == []


def test_one_click_unsubscribes_by_post_alone(noted: Noted) -> None:
    link = path(unsubscribe_url(MARK))
    answer = ask("POST", link, b"List-Unsubscribe=One-Click", User_Agent="")
    assert answer.status == 200
    assert answer.header("Location") is None
    check_headers(answer)
    assert [(event["k"], event["m"], event["r"]) for event in noted()] == [("unsubscribed", "7.1001.42", "")]


@pytest.mark.parametrize("body", [b"", b"x=y", b"\xff" * 100, b"a" * 100_000])
def test_the_body_of_the_post_does_not_matter(noted: Noted, body: bytes) -> None:
    assert ask("POST", path(unsubscribe_url(MARK)), body).status == 200
    assert len(noted()) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_the_unsubscribe_link_changes_nothing(noted: Noted, method: str) -> None:
    answer = ask(method, path(unsubscribe_url(MARK)), User_Agent=BROWSER)
    assert answer.status == 200
    assert answer.header("Set-Cookie") is None
    assert noted() == []


def test_a_made_up_unsubscribe_link_is_not_found(noted: Noted) -> None:
    token = path(unsubscribe_url(MARK)).removeprefix("/t/u/")
    for bad in ("", "x", token[:-1], token + "A", path(pixel_url(MARK)).removeprefix("/t/o/")):
        assert ask("POST", f"/t/u/{bad}").status == 404
    assert noted() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_on_pixel_and_link_count_nothing(noted: Noted, method: str) -> None:
    for link in (pixel_url(MARK), click_url(MARK, "https://example.com/")):
        assert ask(method, path(link)).status in {404, 405}
    assert noted() == []


@pytest.mark.django_db(transaction=True)
def test_everything_else_goes_on_to_django() -> None:
    answer = ask("GET", "/healthz")
    assert answer.status == 200
    assert ask("GET", "/t/x/what").status in {200, 404}


@pytest.fixture
def nothing_takes_events(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise intake.NotRecorded

    monkeypatch.setattr("tracking.edge.record", refuse)


@pytest.mark.usefixtures("nothing_takes_events")
def test_with_everything_down_the_recipient_still_gets_the_pixel_and_the_redirect() -> None:
    assert ask("GET", path(pixel_url(MARK))).body[:6] == b"GIF89a"
    assert ask("GET", path(click_url(MARK, "https://example.com/"))).header("Location") == "https://example.com/"


@pytest.mark.usefixtures("nothing_takes_events")
def test_but_an_unsubscribe_that_was_not_noted_says_try_again() -> None:
    answer = ask("POST", path(unsubscribe_url(MARK)))
    assert answer.status == 503
    assert answer.header("Retry-After") == "60"
