"""One variant for one lead: what the reader sees, and the bytes that are sent."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any

from django.conf import settings

from accounts.models import Organisation
from campaigns.models import Campaign, Variant
from campaigns.rendering.content import Content, content_of
from campaigns.rendering.fields import lead_fields, sender_fields
from campaigns.rendering.files import EncodedFile
from campaigns.rendering.flat import NotFlat
from campaigns.rendering.footer import html_footer, html_signature, text_footer, text_signature
from campaigns.rendering.mime import (
    answer_lines,
    assemble,
    body_part,
    date_line,
    header_text,
    mailbox,
    unstructured,
    wire_lines,
)
from campaigns.rendering.plain import html_to_text
from campaigns.rendering.prepared import Parts, Prepared, Sources
from campaigns.rendering.subjects import subject_of
from campaigns.rendering.templates import RenderError, compiled, render_template
from leads.models import Lead
from senders.models import Sender
from tracking.rewriting import links, track_html
from tracking.tokens import Mark, unsubscribe_url


@dataclass(frozen=True)
class Rendered:
    """A mail as its reader sees it, footer included; `images` are those in the HTML, `attached` what comes with it."""

    subject: str
    html: str
    text: str
    images: tuple[EncodedFile, ...] = ()
    attached: tuple[EncodedFile, ...] = ()

    @property
    def page(self) -> str:
        """The HTML with its images in it."""
        html = self.html
        for file in self.images:
            html = html.replace(file.reference, file.data_url)
        return html


@lru_cache(maxsize=512)
def text_source(body_html: str, body_text: str) -> str:
    """The template of the plain-text part: the one written, or the HTML's own text with its fields left in place.

    Empty where that text is no template any more (a tag torn apart by the layout): then it is made from each mail's
    HTML.
    """
    if body_text.strip():
        return body_text
    try:
        derived = html_to_text(body_html)
        compiled(derived, False)
    except RenderError:
        return ""
    return derived


def leads_to(html: str, url: str) -> bool:
    """Whether a link in `html` goes to `url`; one in a comment or printed as text does not."""
    return (url in html or escape(url) in html) and url in links(html)


@dataclass
class Shelf:
    """Where the prepared form of a variant is kept from its second mail on: for a single one it costs more than it saves.

    Two threads may both prepare it; either form will do.
    """

    asked: bool = False
    prepared: Prepared | None = None
    hopeless: bool = False


@lru_cache(maxsize=128)
def shelf(*whatever_a_form_is_made_of: Any) -> Shelf:
    return Shelf()


class Renderer:
    """Renders one campaign's mails of one variant through one sender; keeps what does not differ between leads.

    Several threads may share one. `subject` is the template of a subject in place of the variant's own: that of the mail
    that it answers. `content` is read from the database where it is not given.
    """

    def __init__(
        self,
        campaign: Campaign,
        variant: Variant,
        sender: Sender,
        organisation: Organisation,
        *,
        subject: str = "",
        content: Content | None = None,
    ) -> None:
        self.campaign = campaign
        self.subject = subject or variant.subject
        self.content = content or content_of(variant)
        self.sender = sender
        self.organisation = organisation
        self.common = sender_fields(sender, organisation)
        self.html_source = self.content.html if self.content.html.strip() else ""
        self.text_source = text_source(self.content.html, self.content.text)
        # Where the template places the signature itself, it is not added a second time.
        self.signature = "" if "sender.signature" in self.content.html + self.content.text else sender.signature.strip()
        self.sender_lines = [mailbox("From", sender.name, sender.address)]
        if sender.reply_address:
            self.sender_lines.append(mailbox("Reply-To", sender.name, sender.reply_address))
        self.shelf = shelf(
            *(self.subject, self.html_source, self.text_source, self.signature),
            *(sender.name, sender.address, sender.signature, organisation.name, organisation.postal_address),
            *(campaign.track_opens, campaign.track_clicks, settings.PUBLIC_URL),
        )

    def values(self, lead: Lead, unsubscribe: str) -> dict[str, Any]:
        return lead_fields(lead) | self.common | {"unsubscribe_url": unsubscribe}

    def render(self, lead: Lead, unsubscribe: str) -> Rendered:
        """The mail for `lead`, links untracked; raises RenderError."""
        if self.content.problem:
            raise RenderError(self.content.problem)
        values = self.values(lead, unsubscribe)
        subject = header_text(render_template(self.subject, values, html=False))
        if not subject:
            raise RenderError("The subject is empty for this lead.")
        html = render_template(self.html_source, values, html=True) if self.html_source else ""
        html, text = self.dress(html, self.render_text(html, values), unsubscribe)
        return Rendered(subject, html, text, self.content.images, self.content.attached)

    def render_text(self, html: str, values: dict[str, Any]) -> str:
        if not self.text_source and html:
            return html_to_text(html)
        return render_template(self.text_source, values, html=False)

    def dress(self, html: str, text: str, unsubscribe: str) -> tuple[str, str]:
        """Both bodies with signature and footer; `html` empty: it stays so."""
        text = text_signature(text, self.signature)
        # Each part shows the way out by itself: a reader sees one of them, and a template may place it in the other.
        text = text_footer(text, self.organisation, unsubscribe, link=unsubscribe not in text)
        if html:
            html = html_signature(html, self.signature)
            html = html_footer(html, self.organisation, unsubscribe, link=not leads_to(html, unsubscribe))
        return html, text

    def mail(
        self,
        lead: Lead,
        mark: Mark,
        message_id: str,
        at: datetime | None = None,
        references: Sequence[str] = (),
    ) -> bytes:
        """The complete MIME mail of message `mark.message`, tracked as the campaign says, an answer to the last of
        `references` (Message-IDs without brackets, oldest first); raises RenderError.
        """
        unsubscribe = unsubscribe_url(mark)
        parts = self.prepared_parts(lead, mark, unsubscribe) or self.parts(lead, mark, unsubscribe)
        return self.finish(lead, parts, unsubscribe, message_id, at, references)

    def finish(
        self,
        lead: Lead,
        parts: Parts,
        unsubscribe: str,
        message_id: str,
        at: datetime | None = None,
        references: Sequence[str] = (),
    ) -> bytes:
        """The mail's bytes from its parts."""
        headers = [
            *self.sender_lines,
            mailbox("To", lead.full_name, lead.email),
            unstructured("Subject", parts.subject),
            date_line(int(at.timestamp() if at else time.time())),
            f"Message-ID: <{message_id}>",
            *answer_lines(references),
            f"List-Unsubscribe: <{unsubscribe}>",  # RFC 2369
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",  # RFC 8058
        ]
        images = [file.inline for file in self.content.images]
        return assemble(headers, parts.plain, parts.html, images, [file.attached for file in self.content.attached])

    def parts(self, lead: Lead, mark: Mark, unsubscribe: str) -> Parts:
        """The mail without headers, by the whole pipeline; raises RenderError."""
        rendered = self.render(lead, unsubscribe)
        html = rendered.html
        if html and (self.campaign.track_opens or self.campaign.track_clicks):
            html = track_html(html, mark, opens=self.campaign.track_opens, clicks=self.campaign.track_clicks)
        return Parts(
            rendered.subject,
            body_part("text/plain", wire_lines(rendered.text)),
            body_part("text/html", wire_lines(html)) if html else b"",
        )

    def prepared_parts(self, lead: Lead, mark: Mark, unsubscribe: str) -> Parts | None:
        """The same from the prepared form; None where there is none for this variant, this lead, or a test mail."""
        if not mark.message or self.content.problem or not (prepared := self.prepared()):
            return None
        try:
            return prepared.parts(self.values(lead, unsubscribe), mark, unsubscribe)
        except NotFlat:
            return None

    def prepared(self) -> Prepared | None:
        """The variant's prepared form, from its second mail on, where it can have one."""
        kept = self.shelf
        if kept.prepared or kept.hopeless:
            return kept.prepared
        if not kept.asked:
            kept.asked = True
            return None
        try:
            kept.prepared = self.prepare()
        except (NotFlat, RenderError):
            kept.hopeless = True
        return kept.prepared

    def prepare(self) -> Prepared:
        if self.html_source and not self.text_source:
            raise NotFlat  # the text is made from each mail's HTML
        opens, clicks = self.campaign.track_opens, self.campaign.track_clicks
        sources = Sources(self.subject, self.html_source, self.text_source)
        return Prepared(sources, self.common, self.dress, opens=opens, clicks=clicks)


def preview(campaign: Campaign, variant: Variant, lead: Lead, sender: Sender | None) -> Rendered:
    """The mail as `lead` would read it, links untracked and the unsubscribe link dead; raises RenderError."""
    shown = sender or Sender(name=campaign.organisation.name, address="sender@example.com")
    renderer = Renderer(campaign, variant, shown, campaign.organisation, subject=subject_of(variant))
    return renderer.render(lead, "#unsubscribe")
