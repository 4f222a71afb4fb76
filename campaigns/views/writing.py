"""What the editor asks for while somebody writes: the plain text that is made from the HTML, and a page for the visual mode."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from accounts.access import OrgRequest
from campaigns.rendering import RenderError
from campaigns.rendering.limits import MAX_SOURCE
from campaigns.rendering.plain import html_to_text
from campaigns.rendering.snippets import expand, pieces_for
from ecrm.web import public

# An empty page, the same for everyone, whose one difference to ours is that style attributes count in it, as they do in a
# mail. Nothing in it runs or loads: the editor's script, which is ours, fills it from outside.
CANVAS = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mail</title><style>
body { margin: 0; padding: 12px; font: 15px/1.5 sans-serif; color: #1a1a1a; background: #fff; overflow-wrap: anywhere; }
body:focus { outline: none; }
img { max-width: 100%; }
[data-liquid] { background: #e4ecf7; border-radius: 4px; padding: 1px 4px; font: 13px monospace; white-space: pre-wrap; }
</style></head><body></body></html>
"""
CANVAS_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)


@require_POST
def derive(request: OrgRequest) -> HttpResponse:
    """The plain text of the HTML that is being written, its fields left in place; with 422 why there is none."""
    source = request.POST.get("body_html", "")[:MAX_SOURCE].replace("\0", "")
    try:
        text = html_to_text(expand(source, pieces_for(request.organisation.pk, [source]), html=True))
        return HttpResponse(text, content_type="text/plain; charset=utf-8")
    except RenderError as error:
        return HttpResponse(str(error), content_type="text/plain; charset=utf-8", status=422)


@public
@require_GET
def canvas(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(CANVAS)
    response["Content-Security-Policy"] = CANVAS_POLICY
    response["Cache-Control"] = "max-age=3600"
    return response
