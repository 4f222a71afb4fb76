"""Simulated recipients: they read what the mail catcher catches and act on it through the product's own endpoints.

In: `.eml` files in the catcher's folder whose List-Unsubscribe token belongs to the demonstration organisation. Out: requests
for the mail's own pixel, links and one-click address, with the user agents of mail programs, browsers and machines. Nothing
receives mail for the product yet, so an answer and a bounce enter where that will hand them on
(`tracking.intake.record`). Only addresses of this very server are ever asked for, and no redirect is followed.
"""

import heapq
import http.client
import itertools
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from accounts.models import Organisation
from ecrm.catcher import mail
from ecrm.demo import SLUG
from ecrm.demo.behaviour import Act, Kind, acts
from tracking.intake import NotRecorded, record
from tracking.models import Happening
from tracking.tokens import PREFIX, UNSUBSCRIBE, BadToken, Mark, read_token

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
# How far back a start looks: what was caught while the processes came up is read too.
LOOK_BACK_SECONDS = 20.0
TRIES = 5
RETRY_SECONDS = 3.0
RECORDED = {Kind.REPLY: Happening.REPLIED, Kind.BOUNCE: Happening.BOUNCED}


class Finder(HTMLParser):
    """What a mail program finds in a mail: links, and pictures that it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self.links.append(str(values["href"]))
        if tag == "img" and values.get("src"):
            self.pictures.append(str(values["src"]))


@dataclass(frozen=True)
class Letter:
    """A caught mail as its reader holds it: tracked links and the pixel, by their URLs."""

    mark: Mark
    unsubscribe: str
    links: list[str]
    pictures: list[str]
    seed: str


def read_letter(caught: mail.Mail) -> Letter | None:
    """A campaign mail of this server; None for any other."""
    headers = {name.lower(): value for name, value in caught.headers}
    unsubscribe = headers.get("list-unsubscribe", "").strip("<> ")
    own = settings.PUBLIC_URL + PREFIX
    if not unsubscribe.startswith(own):
        return None
    try:
        mark = read_token(UNSUBSCRIBE, unsubscribe.removeprefix(f"{own}u/"))
    except BadToken:
        return None
    finder = Finder()
    finder.feed(caught.html or "")
    links = [url for url in finder.links if url.startswith(f"{own}c/")]
    pictures = [url for url in finder.pictures if url.startswith(own)]
    return Letter(mark, unsubscribe, links, pictures, headers.get("message-id", ""))


def request(method: str, url: str, agent: str, body: str = "") -> int:
    """Ask our own server as `agent`, following nothing; returns the status. Raises OSError or HTTPException."""
    parts = urlsplit(url)
    connection = (http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection)(
        parts.netloc, timeout=5
    )
    headers = {"User-Agent": agent} | ({"Content-Type": "application/x-www-form-urlencoded"} if body else {})
    try:
        connection.request(method, parts.path, body or None, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def perform(act: Act, letter: Letter) -> None:
    """Do it; raises OSError, HTTPException or NotRecorded where it did not work."""
    match act.kind:
        case Kind.OPEN:
            for url in letter.pictures:
                request("GET", url, act.agent)
        case Kind.CLICK:
            request("GET", letter.links[act.link], act.agent)
        case Kind.UNSUBSCRIBE:  # as a mail program does (RFC 8058)
            request("POST", letter.unsubscribe, act.agent, "List-Unsubscribe=One-Click")
        case _:
            record(RECORDED[act.kind], letter.mark)


@dataclass
class Recipients:
    """Watches the folder and lets each mail's reader act in time; runs until `stop` is set."""

    folder: Path
    behave: Callable[[random.Random, int], list[Act]] = acts
    stop: bool = False
    seen: str = field(default_factory=lambda: f"{int((time.time() - LOOK_BACK_SECONDS) * 1e9):020d}")
    due: list[tuple[float, int, int, Act, Letter]] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def run(self) -> None:
        while not self.stop:
            self.collect()
            self.act()
            time.sleep(POLL_SECONDS)

    def collect(self) -> int:
        """Plan what the readers of new mails will do; returns how many there were."""
        new = [name for name in mail.names(self.folder) if name > self.seen]
        if not new:
            return 0
        self.seen = new[0]
        organisation = Organisation.objects.filter(slug=SLUG).values_list("pk", flat=True).first()
        letters = [
            letter for name in new if (caught := mail.load(self.folder, name)) and (letter := read_letter(caught))
        ]
        for letter in letters:
            if letter.mark.organisation == organisation and letter.mark.message:
                self.plan(letter)
        return len(letters)

    def plan(self, letter: Letter) -> None:
        draw = random.Random(letter.seed)  # noqa: S311
        for act in self.behave(draw, len(letter.links)):
            heapq.heappush(self.due, (time.time() + act.after, next(self.numbers), 0, act, letter))

    def act(self) -> None:
        """Do what is due; what fails, since the server is starting again, say, is tried a few times more."""
        while self.due and self.due[0][0] <= time.time() and not self.stop:
            _, number, tries, act, letter = heapq.heappop(self.due)
            try:
                perform(act, letter)
            except (OSError, http.client.HTTPException, NotRecorded) as error:
                if tries < TRIES:
                    heapq.heappush(self.due, (time.time() + RETRY_SECONDS, number, tries + 1, act, letter))
                else:
                    log.warning("A simulated recipient could not %s: %s", act.kind, error)
