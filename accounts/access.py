"""Who is asking, and may they: every page and every API call comes through these few functions.

In: a request with `Authorization: Bearer <access token>`, or a link signed for a minute. Out: the user, and where the
URL names an organisation, the caller's membership in it. Someone else's organisation is a 404, never a 403.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import quote, unquote, urlsplit

from allauth.core.internal.sessionkit import get_session_user
from allauth.headless.internal.sessionkit import lookup_session
from allauth.headless.tokens.strategies.jwt.internal import session_key_from_sid, validate_access_token
from django.core.exceptions import PermissionDenied
from django.core.signing import BadSignature, TimestampSigner
from django.http import Http404, HttpRequest

from accounts.models import Membership, Organisation, Role, User

LINK_SECONDS = 60
SIGNED = "signed="
_signer = TimestampSigner(salt="signed-link")

if TYPE_CHECKING:

    class OrgRequest(HttpRequest):
        """A request that passed `enter_organisation`."""

        user: User
        organisation: Organisation
        membership: Membership
else:
    OrgRequest = HttpRequest


def bearer_user(request: HttpRequest) -> User | None:
    """The user of the request's access token; None where there is none, or it is expired, forged or signed out."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > 4096:
        return None
    found = validate_access_token(token.strip())
    if found is None:
        return None
    user, claims = found
    user.sid = claims["sid"]
    return cast(User, user)


def enter_organisation(request: HttpRequest, user: User, slug: str, role: Role) -> Membership:
    """Resolve the organisation in the URL once, and set `request.organisation` and `request.membership`.

    Raises Http404 where the user is no member, PermissionDenied where the role does not allow it.
    """
    membership = Membership.objects.select_related("organisation").filter(user=user, organisation__slug=slug).first()
    if membership is None:
        raise Http404("No such organisation.")
    membership.user = user
    entered = cast(OrgRequest, request)
    entered.membership = membership
    entered.organisation = membership.organisation
    if not membership.may(role):
        raise PermissionDenied(f"This needs the role of {role.label.lower()} in {membership.organisation.name}.")
    return membership


def role_for(method: str) -> Role:
    """The least role a request needs by default: looking is for every member, changing for managers."""
    return Role.VIEWER if method in {"GET", "HEAD", "OPTIONS"} else Role.MANAGER


def sign_link(path: str, user: User) -> str:
    """`path` (with its query) as a link that a browser may open as `user` within a minute, by GET, while the session
    that `user` came through lives. What says so ends the link, and all before it is signed.
    """
    prefix = path + ("&" if "?" in path else "?")
    stamp, signature = _signer.sign(f"{user.sid}:{prefix}").rsplit(":", 2)[-2:]
    return f"{prefix}{SIGNED}{quote(f'{user.sid}:{stamp}:{signature}', safe=':')}"


def signed_link_user(request: HttpRequest) -> User | None:
    """The user a signed link was made for; None where its signature is wrong, stale or for another link, and where the
    session has ended (signed out, password changed, shut out).
    """
    prefix, _, proof = request.get_full_path().rpartition(SIGNED)
    sid, _, signature = unquote(proof).partition(":")
    if not sid or "&" in proof or request.method != "GET":
        return None
    try:
        _signer.unsign(f"{sid}:{prefix}:{signature}", max_age=LINK_SECONDS)
    except BadSignature:
        return None
    key = session_key_from_sid(sid)
    session = lookup_session(key) if key else None
    user = cast("User | None", get_session_user(session) if session else None)
    if user is not None:
        user.sid = sid
    return user


def safe_path(target: str) -> str | None:
    """`target` where it is a path on this host that a link may be signed for; None otherwise."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    return target if target.isprintable() else None  # no half characters either, which JSON can spell
