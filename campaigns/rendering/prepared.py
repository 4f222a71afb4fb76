"""A variant prepared for one sender and campaign: of each mail, only what differs between leads is made.

In: the templates, and the rest of the pipeline as one function (`Dress`), which runs once over texts that hold marks in
the place of everything that differs. Out: for each lead, the subject and the parts, byte for byte what the pipeline would
make of them. What may fail: a template that is not flat, a slot whose value could change how the rest is read, a lead whose
values could: `NotFlat`, and the mail goes the long way, which stays the definition.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from markupsafe import escape

from campaigns.rendering.flat import NotFlat, Slots
from campaigns.rendering.mime import LONG_LINE, body_part, header_text, wire_lines
from tracking.rewriting import links, meant, pixel_tag, rewrite, steady, trackable
from tracking.tokens import CLICK, OPEN, Mark, click_at, click_url, mark_bytes, pixel_at, seal

# Below these nothing comes near Liquid's own limit for what a template prints (2 MB).
MOST_TEXT = 200_000  # characters of a template without its slots
MOST_FILLED = 200_000  # characters in the slots of a part

SURROGATE = re.compile(r"[\ud800-\udfff]")
Dress = Callable[[str, str, str], tuple[str, str]]


class Parts(NamedTuple):
    """A mail without its headers; `html` is empty for one of plain text alone."""

    subject: str
    plain: bytes
    html: bytes


@dataclass(frozen=True, slots=True)
class Sources:
    """The templates of a variant: `html` empty where it is plain text alone."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Form:
    """A text with slots, and where in a list of values each one's is found."""

    pattern: str
    picks: tuple[int, ...]
    length: int  # without the slots, in characters
    longest: int  # line, likewise

    def fill(self, values: list[str]) -> str:
        return self.pattern % tuple(map(values.__getitem__, self.picks))

    def part(self, content_type: str, values: list[str]) -> bytes:
        text = self.fill(values)
        # No line has grown by more than all slots together.
        return body_part(content_type, text, short=self.longest + len(text) - self.length < LONG_LINE)


def form_of(text: str, marks: re.Pattern[str], places: dict[str, int]) -> Form:
    """The form of a text with marks."""
    text = wire_lines(text)
    static = marks.sub("", text)
    picks = tuple(places[found["kind"]] + int(found["number"]) for found in marks.finditer(text))
    pattern = marks.sub("%s", text.replace("%", "%%"))
    return Form(pattern, picks, len(static), max(map(len, static.split("\n"))))


class Links:
    """The links of the HTML part: their targets, or for those with slots in them, the forms of their targets."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.targets: list[bytes] = []
        self.hrefs: list[Form] = []

    def through_us(self, written: str, url: str) -> str:
        """What stands in the place of a link's target: for `rewrite`."""
        if self.slots.pattern.search(written) and not url.startswith(self.slots.unsubscribe):
            self.hrefs.append(form_of(written, self.slots.pattern, self.slots.places(html=True)))
            return self.slots.mark("h", len(self.hrefs) - 1)
        if not trackable(url):
            return written
        self.targets.append(url.encode())
        return click_at(self.slots.mark("c", len(self.targets) - 1), self.targets[-1])

    def values(self, values: list[str], mark: Mark, body: bytes) -> list[str]:
        """The tokens of the fixed targets, then each other link as it stands in this mail."""
        tokens = [seal(CLICK, body, target) for target in self.targets]
        written = [href.fill(values) for href in self.hrefs]
        urls = [(raw, meant(raw)) for raw in written]
        return [*tokens, *(click_url(mark, url) if trackable(url) else raw for raw, url in urls)]


class Prepared:
    """May be used by several threads."""

    def __init__(self, sources: Sources, common: dict[str, Any], dress: Dress, *, opens: bool, clicks: bool) -> None:
        """Raises NotFlat, and RenderError for a template that does not parse."""
        self.opens = opens
        self.slots = slots = Slots(common)
        subject, text = slots.read(sources.subject, html=False), slots.read(sources.text, html=False)
        html = slots.read(sources.html, html=True)
        self.room = self.measure(subject, text, html)
        self.ends_in = self.last_slot(text)
        html, text = dress(html, text, slots.unsubscribe)
        places = slots.places(html=False)
        self.subject = form_of(subject, slots.pattern, places)
        self.text = form_of(text, slots.pattern, places)
        self.links = Links(slots)
        self.html = self.html_form(html, clicks) if html else None

    def measure(self, subject: str, text: str, html: str) -> int:
        """How many characters the slots of a mail may hold together; raises NotFlat for a part that is very long, that
        nothing can print, or for HTML made of slots alone, which may come out empty."""
        marks = self.slots.pattern
        if any(len(part) > MOST_TEXT or SURROGATE.search(part) for part in (subject, text, html)):
            raise NotFlat
        if html and not marks.sub("", html):
            raise NotFlat
        return MOST_FILLED // (1 + max(len(marks.findall(part)) for part in (subject, text, html)))

    def last_slot(self, text: str) -> int | None:
        """The place of the value that the text ends with: what the pipeline puts below depends on how that one ends."""
        found = list(self.slots.pattern.finditer(text))
        if found and not text[found[-1].end() :].strip():
            return self.slots.places(html=False)[found[-1]["kind"]] + int(found[-1]["number"])
        return None

    def html_form(self, html: str, clicks: bool) -> Form:
        slots = self.slots
        self.check_html(html)
        pixel = pixel_tag(pixel_at(slots.mark("p", 0))) if self.opens else ""
        html = rewrite(html, pixel, self.links.through_us if clicks else None)
        places = slots.places(html=True)
        behind = places[""] + self.opens
        places |= {"p": places[""], "c": behind, "h": behind + len(self.links.targets)}
        return form_of(html, slots.pattern, places)

    def check_html(self, html: str) -> None:
        """Raise NotFlat where a value could be more than a value, or could make another link of the way out."""
        # No value can be the way out itself: its token is signed, and nobody has seen it before this mail is read.
        unsubscribe, marks = self.slots.unsubscribe, self.slots.pattern
        if not steady(html, marks) or str(escape(unsubscribe)) != unsubscribe:
            raise NotFlat
        if any(unsubscribe in url and len(marks.findall(url)) > 1 for url in links(html)):
            raise NotFlat

    def parts(self, values: dict[str, Any], mark: Mark, unsubscribe: str) -> Parts:
        """The mail for a lead with these values, without headers; raises NotFlat."""
        text, html = self.slots.values(values, unsubscribe.rpartition("/")[2])
        if sum(map(len, text)) > self.room or sum(map(len, html)) > self.room:
            raise NotFlat
        if self.ends_in is not None and (not text[self.ends_in] or text[self.ends_in][-1].isspace()):
            raise NotFlat
        subject = header_text(self.subject.fill(text))
        if not subject:
            raise NotFlat
        plain = self.text.part("text/plain", text)
        if not self.html:
            return Parts(subject, plain, b"")
        body = mark_bytes(mark)
        pixel = [seal(OPEN, body)] if self.opens else []
        values_of_html = [*html, *pixel, *self.links.values(html, mark, body)]
        return Parts(subject, plain, self.html.part("text/html", values_of_html))
