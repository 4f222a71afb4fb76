"""The organisation's files: their page, uploads from there and from the editor, and the bytes of one."""

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrgRequest
from campaigns.files.keeping import BadFile, add_file, delete_file
from campaigns.files.sizes import MOST_IN_FILE, megabytes
from campaigns.models import MailFile
from campaigns.views.common import MOST_TYPED, may_manage
from ecrm.web import go, page_of, toast_event

# How many of the newest are offered in the editor.
MOST_CHOICES = 100


def file_of(request: OrgRequest, pk: int) -> MailFile:
    """The organisation's file `pk`; raises Http404."""
    return get_object_or_404(request.organisation.mail_files, pk=pk)


@require_http_methods(["GET", "POST"])
def index(request: OrgRequest) -> HttpResponse:
    problem = ""
    if request.method == "POST":
        try:
            file = upload(request)
            return go(reverse("mail-files", kwargs={"org": request.organisation.slug}), f"{file.name} is kept.")
        except BadFile as error:
            problem = str(error)
    q = request.GET.get("q", "").replace("\0", "").strip()[:MOST_TYPED]
    files = request.organisation.mail_files.defer("data").select_related("created_by").order_by("-pk")
    context: dict[str, Any] = {
        "page": page_of(request, files.filter(name__icontains=q) if q else files),
        "q": q,
        "problem": problem,
        "most": MOST_IN_FILE,
        "most_in_words": megabytes(MOST_IN_FILE),
        "may_manage": may_manage(request),
        "active": "campaigns",
        "part": "files",
    }
    return render(request, "campaigns/library/files.html", context, status=422 if problem else 200)


def upload(request: OrgRequest) -> MailFile:
    """Keep the uploaded file; raises BadFile."""
    sent = request.FILES.get("file")
    if not isinstance(sent, UploadedFile):
        raise BadFile("Choose a file.")
    # One byte more than is allowed tells that there is more; nothing larger is read.
    return add_file(request.organisation, request.user, sent.name or "", sent.read(MOST_IN_FILE + 1))


@require_POST
def add(request: OrgRequest) -> HttpResponse:
    """Keep a file that the editor sends, and answer with what it shows of it; or with why not, as text."""
    try:
        return render(request, "campaigns/_file.html", {"file": upload(request)})
    except BadFile as error:
        return HttpResponse(str(error), content_type="text/plain; charset=utf-8", status=422)


@require_GET
def shown(request: OrgRequest, pk: int) -> HttpResponse:
    """What the editor shows of a file."""
    return render(request, "campaigns/_file.html", {"file": file_of(request, pk)})


@require_GET
def choose(request: OrgRequest) -> HttpResponse:
    """The newest files, to choose from in the editor."""
    files = request.organisation.mail_files.defer("data").order_by("-pk")[:MOST_CHOICES]
    return render(request, "campaigns/_files_choice.html", {"files": files})


@require_GET
def data(request: OrgRequest, pk: int) -> HttpResponse:
    """The file itself, to be saved: a browser must not take it for a page of ours, whatever is in it."""
    file = file_of(request, pk)
    response = HttpResponse(
        bytes(file.data), content_type=file.content_type if file.is_image else "application/octet-stream"
    )
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@require_POST
def delete(request: OrgRequest, pk: int) -> HttpResponse:
    file = file_of(request, pk)
    response = go(reverse("mail-files", kwargs={"org": request.organisation.slug}), f"{file.name} is deleted.")
    try:
        delete_file(file)
    except BadFile as error:
        response["HX-Trigger"] = toast_event(str(error), "error")
    return response
