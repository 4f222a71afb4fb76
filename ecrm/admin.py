"""The operators' admin: Django's, behind a second factor (`ecrm.operators`), with our own tables alone."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.contrib.admin import ModelAdmin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.sites import AdminSite
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from ecrm import operators, second_factor
from ecrm.operators import CodeForm

# Other people's tables, among them the second factors' secrets.
HIDDEN_APPS = {"auth", "account", "mfa"}
Row = TypeVar("Row", bound=Model)
private = [never_cache, sensitive_post_parameters()]


class LookOnly(ModelAdmin[Row]):
    """A table that operators look at and never change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False


class OperatorSite(AdminSite):
    site_title = site_header = "eCRM operators"
    index_title = "Overview"

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and operators.has_proved(request)

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        models = [model_or_iterable] if isinstance(model_or_iterable, ModelBase) else list(model_or_iterable)
        ours = [model for model in models if model._meta.app_label not in HIDDEN_APPS]
        super().register(ours, admin_class, **options)

    def get_urls(self) -> list[Any]:
        own = [
            path("login/code/", self.code, name="sign-in-code"),
            path("login/enrol/", self.enrol, name="sign-in-enrol"),
            path("recovery-codes/", self.admin_view(self.recovery_codes), name="recovery-codes"),
        ]
        return own + super().get_urls()

    @method_decorator(private)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The password; then on to the code."""
        onward = operators.onward_in(request)
        if self.has_permission(request):
            return redirect(onward)
        if request.method != "POST":
            return self.step(request, "sign_in", form=AdminAuthenticationForm(request), next=onward)
        email = request.POST.get("username", "")
        if not operators.may_try(request, "operator_password", email):
            form = AdminAuthenticationForm(request, initial={"username": email})
            return self.slow_down(request, "sign_in", form=form, next=onward)
        form = AdminAuthenticationForm(request, request.POST)
        if not form.is_valid():
            return self.step(request, "sign_in", 422, form=form, next=onward)
        operators.begin(request, form.get_user(), onward)
        return redirect("admin:sign-in-code" if second_factor.is_enrolled(form.get_user()) else "admin:sign-in-enrol")

    @method_decorator(private)
    def code(self, request: HttpRequest) -> HttpResponse:
        """The second factor of an operator who has one."""
        user = operators.half_way(request)
        if user is None or not second_factor.is_enrolled(user):
            return redirect("admin:login")
        if request.method != "POST":
            return self.step(request, "sign_in_code", form=CodeForm())
        if not operators.may_try(request, "operator_code", str(user.pk)):
            return self.slow_down(request, "sign_in_code", form=CodeForm())
        form = CodeForm(request.POST)
        if form.is_valid() and second_factor.proves(user, form.cleaned_data["code"]):
            return redirect(operators.finish(request, user))
        return self.wrong_code(request, "sign_in_code", form)

    @method_decorator(private)
    def enrol(self, request: HttpRequest) -> HttpResponse:
        """The first sign-in: an authenticator app takes the secret, and a code shows that it has."""
        user = operators.half_way(request)
        if user is None or second_factor.is_enrolled(user):
            return redirect("admin:login")
        secret = operators.secret_to_enrol(request)
        shown: dict[str, Any] = {"secret": secret, "picture": second_factor.picture(user, secret)}
        if request.method != "POST":
            return self.step(request, "sign_in_enrol", form=CodeForm(), **shown)
        if not operators.may_try(request, "operator_code", str(user.pk)):
            return self.slow_down(request, "sign_in_enrol", form=CodeForm(), **shown)
        form = CodeForm(request.POST)
        if form.is_valid() and second_factor.enrol(user, secret, form.cleaned_data["code"]):
            operators.finish(request, user)
            return redirect("admin:recovery-codes")
        return self.wrong_code(request, "sign_in_enrol", form, **shown)

    def recovery_codes(self, request: HttpRequest) -> HttpResponse:
        """Shown until the operator says that they are stored."""
        assert isinstance(request.user, AbstractBaseUser)
        if request.method == "POST":
            second_factor.store_codes(request.user)
        codes = second_factor.unseen_codes(request.user)
        if not codes:
            return redirect("admin:index")
        return self.step(request, "recovery_codes", codes=codes, title="Recovery codes")

    def step(self, request: HttpRequest, template: str, status: int = 200, **context: Any) -> HttpResponse:
        common = {"title": "Sign in", "subtitle": None, "app_path": request.get_full_path()}
        request.current_app = self.name  # as Django's own views do, for {% url %}
        return render(request, f"admin/{template}.html", self.each_context(request) | common | context, status=status)

    def wrong_code(self, request: HttpRequest, template: str, form: CodeForm, **context: Any) -> HttpResponse:
        if not form.errors:
            form.add_error("code", "This code is wrong or used up. Wait for the next one, then enter it.")
        return self.step(request, template, 422, form=form, **context)

    def slow_down(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        error = "Too many tries. Please wait five minutes, then try again."
        response = self.step(request, template, 429, error=error, **context)
        response["Retry-After"] = str(operators.WAIT_SECONDS)
        return response
