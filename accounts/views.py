"""Sign-up and sign-in pages (static; `static/js/auth.js` speaks to allauth), one's account, one's organisations."""

import json

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import OrgRequest, safe_path, sign_link
from accounts.forms import FoundForm, OrganisationForm, ProfileForm
from accounts.models import Membership, Role, User
from accounts.services import found_organisation
from ecrm.web import go, public

MEMBERS_SHOWN = 500


@public
@require_GET
def landing(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/landing.html")


@public
@require_GET
def signup(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/signup.html")


@public
@require_GET
def signin(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/signin.html", {"new_password": {"reset", "changed"} & set(request.GET)})


@public
@require_GET
def verify(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/verify.html", {"catcher": settings.MAIL_CATCHER_DIR})


@public
@require_GET
def reset(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/reset.html", {"catcher": settings.MAIL_CATCHER_DIR})


@public
@require_GET
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/privacy.html")


def user_of(request: HttpRequest) -> User:
    """The signed-in user of a page behind the door (`accounts.middleware`)."""
    assert isinstance(request.user, User)
    return request.user


@require_http_methods(["GET", "POST"])
def organisations(request: HttpRequest) -> HttpResponse:
    """Straight into the only organisation; a chooser where there are several, or with `?choose`."""
    user = user_of(request)
    form = FoundForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        founded = found_organisation(form.cleaned_data["name"], user)
        return go(f"/o/{founded.slug}/", f"{founded.name} is founded.")
    memberships = list(
        Membership.objects.select_related("organisation").filter(user=user).order_by("organisation__name")
    )
    if len(memberships) == 1 and request.method == "GET" and "choose" not in request.GET:
        return redirect(f"/o/{memberships[0].organisation.slug}/")
    context = {"memberships": memberships, "form": form, "active": "organisations"}
    status = 422 if form.errors else 200
    return render(request, "accounts/organisations.html", context, status=status)


@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST or None, instance=user_of(request))
    if request.method == "POST" and form.is_valid():
        form.save()
        return go("/account/", "Saved.")
    return render(
        request, "accounts/account.html", {"form": form, "active": "account"}, status=422 if form.errors else 200
    )


@require_POST
def link(request: HttpRequest) -> JsonResponse:
    """Sign a link to one path of ours, for one minute and this user: what a download is opened with."""
    try:
        path = safe_path(str(json.loads(request.body)["path"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        path = None
    if path is None:
        return JsonResponse({"error": 'Send {"path": …} with a path of this site.'}, status=422)
    return JsonResponse({"url": sign_link(path, user_of(request))})


@require_http_methods(["GET", "POST"])
def organisation_settings(request: OrgRequest) -> HttpResponse:
    form = OrganisationForm(request.POST or None, instance=request.organisation)
    if request.method == "POST" and form.is_valid():
        form.save()
        return go(request.path, "Saved.")
    members = request.organisation.memberships.select_related("user").order_by("user__name")[:MEMBERS_SHOWN]
    context = {"form": form, "members": members, "active": "organisation-settings"}
    return render(request, "accounts/settings.html", context, status=422 if form.errors else 200)


organisation_settings.role_for_post = Role.OWNER  # type: ignore[attr-defined]  # members look, owners change
