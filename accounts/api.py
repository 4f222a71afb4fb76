"""`/api/v1/me`, and how every API call knows its caller."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from ninja import Field, Router
from ninja.security import HttpBearer

from accounts.access import OrgRequest, bearer_user, enter_organisation, role_for
from accounts.models import Membership, Organisation, Role, User
from ecrm.rest import Body, Slug

router = Router(tags=["Account"])


class BearerAuth(HttpBearer):
    """The user of the access token; under `/orgs/{org}/` a member of it whose role allows the method."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        user = bearer_user(request)
        if user is None:
            return None
        request.user = user
        match = request.resolver_match
        if match and "org" in match.kwargs:
            enter_organisation(request, user, match.kwargs["org"], role_for(request.method or "GET"))
        return user


@router.get("/me", summary="Who am I, and where do I belong")
def me(request: HttpRequest) -> dict[str, Any]:
    user = request.user
    assert isinstance(user, User)
    memberships = Membership.objects.select_related("organisation").filter(user=user).order_by("organisation__name")
    return {
        "id": str(user.pk),
        "name": user.name,
        "email": user.email,
        "organisations": [
            {"slug": member.organisation.slug, "name": member.organisation.name, "role": member.role}
            for member in memberships
        ],
    }


class OrganisationPatch(Body):
    name: str = Field("", min_length=1, max_length=200)
    postal_address: str = Field("", max_length=500, description="Stands in the footer of every campaign mail.")


def show_organisation(organisation: Organisation) -> dict[str, Any]:
    return {"slug": organisation.slug, "name": organisation.name, "postal_address": organisation.postal_address}


@router.get("/orgs/{org}", summary="One organisation of yours")
def read_organisation(request: OrgRequest, org: Slug) -> dict[str, Any]:
    return show_organisation(request.organisation)


@router.patch("/orgs/{org}", summary="Change its name or postal address; owners only")
def change_organisation(request: OrgRequest, org: Slug, body: OrganisationPatch) -> dict[str, Any]:
    if not request.membership.may(Role.OWNER):
        raise PermissionDenied("Only an owner changes the organisation.")
    values = body.model_dump(exclude_unset=True)
    for name, value in values.items():
        setattr(request.organisation, name, value.replace("\0", ""))
    if values:
        request.organisation.save(update_fields=list(values))
    return show_organisation(request.organisation)
