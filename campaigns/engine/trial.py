"""A test mail: a step as a lead would get it, sent to oneself, outside every count."""

import time
import uuid
from dataclasses import replace

from campaigns.engine.settle import SECRET_LOST
from campaigns.models import Campaign, Variant
from campaigns.rendering import Renderer
from leads.models import Lead
from senders.models import Sender
from senders.services import mailbox_of
from senders.transports import connect
from senders.transports.base import ConnectError, Disconnected, Outcome, Outgoing
from senders.vault import VaultError
from tracking.tokens import Mark

TEST_SECONDS = 25.0


def send_test(campaign: Campaign, variant: Variant, lead: Lead, sender: Sender, to: str) -> Outcome:
    """Send `variant` as `lead` would get it through `sender` to the address `to`; raises RenderError.

    A person and a thread of the web server wait for it, so that a slow server has TEST_SECONDS for all of it.
    Its links carry no message's mark, so that nothing that happens to it is counted; its unsubscribe link is dead.
    """
    renderer = Renderer(campaign, variant, sender, campaign.organisation)
    domain = sender.address.rpartition("@")[2]
    reader = Lead(organisation=campaign.organisation, email=to)
    for name in ("first_name", "last_name", "company", "title", "phone", "fields"):
        setattr(reader, name, getattr(lead, name))
    message_id = f"{uuid.uuid4().hex}@{domain if domain.isascii() else 'localhost'}"
    data = renderer.mail(reader, Mark(campaign.organisation_id, 0, 0), message_id)
    try:
        mailbox = replace(mailbox_of(sender), deadline=time.monotonic() + TEST_SECONDS)
        with connect(mailbox) as connection:
            return connection.send(Outgoing(0, sender.address, to, data))
    except ConnectError as error:
        return error.outcome
    except VaultError:
        return Disconnected(SECRET_LOST)
