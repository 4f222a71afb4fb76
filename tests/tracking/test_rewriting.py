"""Links lead through us to exactly where they led; nothing else of the HTML changes, byte for byte."""

import re
import time
from html import escape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracking.rewriting import links, rewrite, steady, track_html
from tracking.tokens import Mark, click_url, pixel_url, read_click, unsubscribe_url

MARK = Mark(7, 1001, 42)
PIXEL = f'<img src="{pixel_url(MARK)}" width="1" height="1" alt="" style="display:block;border:0">'
# Our own links as they stand in rewritten HTML.
OURS = re.compile(r"http://testserver/t/c/([\w-]+)/([\w-]+)")


def tracked(html: str, *, opens: bool = False, clicks: bool = True) -> str:
    return track_html(html, MARK, opens=opens, clicks=clicks)


def targets(html: str) -> list[str]:
    """Where the tracked links of `html` lead, in order."""
    return [read_click(token, encoded)[1] for token, encoded in OURS.findall(html)]


class Browser(HTMLParser):
    """What a reader's program sees: every link target and every text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self.targets.append(href)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize(
    ("html", "target"),
    [
        ('<a href="https://example.com">x</a>', "https://example.com"),
        ("<a href='https://example.com/a?b=c'>x</a>", "https://example.com/a?b=c"),
        ("<a href=https://example.com/a>x</a>", "https://example.com/a"),
        ('<A CLASS="b" HREF = "https://example.com/">x</A>', "https://example.com/"),
        ('<a\n  href="https://example.com/"\n>x</a>', "https://example.com/"),
        ('<a href="https://example.com/?a=1&amp;b=2">x</a>', "https://example.com/?a=1&b=2"),
        (
            '<a href="https://example.com/?a=1&b=2&section=3&copy=4">x</a>',
            "https://example.com/?a=1&b=2&section=3&copy=4",
        ),
        ('<a href="https://example.com/?q=&quot;&#39;&#x20AC;">x</a>', "https://example.com/?q=\"'€"),
        ('<a href="https://example.com/#frag?x">x</a>', "https://example.com/#frag?x"),
        ('<a href="  https://example.com/\n">x</a>', "https://example.com/"),
        ('<a href="https://example.com/ä?ö=€">x</a>', "https://example.com/ä?ö=€"),
        ('<a title="a > b" href="https://example.com/">x</a>', "https://example.com/"),
        ('<area href="https://example.com/map">', "https://example.com/map"),
        ('<a href="https://first.example" href="https://second.example">x</a>', "https://first.example"),
        # No character has such a number.
        (f'<a href="https://a.example/&#{"9" * 5000};">', "https://a.example/\ufffd"),
        (f'<a href="https://a.example/&#x{"f" * 5000};">', "https://a.example/\ufffd"),
    ],
)
def test_a_link_leads_to_what_it_meant(html: str, target: str) -> None:
    out = tracked(html)
    assert targets(out) == [target]
    restored = OURS.sub("@", out)
    start = html.lower().index("href")
    assert restored.startswith(html[:start]), "what stands before is untouched"
    assert restored.partition("@")[2] in html, "and what stands behind"


@pytest.mark.parametrize(
    "html",
    [
        "",
        "plain text, no tags",
        '<a href="mailto:a@b.example">x</a><a href="tel:+49">x</a><a href="#top">x</a><a href="/rel">x</a>',
        '<a href="javascript:alert(1)">x</a><a href="{{ broken">x</a><a href="">x</a><a href>x</a><a name="n">x</a>',
        '<a href="https://">x</a><a href="http://[::1">x</a>',
        '<!-- <a href="https://example.com">x</a> -->',
        "<script>var a = \"<a href='https://example.com'>\";</script>",
        '<style>a[href="https://example.com"] { color: red }</style>',
        '<textarea><a href="https://example.com">x</a></textarea>',
        '<abbr href="https://example.com">x</abbr><link href="https://example.com/x.css"><img src="https://example.com/x.png">',
        '<a data-href="https://example.com">x</a>',
        "<p>Tom & Jerry < 3 > 2 &nbsp; &unknown; \x00 \r\n <br/></p>",
        f'<a href="{unsubscribe_url(MARK)}">Unsubscribe</a>',
        f'<a href="https://example.com/{"x" * 9000}">too long to carry</a>',
    ],
)
def test_whatever_is_no_web_link_stays_as_it_is(html: str) -> None:
    assert tracked(html) == html


def test_without_tracking_nothing_changes_at_all() -> None:
    html = '<body><a href="https://example.com">x</a></body>'
    assert tracked(html, opens=False, clicks=False) == html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>x</p>", f"<p>x</p>{PIXEL}"),
        ("<html><body><p>x</p></body></html>", f"<html><body><p>x</p>{PIXEL}</body></html>"),
        ("<BODY>x</BODY\n>", f"<BODY>x{PIXEL}</BODY\n>"),
        ("<body>quoted: </body> and on</body>", f"<body>quoted: </body> and on{PIXEL}</body>"),
        ("<!-- </body> -->x", f"<!-- </body> -->x{PIXEL}"),
    ],
)
def test_the_pixel_stands_at_the_end_of_the_body(html: str, expected: str) -> None:
    assert tracked(html, opens=True, clicks=False) == expected


URLS = st.text(alphabet=st.characters(min_codepoint=33, blacklist_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cn"])).map(
    lambda path: f"https://example.com/{path}"
)
TEXTS = st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=30).map(escape)


@given(pieces=st.lists(st.tuples(TEXTS, URLS), max_size=6), tail=TEXTS)
def test_every_link_of_a_well_formed_mail_is_tracked_and_everything_else_is_kept(
    pieces: list[tuple[str, str]], tail: str
) -> None:
    html = "".join(f'<p>{text}<a class="b" href="{escape(url)}">{text}</a></p>' for text, url in pieces) + tail
    out = tracked(html)
    assert targets(out) == [url for _, url in pieces]
    assert OURS.sub("@", out) == re.sub(r'href="[^"]*"', 'href="@"', html)
    assert Browser(out).texts == Browser(html).texts
    assert len(Browser(out).targets) == len(pieces)


MARKUP = st.text(alphabet="<>/!-=\"' aAhrefbodyscript&;#x:.\n", max_size=300)


@given(html=MARKUP)
def test_however_broken_the_html_is_what_is_not_a_link_stays(html: str) -> None:
    out = tracked(html, opens=True)
    assert PIXEL in out
    without = out.replace(PIXEL, "", 1)
    if not OURS.search(without):
        assert without == html


@given(html=MARKUP)
def test_tracking_twice_changes_nothing_the_second_time(html: str) -> None:
    once = tracked(html)
    assert tracked(once) == once


HOLE = re.compile("ZholeZ")
FRAGMENTS = [
    *("ZholeZ", "<", "</", ">", '"', "'", "=", " ", "a", "p", "body", "/body", "</body", "</body>", "<title", "<title>"),
    *("</title", "<!--", "-->", "--", "<!", "<?", "<p ", '<p title="', "<a ", "<a href='", '<a href="', ' href="', '">', "'>"),
]  # fmt: skip
HOLED = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.just("ZholeZ")), max_size=10).map("".join)
FILLINGS = st.one_of(
    st.sampled_from(["", " ", "a", "=", "a=", "body", "/body", "/title", " ", "--", "!--", "a href=", " href=x", "/", "x y"]),
    st.text(alphabet="aehrfbody =/!-\n", max_size=6),
)  # fmt: skip


@settings(max_examples=500)
@given(html=HOLED, value=FILLINGS)
def test_where_holes_are_steady_no_value_changes_how_the_rest_is_read(html: str, value: str) -> None:
    def seen(html: str) -> tuple[str, int]:
        return rewrite(html, "PIXEL", lambda written, url: f"[{written}]"), len(re.findall(r"(?i)</body\s*>", html))

    if steady(html, HOLE):
        once, ends = seen(html)
        assert seen(HOLE.sub(value, html)) == (HOLE.sub(value, once), ends)


@pytest.mark.parametrize(
    "html",
    [
        "<p>Hello ZholeZ, < ZholeZ</p>ZholeZ",
        "<title>Hello ZholeZ</title><p>x</p>",
        "<a class='x' href='https://x.example/?a=ZholeZ&ZholeZ' title=\"a > b ZholeZ\">ZholeZ</a>",
    ],
)
def test_holes_in_texts_and_in_quoted_values_are_steady(html: str) -> None:
    assert steady(html, HOLE)


@pytest.mark.parametrize(
    "html",
    [
        "<ZholeZ", "</ZholeZ", "<aZholeZ>", "<p class=ZholeZ>", "<p ZholeZ>", '<p="x ZholeZ">', '<a =" href="ZholeZ">',
        "<!-- ZholeZ -->", "<!ZholeZ>", "<title></titleZholeZ>", "<title ZholeZ>", '<p title="</bodyZholeZ>">',
    ],
)  # fmt: skip
def test_holes_in_all_other_places_are_not(html: str) -> None:
    assert not steady(html, HOLE)


def test_links_are_listed_in_order_with_their_entities_read() -> None:
    html = '<a href="https://b.example/?x&amp;y">x</a><a href="mailto:a@b.example">y</a><!-- <a href="z">z</a> -->'
    assert links(html) == ["https://b.example/?x&y", "mailto:a@b.example"]


@pytest.mark.parametrize(
    "unit",
    [
        "<a href=",
        '<a href="',
        "<a ",
        "<",
        "<!--",
        "<!-",
        "<a href='x",
        "<script>",
        "<style><",
        "&",
        "<a b=",
        '<a b="',
        "</",
    ],
)
def test_the_time_grows_with_the_length_and_no_faster(unit: str) -> None:
    def cost(times: int) -> float:
        html = unit * times
        started = time.perf_counter()
        tracked(html, opens=True)
        return time.perf_counter() - started

    assert cost(200_000 // len(unit)) < 2


def test_a_click_url_survives_being_written_and_read() -> None:
    url = click_url(MARK, "https://example.com/?a=1&b=<2>\"'")
    assert escape(url) == url, "it stands in any attribute as it is"
