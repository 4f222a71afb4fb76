"""`/api/v1/me`, and how every API call knows its caller."""

from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.security import HttpBearer

from accounts.access import bearer_user, enter_organisation, role_for
from accounts.models import Membership, User

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
