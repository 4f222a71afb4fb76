"""A claimed message's mail, or why there is none: one lead's mail must never hold up the others."""

import logging
from dataclasses import dataclass, field

from campaigns.engine.claim import Claimed
from campaigns.rendering import Renderer, RenderError
from senders.models import Sender
from senders.transports.base import Outgoing
from tracking.tokens import Mark

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ready:
    """A message and its finished mail; without one, `error` says why, for the campaign manager."""

    message: Claimed
    mail: Outgoing | None
    error: str = ""


@dataclass
class Kitchen:
    """Renders a batch; what the mails of one variant have in common is worked out once."""

    sender: Sender
    renderers: dict[int, Renderer] = field(default_factory=dict)

    def prepare(self, message: Claimed) -> Ready:
        """Never raises and never asks the database, whose connection is busy meanwhile."""
        try:
            return Ready(message, self.rendered(message))
        except RenderError as error:
            return Ready(message, None, str(error)[:500])
        except Exception:  # our own fault, but one lead's mail must not hold up all others for ever
            log.exception("Message %d could not be built", message.id)
            return Ready(message, None, "eCRM could not build this mail: see its log.")

    def rendered(self, message: Claimed) -> Outgoing:
        renderer = self.renderers.get(message.variant.pk)
        if renderer is None:
            renderer = Renderer(message.campaign, message.variant, self.sender, message.campaign.organisation)
            self.renderers[message.variant.pk] = renderer
        mark = Mark(message.campaign.organisation_id, message.id, message.lead.pk)
        data = renderer.mail(message.lead, mark, message.message_id)
        return Outgoing(message.id, self.sender.address, message.lead.email, data)
