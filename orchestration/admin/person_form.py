"""The forms of users and groups: what the acts would refuse is said at its field."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group

from orchestration.actions.accounts import LastAdministratorError
from orchestration.actions.groups import is_last_of_administrators
from orchestration.actions.people import FIELDS, is_last_administrator, person_problems

from .problems import add_problems
from .turns import SeenModelForm, SeenRow


class PersonForm(SeenRow, UserChangeForm):  # type: ignore[type-arg]  # it takes none at run time
    """Refuses to take the rights of the last administrator, whichever way."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # fills the instance
        if self.errors:
            return
        add_problems(self, person_problems(self.instance))
        if self.instance.pk is not None and is_last_administrator(self.instance, **self.rights()):
            self.add_error(None, str(LastAdministratorError()))

    def values(self) -> dict[str, Any]:
        """Return what is asked for of FIELDS."""
        return {name: self.cleaned_data[name] for name in FIELDS if name in self.cleaned_data}

    def rights(self) -> dict[str, Any]:
        """Return groups and permissions by the names that the acts have for them; what is not asked for stays."""
        asked = {"groups": "groups", "permissions": "user_permissions"}
        found = {name: self.cleaned_data.get(field) for name, field in asked.items()}
        return {name: None if rows is None else list(rows) for name, rows in found.items()}


class RoleForm(SeenModelForm[Group]):
    """Refuses to take from a group what only its members administer the site by."""

    class Meta:
        model = Group
        fields = ("name", "permissions")

    def clean(self) -> dict[str, Any]:
        """Tell whether somebody administers the site afterwards."""
        data: dict[str, Any] = super().clean() or {}
        if self.instance.pk is not None and is_last_of_administrators(self.instance, data.get("permissions", ())):
            self.add_error(None, str(LastAdministratorError()))
        return data
