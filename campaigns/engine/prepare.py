"""A claimed message's mail, or why there is none: one lead's mail must never hold up the others."""

import logging
from dataclasses import dataclass, field

from campaigns.engine.claim import Claimed
from campaigns.engine.threads import Thread
from campaigns.rendering import MissingField, Renderer, RenderError
from senders.models import Sender
from senders.transports.base import Outgoing
from tracking.tokens import Mark

log = logging.getLogger(__name__)

NO_THREAD = Thread()


@dataclass(frozen=True)
class Ready:
    """A message and its finished mail; without one, `error` says why, for the campaign manager. `waits`: for its lead to get
    what the template asks for.
    """

    message: Claimed
    mail: Outgoing | None
    error: str = ""
    waits: bool = False


@dataclass
class Kitchen:
    """Renders a batch; what the mails of one variant have in common is worked out once."""

    sender: Sender
    renderers: dict[tuple[int, str], Renderer] = field(default_factory=dict)

    def prepare(self, message: Claimed) -> Ready:
        """Never raises and never asks the database, whose connection is busy meanwhile."""
        try:
            return Ready(message, self.rendered(message))
        except MissingField as error:
            return Ready(message, None, str(error)[:500], waits=message.campaign.wait_for_fields)
        except RenderError as error:
            return Ready(message, None, str(error)[:500])
        except Exception:  # our own fault, but one lead's mail must not hold up all others for ever
            log.exception("Message %d could not be built", message.id)
            return Ready(message, None, "eCRM could not build this mail: see its log.")

    def rendered(self, message: Claimed) -> Outgoing:
        thread = message.thread or NO_THREAD
        mark = Mark(message.campaign.organisation_id, message.id, message.lead.pk)
        renderer = self.renderer(message, thread.subject)
        data = renderer.mail(message.lead, mark, message.message_id, references=thread.references)
        return Outgoing(message.id, self.sender.address, message.lead.email, data, thread.provider_thread)

    def renderer(self, message: Claimed, subject: str) -> Renderer:
        """The variant's, under the subject of the thread that it answers."""
        key = message.variant.pk, subject
        found = self.renderers.get(key)
        if found is None:
            campaign = message.campaign
            found = Renderer(
                *(campaign, message.variant, self.sender, campaign.organisation),
                subject=subject,
                content=message.content,
            )
            self.renderers[key] = found
        return found
