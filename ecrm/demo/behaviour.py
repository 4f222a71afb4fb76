"""What one simulated recipient does with one mail: a list of acts, each some seconds after it arrived.

The same for the live simulation and for the history, which only stretches the time. Rates are those of a good campaign:
nobody reports it as spam, since one report among so few mails would pause the sender (senders.health) and end the show.
"""

import random
from dataclasses import dataclass
from enum import StrEnum

PEOPLE = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:138.0) Gecko/20100101 Thunderbird/138.0",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0 Safari/537.36",
]
BROWSERS = [agent for agent in PEOPLE if "GoogleImageProxy" not in agent]
PROXY = "Mozilla/5.0"  # Apple Mail Privacy Protection
SCANNER = "Mozilla/5.0 (compatible; Barracuda Sentinel)"


class Kind(StrEnum):
    OPEN = "open"
    CLICK = "click"
    UNSUBSCRIBE = "unsubscribe"
    REPLY = "reply"
    BOUNCE = "bounce"


@dataclass(frozen=True, order=True)
class Act:
    """`after` seconds after the mail came; `link` is which of the mail's links, for a click; `agent` says who asks."""

    after: float
    kind: Kind
    agent: str = ""
    link: int = 0

    @property
    def machine(self) -> bool:
        return self.agent in {PROXY, SCANNER}


def acts(draw: random.Random, links: int) -> list[Act]:
    """What happens to a mail with so many links, in order of time."""
    if draw.random() < 0.02:
        return [Act(draw.uniform(2, 8), Kind.BOUNCE)]
    done = machines(draw, links)
    if draw.random() < 0.58:
        done += reader(draw, links)
    return sorted(done)


def machines(draw: random.Random, links: int) -> list[Act]:
    """A proxy that loads the picture ahead of anyone, a gateway that follows every link."""
    done = []
    if draw.random() < 0.18:
        done.append(Act(draw.uniform(1, 5), Kind.OPEN, PROXY))
    if draw.random() < 0.1:
        done += [Act(draw.uniform(0.5, 3), Kind.CLICK, SCANNER, link) for link in range(links)]
    return done


def reader(draw: random.Random, links: int) -> list[Act]:
    """A person who opens the mail, once or more, and may click, answer, or have enough."""
    agent = draw.choice(PEOPLE)
    opened = draw.uniform(4, 45)
    done = [Act(opened, Kind.OPEN, agent)]
    done += [Act(opened + draw.uniform(20, 200), Kind.OPEN, agent) for _ in range(draw.choice([0, 0, 0, 1, 2]))]
    if links and draw.random() < 0.34:
        browser = agent if agent in BROWSERS else draw.choice(BROWSERS)
        done.append(Act(opened + draw.uniform(3, 25), Kind.CLICK, browser, draw.randrange(links)))
    leaving = draw.random()
    if leaving < 0.11:
        done.append(Act(opened + draw.uniform(10, 60), Kind.REPLY))
    elif leaving < 0.15:
        done.append(Act(opened + draw.uniform(5, 30), Kind.UNSUBSCRIBE, agent))
    return done
