"""Users, groups and what stops password guessing."""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from orchestration.access import rules
from orchestration.actions import audit
from orchestration.models import ApiToken

from .audited import Audited
from .read_only import ReadOnlyAdmin
from .visible import actor_of

admin.site.unregister((User, Group))


@admin.register(User)
class PersonAdmin(Audited, UserAdmin):  # type: ignore[type-arg]  # it takes none at run time
    """Users, with their roles: groups of the names viewer, operator, editor and admin."""

    list_display = ("username", "email", "roles", "is_active", "is_staff", "is_superuser", "last_login")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Bring the groups along."""
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description="roles and groups")
    def roles(self, user: User) -> str:
        """Show the groups in one line."""
        return ", ".join(sorted(group.name for group in user.groups.all())) or "none"

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Let the new password and its audit entry be one."""
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let tokens go with their user, although nobody deletes them by themselves."""
        listed, counts, needed, protected = super().get_deleted_objects(objs, request)
        return listed, counts, needed - {ApiToken._meta.verbose_name}, protected


@admin.register(Group)
class RoleAdmin(Audited, GroupAdmin):
    """Groups: the four roles, and those that trees are shared with."""


@admin.register(AccessAttempt)
class SignInLockAdmin(ReadOnlyAdmin[AccessAttempt]):
    """Wrong passwords by name and address; whoever waits because of them can be let in again."""

    list_display = ("username", "ip_address", "failures_since_start", "attempt_time")
    list_filter = ("attempt_time",)
    search_fields = ("=username", "=ip_address")
    search_help_text = "User name or address"
    ordering = ("-attempt_time",)
    fields = ("username", "ip_address", "user_agent", "failures_since_start", "attempt_time")
    actions = ("end_wait",)

    def has_view_permission(self, request: HttpRequest, obj: AccessAttempt | None = None) -> bool:
        """Administrators."""
        return rules.may_administer(actor_of(request))

    def has_module_permission(self, request: HttpRequest) -> bool:
        """The same."""
        return self.has_view_permission(request)

    @admin.action(description="End the wait of the selected names", permissions=["view"])
    def end_wait(self, request: HttpRequest, attempts: QuerySet[AccessAttempt]) -> None:
        """Forget the wrong passwords."""
        for attempt in attempts:
            detail = {"username": attempt.username, "address": attempt.ip_address}
            audit.record("session.unlock", user=actor_of(request).user, detail=detail)
        attempts.delete()
        self.message_user(request, "They may try again at once.")
