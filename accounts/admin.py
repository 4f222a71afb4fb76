"""What operators see of people and organisations. They change who may sign in and who is an operator, nothing else."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.models import Membership, Organisation, User
from ecrm.admin import LookOnly

# A table is counted up to here; an operator need not wait for the exact number of a hundred million rows.
COUNTED = 100_000


class Memberships(admin.TabularInline[Membership, Model]):
    model = Membership
    fields = ("user", "organisation", "role", "created_at")
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user", "organisation")


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    """People come by sign-up or by `manage.py`; their passwords are nobody's but theirs."""

    list_display = ("email", "name", "is_active", "is_staff", "created_at", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "name")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    fields = ("email", "name", "is_active", "is_staff", "is_superuser", "created_at", "last_login")
    readonly_fields = ("email", "name", "created_at", "last_login")
    inlines = (Memberships,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Nobody makes an operator who is not a superuser, and nobody shuts themselves out."""
        rights = ("is_active", "is_staff", "is_superuser")
        may_change = request.user.is_superuser and (obj is None or obj.pk != request.user.pk)
        return self.readonly_fields if may_change else (*self.readonly_fields, *rights)


@admin.register(Organisation)
class OrganisationAdmin(LookOnly[Organisation]):
    list_display = ("name", "slug", "members_count", "created_at")
    search_fields = ("name", "slug", "memberships__user__email")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    fields = ("name", "slug", "postal_address", "created_at", "holds")
    readonly_fields = fields
    inlines = (Memberships,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organisation]:
        return super().get_queryset(request).annotate(members_number=Count("memberships"))

    @admin.display(description="members", ordering="members_number")
    def members_count(self, organisation: Any) -> int:
        return int(organisation.members_number)

    @admin.display(description="holds")
    def holds(self, organisation: Organisation) -> SafeString:
        """How many rows of every table that carries this organisation, whichever app it is of."""
        relations = organisation._meta.related_objects
        rows = [
            (relation.related_model._meta.verbose_name_plural, counted(relation, organisation))
            for relation in relations
        ]
        return format_html_join("", "<div>{}: {}</div>", sorted(rows))


def counted(relation: Any, organisation: Organisation) -> str:
    found = relation.related_model._base_manager.filter(**{relation.field.name: organisation})
    number = found.order_by()[: COUNTED + 1].count()
    return f"more than {COUNTED}" if number > COUNTED else str(number)


@admin.register(Membership)
class MembershipAdmin(LookOnly[Membership]):
    list_display = ("user", "organisation", "role", "created_at")
    list_filter = ("role",)
    search_fields = ("user__email", "user__name", "organisation__name", "organisation__slug")
    list_select_related = ("user", "organisation")
    ordering = ("-created_at",)
