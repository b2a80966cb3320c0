"""Users, groups and what stops password guessing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from axes.models import AccessAttempt
from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.safestring import SafeString

from orchestration.access import rules
from orchestration.actions import audit
from orchestration.actions.accounts import LastAdministratorError, nobody_left, one_at_a_time, password_changed
from orchestration.actions.executor_rights import LAST_GROUP
from orchestration.actions.groups import change_group, create_group, delete_group
from orchestration.actions.people import change_person, create_person, delete_person
from orchestration.actions.sessions import end_sessions
from orchestration.models import ApiToken, ExecutorConfig, OidcIdentity, SignedIn

from . import person_page
from .dates import NamesDates
from .person_form import PersonForm, RoleForm
from .read_only import ReadOnlyAdmin
from .turns import TakesTurns
from .visible import actor_of

admin.site.unregister((User, Group))

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Any]
else:
    _Base = object

#: What goes with a user.
_THEIRS: Final = (ApiToken, OidcIdentity, SignedIn)


class KeepsAnAdministrator(TakesTurns, _Base):
    """Saves and deletes by the acts, and nothing that the last administrator is one by, alone or among many.

    Administrators alone change people: with the bare permission, somebody could make themselves one.
    """

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the rules."""
        return rules.may_see_people(actor_of(request), self.model)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Ask the rules."""
        return rules.may_manage_people(actor_of(request), "add", self.model)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the rules."""
        return rules.may_manage_people(actor_of(request), "change", self.model)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the rules."""
        return rules.may_manage_people(actor_of(request), "delete", self.model)

    def lock_row(self, pk: Any) -> None:
        """Lock what everybody locks who changes users or groups."""
        one_at_a_time()

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Leave it to the act to save the row, with a password where there is one."""
        return form.instance

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Groups and permissions were saved with the row."""

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete one by one: each has its entry in the trail."""
        self.delete_each(request, queryset)

    def takes_the_last(self, rows: Sequence[Any]) -> bool:
        """Tell whether nobody would administer the site without some rows."""
        raise NotImplementedError

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Refuse it before Django asks whether one is sure; to whom it is not theirs at all, Django does."""
        with transaction.atomic():
            row = self.get_object(request, unquote(object_id))
            if row is not None and self.has_delete_permission(request, row) and self.takes_the_last([row]):
                messages.error(request, str(LastAdministratorError()))
                return redirect(f"admin:auth_{self.opts.model_name}_change", object_id)
            response: HttpResponse = super().delete_view(request, object_id, extra_context)
            return response

    @admin.action(permissions=["delete"], description="Delete selected %(verbose_name_plural)s")
    def delete_selected(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse | None:
        """Refuse to delete many, all or none. `rows` is what Django deletes, whatever was ticked."""
        try:
            with transaction.atomic():
                if self.takes_the_last(list(rows)):
                    raise LastAdministratorError
                return delete_selected(self, request, rows)
        except LastAdministratorError as error:
            messages.error(request, str(error))
            return None


class NewPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]  # it takes none at run time
    """Saves the password and nothing else: by now, the rest of the row may be of old."""

    def save(self, commit: bool = True) -> User:
        """Save the password, or that there is none."""
        user: User = super().save(commit=False)
        user.save(update_fields=["password"])
        return user


@admin.register(User)
class PersonAdmin(KeepsAnAdministrator, NamesDates, UserAdmin):  # type: ignore[type-arg]  # it takes none at run time
    """Users, with their roles: groups of the names viewer, operator, editor and admin."""

    form = PersonForm
    change_password_form = NewPasswordForm
    list_display = ("username", "email", "roles", "is_active", "is_staff", "is_superuser", "last_login")
    readonly_fields = ("last_login", "date_joined", "what_they_may", "single_sign_on", "sessions", "tokens")
    change_form_template = "admin/auth/user/change_form.html"
    actions = ("delete_selected", "sign_out")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Bring the groups along."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Show first what somebody is here, and then what is asked."""
        asked = super().get_fieldsets(request, obj)
        # Where people are signed in, and by what, is for administrators here as on the lists of it.
        more = ("sessions", "tokens", "single_sign_on") if rules.may_administer(actor_of(request)) else ()
        shown = ("what_they_may", *more)
        return asked if obj is None else [*asked[:1], ("Here", {"fields": shown}), *asked[1:]]

    def get_urls(self) -> list[Any]:
        """Add what signs somebody out everywhere."""
        view = self.admin_site.admin_view(self.sign_out_view)
        return [path("<int:pk>/sign-out/", view, name="user-sign-out"), *super().get_urls()]

    def sign_out_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """End all sessions of somebody, but the one that asks."""
        person = get_object_or_404(User, pk=pk)
        if request.method != "POST" or not self.has_change_permission(request, person):
            raise PermissionDenied("People are signed out by administrators, with the button on their page.")
        count = self._sign_out(request, person)
        messages.success(request, f"{person.get_username()}: {count} session{'' if count == 1 else 's'} ended.")
        return redirect("admin:auth_user_change", pk)

    @admin.action(description="Sign the selected users out everywhere", permissions=["change"])
    def sign_out(self, request: HttpRequest, people: QuerySet[User]) -> None:
        """End all sessions of some people, but the one that asks."""
        count = sum(self._sign_out(request, person) for person in people)
        messages.success(request, f"{count} session{'' if count == 1 else 's'} ended.")

    def _sign_out(self, request: HttpRequest, person: User) -> int:
        return end_sessions(person, user=actor_of(request).user, but=request.session.session_key)

    def takes_the_last(self, rows: Sequence[User]) -> bool:
        """Tell whether nobody would administer the site without some users."""
        return nobody_left(without=rows)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save by the act, which writes into the audit trail."""
        user = actor_of(request).user
        if change:
            change_person(obj, form.values(), **form.rights(), user=user)
        else:
            data = form.cleaned_data
            password = data["password1"] if data["set_usable_password"] else None
            obj.pk = create_person({"username": data["username"]}, password, user=user).pk
        obj.refresh_from_db()

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete by the act."""
        delete_person(obj, user=actor_of(request).user)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Let the new password, its audit entry and the end of that person's sessions be one."""
        with transaction.atomic():
            if request.method == "POST":
                self._lock(id)
            before = self.get_object(request, unquote(id))
            response = super().user_change_password(request, id, form_url)
            after = self.get_object(request, unquote(id))
            # Each one that is set is stored with a salt of its own, also the same one again.
            if before is not None and after is not None and before.password != after.password:
                password_changed(after, user=actor_of(request).user, keep=request.session.session_key)
            return response

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Let tokens, sessions and links to single sign-on go with their user, although nobody deletes them alone."""
        listed, counts, needed, protected = super().get_deleted_objects(objs, request)
        return listed, counts, needed - {model._meta.verbose_name for model in _THEIRS}, protected

    @admin.display(description="roles and groups")
    def roles(self, user: User) -> str:
        """Show the groups in one line."""
        return ", ".join(sorted(group.name for group in user.groups.all())) or "none"

    @admin.display(description="may")
    def what_they_may(self, user: User) -> SafeString:
        """Say it in words."""
        return person_page.roles_of(user)

    @admin.display(description="single sign-on")
    def single_sign_on(self, user: User) -> SafeString:
        """Show whom a provider means by them."""
        return person_page.identities_of(user)

    @admin.display(description="signed in")
    def sessions(self, user: User) -> SafeString:
        """Show where they are signed in."""
        return person_page.sessions_of(user)

    @admin.display(description="tokens")
    def tokens(self, user: User) -> SafeString:
        """Show the tokens of their programs."""
        return person_page.tokens_of(user)


@admin.register(Group)
class RoleAdmin(KeepsAnAdministrator, GroupAdmin):
    """Groups: the four roles, and those that trees are shared with."""

    form = RoleForm
    actions = ("delete_selected",)

    def takes_the_last(self, rows: Sequence[Group]) -> bool:
        """Tell whether nobody would administer the site without what some groups give."""
        return nobody_left(without_groups=rows)

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        """Save by the act, which writes into the audit trail."""
        name, permissions = form.cleaned_data["name"], list(form.cleaned_data["permissions"])
        user = actor_of(request).user
        if change:
            change_group(obj, name=name, permissions=permissions, user=user)
        else:
            obj.pk = create_group(name, permissions, user=user).pk

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        """Delete by the act."""
        delete_group(obj, user=actor_of(request).user)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Keep groups that an executor is for alone: without them everybody could use it."""
        listed, counts, needed, protected = super().get_deleted_objects(objs, request)
        kept = [f"{config}: {LAST_GROUP}" for config in ExecutorConfig.objects.open_without(objs)]
        return listed, counts, needed, [*protected, *kept]


@admin.register(AccessAttempt)
class SignInLockAdmin(ReadOnlyAdmin[AccessAttempt]):
    """Wrong passwords by name and address; whoever waits because of them can be let in again."""

    empty_words = "Nobody has given a wrong password lately."
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
