"""The admin site: its words, who may enter, and one door: sign-in and password are pages of the site."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from orchestration.access import Actor, rules

from .admin_index import grouped


def first_sentence(model_admin: admin.ModelAdmin[Any]) -> str:
    """Say what a list is about: the first sentence of its admin class."""
    lines = (model_admin.__class__.__doc__ or "").strip().partition("\n\n")[0]
    return " ".join(lines.split())


class AdminSite(admin.AdminSite):
    """Lets in staff and administrators; what they may do there is asked model by model."""

    site_header = "apflow administration"
    site_title = "apflow"
    index_title = "Administration"
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        """Ask the rules."""
        user = request.user
        return isinstance(user, User) and rules.may_enter_admin(Actor(user))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Arrange the models by what they are for, each with a sentence on it."""
        apps = grouped(super().get_app_list(request, app_label))
        for group in apps:
            for model in group["models"]:
                model["words"] = first_sentence(self._registry[model["model"]])
        return apps

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send strangers to the sign-in page; say no to those who are signed in and may not enter."""
        wanted = request.GET.get("next") or reverse("admin:index")
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied("The administration is for staff and for members of the role admin.")
        return redirect_to_login(wanted)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Send people to the page that everybody changes their password on."""
        return redirect("password")
