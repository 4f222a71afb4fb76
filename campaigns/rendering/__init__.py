"""From a variant and a lead to the bytes of a mail.

In: a variant's Liquid templates, a lead, a sender, an organisation. The pipeline, a file a stage, in the order in
which the data passes: `fields` (what a template may name) → `templates` (Liquid) → `plain` (HTML to text) → `footer` →
tracked links (`tracking.rewriting`) → `mime`; `render` puts them together. Out: `Rendered` for the eye, MIME bytes for
the wire. From a variant's second mail on, `prepared` makes of each mail only what differs between leads, where its
templates are `flat`; the pipeline stays the definition, and both give the same bytes. What may fail: a template that does
not parse, a field that this lead lacks, a limit: all `RenderError`, in words.
"""

from campaigns.rendering.fields import STANDARD_FIELDS, sample_lead
from campaigns.rendering.render import Rendered, Renderer, preview
from campaigns.rendering.templates import MissingField, RenderError, check_template

__all__ = [
    "STANDARD_FIELDS",
    "MissingField",
    "RenderError",
    "Rendered",
    "Renderer",
    "check_template",
    "preview",
    "sample_lead",
]
