"""Pages that show what the catcher kept. Development only: 404 where no catcher is configured."""

from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from ecrm.catcher import mail
from ecrm.web import go, public, render_page

PAGE_SIZE = 50
_public = urlsplit(settings.PUBLIC_URL)
# The mail as a mail client shows it: images load (the pixel is meant to), scripts do not run, links open elsewhere.
HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    f"img-src 'self' data: {_public.scheme}://{_public.netloc}; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


def folder() -> Path:
    if settings.MAIL_CATCHER_DIR is None:
        raise Http404("There is no mail catcher here.")
    return Path(settings.MAIL_CATCHER_DIR)


@public
@never_cache
@require_http_methods(["GET", "POST"])
def inbox(request: HttpRequest) -> HttpResponse:
    """The caught mails, newest first; a POST deletes them all."""
    if request.method == "POST":
        count = mail.delete_all(folder())
        return go(reverse("catcher"), f"{count} mails deleted.")
    recipient = request.GET.get("to", "").strip()[:320]
    page = Paginator(mail.matching(folder(), recipient), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "to": recipient, "mails": list(mail.summaries(folder(), list(page.object_list)))}
    return render_page(request, "catcher/inbox.html", context, fragment="catcher/_mails.html")


def found(name: str) -> mail.Mail:
    caught = mail.load(folder(), name)
    if caught is None:
        raise Http404("There is no such mail.")
    return caught


@public
@never_cache
@require_GET
def show(request: HttpRequest, name: str) -> HttpResponse:
    caught = found(name)
    text = mail.linked(caught.text) if caught.text is not None else None
    return render_page(request, "catcher/mail.html", {"mail": caught, "text": text})


@public
@never_cache
@require_GET
def html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML part itself, for the page's frame."""
    caught = found(name)
    if caught.html is None:
        raise Http404("This mail has no HTML part.")
    response = HttpResponse('<base target="_blank">' + caught.html, content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = HTML_POLICY
    return response
