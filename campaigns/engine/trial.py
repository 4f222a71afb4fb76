"""Test mails: one step or all of them as a lead would get them, sent to oneself, outside every count."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import replace

from campaigns.engine.settle import SECRET_LOST
from campaigns.models import Campaign, Variant
from campaigns.rendering import Renderer, RenderError
from campaigns.rendering.subjects import answering, subject_of
from leads.models import Lead
from senders.models import Sender
from senders.services import mailbox_of
from senders.transports import connect
from senders.transports.base import ConnectError, Disconnected, Outcome, Outgoing, Sent
from senders.vault import VaultError
from tracking.tokens import Mark

TEST_SECONDS = 25.0
MORE_SECONDS = 2.0  # for each mail behind the first
MOST_BYTES = 40_000_000  # of all of them, which are held at once


def send_test(campaign: Campaign, variants: Sequence[Variant], lead: Lead, sender: Sender, to: str) -> list[Outcome]:
    """Send `variants`, each of another step and in their order, as `lead` would get them, through `sender` to the address
    `to`: what came of each, up to the first that the server did not take. Raises RenderError before anything is sent.

    A person and a thread of the web server wait for it, so that a slow server has TEST_SECONDS for all of it, and
    MORE_SECONDS for each further mail.
    """
    mails = mails_for(campaign, variants, reader_like(lead, to), sender)
    seconds = TEST_SECONDS + MORE_SECONDS * (len(mails) - 1)
    outcomes: list[Outcome] = []
    try:
        mailbox = replace(mailbox_of(sender), deadline=time.monotonic() + seconds)
        with connect(mailbox) as connection:
            for data in mails:
                outcomes.append(connection.send(Outgoing(0, sender.address, to, data)))
                if not isinstance(outcomes[-1], Sent):
                    break
    except ConnectError as error:
        outcomes.append(error.outcome)
    except VaultError:
        outcomes.append(Disconnected(SECRET_LOST))
    return outcomes


def reader_like(lead: Lead, to: str) -> Lead:
    """Whoever has the address `to`, under the name and with the fields of `lead`; not to be saved."""
    reader = Lead(pk=lead.pk, organisation_id=lead.organisation_id, email=to)
    for name in ("first_name", "last_name", "company", "title", "phone", "fields"):
        setattr(reader, name, getattr(lead, name))
    return reader


def mails_for(campaign: Campaign, variants: Sequence[Variant], reader: Lead, sender: Sender) -> list[bytes]:
    """The mails' bytes, in threads as the sequence has them; where they are several, each subject says which step it is.

    Their links carry no message's mark, so that nothing that happens to them is counted; the unsubscribe link is dead.
    Raises RenderError.
    """
    mails: list[bytes] = []
    thread: list[str] = []
    opening = ""
    for variant in variants:
        if not (thread and variant.step.same_thread):
            thread, opening = [], subject_of(variant)
        marked = f"[step {variant.step.position}] " if len(variants) > 1 else ""
        subject = marked + (answering(opening) if thread and not variant.subject.strip() else subject_of(variant))
        renderer = Renderer(campaign, variant, sender, campaign.organisation, subject=subject)
        message_id = new_message_id(sender)
        try:
            mark = Mark(campaign.organisation_id, 0, 0)
            mails.append(renderer.mail(reader, mark, message_id, references=tuple(thread)))
        except RenderError as error:
            raise RenderError(f"Step {variant.step.position}: {error}" if marked else str(error)) from error
        thread.append(message_id)
        if sum(map(len, mails)) > MOST_BYTES:
            raise RenderError("With all attachments these are too much to send at once: test one step at a time.")
    return mails


def new_message_id(sender: Sender) -> str:
    domain = sender.address.rpartition("@")[2]
    return f"{uuid.uuid4().hex}@{domain if domain.isascii() else 'localhost'}"
