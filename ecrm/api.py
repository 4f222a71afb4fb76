"""The JSON API at `/api/v1/`: joins the apps' routers and turns every error into problem details."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, RawPostDataException
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.docs import Swagger

from accounts.api import BearerAuth
from accounts.api import router as accounts_router
from accounts.idempotency import idempotent
from campaigns.api import router as campaigns_router
from ecrm.problems import Problem, problem
from leads.api import router as leads_router
from senders.api import router as senders_router

api = NinjaAPI(
    title="eCRM",
    version="1",
    description="Everything the dashboard does, a program can do. Tokens come from `/_allauth/app/v1/auth/login`.",
    auth=BearerAuth(),
    urls_namespace="api",
    docs=Swagger(settings={"validatorUrl": None}),  # it would send our address to another host
    docs_url="/docs",
    openapi_url="/openapi.json",
)
api.add_decorator(idempotent, mode="view")
api.add_router("", accounts_router)
api.add_router("/orgs/{org}", senders_router)
api.add_router("/orgs/{org}", leads_router)
api.add_router("/orgs/{org}", campaigns_router)


@api.exception_handler(Problem)
def on_problem(request: HttpRequest, error: Problem) -> HttpResponse:
    return problem(error.status, error.detail, error.errors)


@api.exception_handler(ValidationError)
def on_validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [{"field": field_name(item["loc"]), "message": item["msg"]} for item in error.errors]
    return problem(422, "Some values were not accepted.", errors)


def field_name(location: tuple[Any, ...]) -> str:
    """Where a value stood, as the caller spelt it: `steps.0.subject`. Ninja puts the source and argument name first."""
    parts = [str(part) for part in location]
    return ".".join(parts[2:] or parts[1:] or parts)


@api.exception_handler(AuthenticationError)
def on_unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(
        401, "Send a valid access token as `Authorization: Bearer …`.", headers={"WWW-Authenticate": "Bearer"}
    )


@api.exception_handler(PermissionDenied)
def on_forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return problem(403, str(error) or "Your role does not allow this.")


@api.exception_handler(Http404)
def on_missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, "There is nothing here.")


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, str(error))


@api.exception_handler(RawPostDataException)
def on_form(request: HttpRequest, error: RawPostDataException) -> HttpResponse:
    """A form was read for its `Idempotency-Key`, and the operation wants JSON."""
    return problem(415, "Send the body as application/json.")
