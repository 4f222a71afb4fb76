"""One mail's rendering, prepared and by the whole pipeline, beside the standard library's EmailMessage building the same.

    python -m benchmarks.render [--mails 2000] [--runs 5]

The template of benchmarks.send, a lead a mail; microseconds of this process's computing for each mail, medians. The
yardstick is given the finished texts, and only builds the message and its bytes.
"""

import argparse
import os
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from itertools import count
from statistics import median
from typing import Any

from benchmarks.send import LINKS, PARAGRAPH

Build = Callable[[Any, int], bytes]


def builders() -> tuple[Build, Build, Build]:
    """Build a mail for a lead and a message's number: prepared, by the whole pipeline, by the standard library."""
    from accounts.models import Organisation
    from campaigns.models import Campaign, Variant
    from campaigns.rendering import Renderer
    from senders.models import Sender
    from tracking.tokens import Mark, unsubscribe_url

    organisation = Organisation(pk=7, name="Bench", postal_address="Bench GmbH\nHauptstr. 1\n10115 Berlin")
    campaign = Campaign(organisation=organisation)
    variant = Variant(
        subject="Hello {{ first_name }}", body_html=PARAGRAPH * 6 + LINKS,
        body_text="Hello {{ first_name }}, https://example.com/a",
    )  # fmt: skip
    renderer = Renderer(campaign, variant, Sender(name="Bench", address="bench@example.com"), organisation)

    def prepared(lead: Any, number: int) -> bytes:
        return renderer.mail(lead, Mark(7, number, lead.pk), f"{number}@example.com")

    def whole(lead: Any, number: int) -> bytes:
        mark = Mark(7, number, lead.pk)
        unsubscribe = unsubscribe_url(mark)
        return renderer.finish(lead, renderer.parts(lead, mark, unsubscribe), unsubscribe, f"{number}@example.com")

    def library(lead: Any, number: int) -> bytes:
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"] = "Bench <bench@example.com>", f"{lead.full_name} <{lead.email}>"
        message["Subject"], message["Message-ID"] = f"Hello {lead.first_name}", f"<{number}@example.com>"
        message.set_content(TEXT)
        message.add_alternative(HTML, subtype="html")
        return bytes(message)

    from leads.models import Lead

    shown = renderer.render(Lead(email="lead@example.com", first_name="First", company="Example Ltd"), "#")
    TEXT, HTML = shown.text, shown.html  # noqa: N806
    return prepared, whole, library


def cost(build: Build, leads: list[Any], runs: int) -> list[float]:
    """Microseconds a mail, for each run; a first one warms up."""
    numbers, found = count(1_000_000), []
    for _ in range(runs + 1):
        started = time.process_time()
        for lead in leads:
            build(lead, next(numbers))
        found.append((time.process_time() - started) / len(leads) * 1e6)
    return found[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecrm.settings")
    import django

    django.setup()
    from leads.models import Lead

    leads = [
        Lead(pk=number, email=f"lead{number}@example.com", first_name=f"First{number}", company="Example Ltd")
        for number in range(1_000_000, 1_000_000 + options.mails)
    ]
    medians = {}
    for name, build in zip(("prepared", "whole pipeline", "EmailMessage"), builders(), strict=True):
        runs = cost(build, leads, options.runs)
        medians[name] = median(runs)
        print(f"{name}: {median(runs):.1f} µs a mail (runs: {', '.join(f'{run:.1f}' for run in runs)})")
    for name in ("prepared", "whole pipeline"):
        print(f"{name} / EmailMessage: {medians[name] / medians['EmailMessage']:.3f}")


if __name__ == "__main__":
    main()
