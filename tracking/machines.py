"""Which hits are no person's. Rules are data; the first one that fits is noted with the event.

Judged by method and user agent, which are forgotten at once. Sources: SparkPost on Gmail's prefetch, Mailgun on Apple Mail
Privacy Protection, the gateways' own documentation.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    name: str
    agent: re.Pattern[str]


def rule(name: str, pattern: str) -> Rule:
    return Rule(name, re.compile(pattern, re.IGNORECASE))


RULES = (
    # Opened through Google's proxy: fetched when a person opens the mail, so it comes before the rest.
    rule("", r"GoogleImageProxy"),
    rule("gmail-prefetch", r"Edge/12\.246 Mozilla/5\.0$"),
    rule("apple-mail-privacy", r"^Mozilla/5\.0$"),
    rule(
        "link-scanner", r"barracuda|proofpoint|mimecast|ironport|safelinks|symantec|trendmicro|fortinet|sophos|zscaler"
    ),
    rule(
        "preview",
        r"slackbot|twitterbot|facebookexternalhit|linkedinbot|whatsapp|telegrambot|skypeuripreview|discordbot",
    ),
    # Cubot makes phones.
    rule(
        "robot",
        r"(?<!cu)bot\b|crawler|spider|headlesschrome|python-|curl/|wget/|go-http-client|java/|okhttp|libwww|scrapy",
    ),
    rule("no-agent", r"^$"),
)


def judge(method: str, agent: str, purpose: str = "") -> str:
    """The name of the rule that tells a machine; empty for a person.

    `purpose` is the `Sec-Purpose` or `Purpose` header: browsers mark what they fetch ahead (WHATWG Fetch).
    """
    if method == "HEAD":
        return "head"
    if "prefetch" in purpose.lower() or "preview" in purpose.lower():
        return "prefetch"
    agent = agent.strip()
    return next((found.name for found in RULES if found.agent.search(agent)), "")
