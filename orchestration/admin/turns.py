"""Pages of rows on which nobody overwrites unseen what somebody else has saved.

What an act refuses although the form was right, because somebody else was a moment earlier, is shown in the form like
any other mistake: what was typed is still there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from orchestration.actions.conflicts import refusal_text
from orchestration.actions.seen_forms import SeenForm
from orchestration.engine.errors import InvalidDefinitionError, OrchestrationError, Problem

from .generics import ModelForm
from .problems import add_problems

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
    from django.forms import BaseForm

    _Base = ModelAdmin[Any]
    _FormBase = BaseForm
else:
    _Base = _FormBase = object

M = TypeVar("M", bound=Model)

#: Where a request keeps what was refused.
_REFUSAL: Final = "_refusal"


class SeenRow(SeenForm):
    """Makes the form of a row one that overwrites nothing unseen; a row that is new has nothing that could be lost."""

    instance: Any

    def is_of_stored(self) -> bool:
        """Tell whether the row is stored."""
        return not self.instance._state.adding


class SeenModelForm(SeenRow, ModelForm[M]):
    """The form of a row."""


class _RefusedForm(_FormBase):
    """Refuses what was sent, and says why."""

    refusal: Sequence[Problem]

    def clean(self) -> Any:
        """Show the problems at their fields."""
        cleaned = super().clean()
        add_problems(self, self.refusal)
        return cleaned


def _refusal(error: Exception) -> Sequence[Problem]:
    """Return why an act refused what a form had let through; nothing when the error is a fault, or the database's."""
    if isinstance(error, InvalidDefinitionError):
        return error.problems
    text = refusal_text(error)
    return [] if text is None else [Problem("$", text)]


class TakesTurns(_Base):
    """Lets those who save the same row take turns, so that a form is compared with what the one before has stored."""

    def lock_row(self, pk: Any) -> None:
        """Keep others from saving the row until the transaction ends."""
        list(self.model._base_manager.select_for_update(no_key=True).filter(pk=pk).values_list("pk"))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Wait for one's turn before the row is read."""
        try:
            return self._in_turn(request, object_id, form_url, extra_context)
        except (OrchestrationError, DatabaseError) as error:
            problems = _refusal(error) if request.method == "POST" else []
            if not problems:
                raise
        for _ in messages.get_messages(request):
            pass  # one may say that it was saved
        setattr(request, _REFUSAL, problems)
        return self._in_turn(request, object_id, form_url, extra_context)

    def _in_turn(
        self, request: HttpRequest, object_id: str | None, form_url: str, extra_context: dict[str, Any] | None
    ) -> HttpResponse:
        with transaction.atomic():
            if request.method == "POST" and object_id is not None:
                self._lock(object_id)
            response: HttpResponse = super().changeform_view(request, object_id, form_url, extra_context)
            return response

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Delete the row; when somebody else was a moment earlier, say so on the list."""
        try:
            response: HttpResponse = super().delete_view(request, object_id, extra_context)
        except self.model.DoesNotExist:
            messages.warning(request, f"The {self.opts.verbose_name} is gone: somebody else has just deleted it.")
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        return response

    def delete_each(self, request: HttpRequest, rows: Iterable[Any]) -> None:
        """Delete rows one by one, each with its entry in the trail, but those that somebody else was earlier with."""
        for row in rows:
            with suppress(self.model.DoesNotExist):
                self.delete_model(request, row)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form; after a refusal one that shows it."""
        form = super().get_form(request, obj, change=change, **kwargs)
        problems = getattr(request, _REFUSAL, None)
        return type(form.__name__, (_RefusedForm, form), {"refusal": problems}) if problems else form

    def _lock(self, object_id: str) -> None:
        try:
            pk = self.opts.pk.to_python(unquote(object_id))
        except ValidationError:
            return  # there is no such row
        self.lock_row(pk)
