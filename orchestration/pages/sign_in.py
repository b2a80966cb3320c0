"""Signing in with a password, and signing out, here and at the provider of single sign-on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from orchestration.access.sign_on_provider import sign_out_url
from orchestration.access.sign_on_settings import passwords_are_for_superusers, sign_on_settings

from .sign_on import LEAVING


class PasswordForm(AuthenticationForm):
    """A user name and a password; of superusers alone where everybody else comes by single sign-on."""

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse those who have to come by the provider."""
        super().confirm_login_allowed(user)
        if passwords_are_for_superusers() and not user.is_superuser:
            raise ValidationError("Passwords are for superusers here. Use single sign-on.", code="sign_on_only")


class SignIn(LoginView):
    """The sign-in page: single sign-on where it is configured, and the password form."""

    template_name = "pages/login.html"
    redirect_authenticated_user = True
    authentication_form = PasswordForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say which ways in there are."""
        context = super().get_context_data(**kwargs)
        configured = sign_on_settings()
        asked_for = "password" in self.request.GET or self.request.method == "POST"
        query = urlencode({"next": context["next"]}) if context["next"] else ""
        return {
            **context,
            "sign_on": configured,
            "sign_on_url": f"{reverse('sign-on')}?{query}" if query else reverse("sign-on"),
            "password_url": f"?{urlencode({'password': 1, 'next': context['next']})}",
            "passwords": configured is None or not configured.only or asked_for,
        }


class SignOut(LogoutView):
    """Ends the session; who came by the provider is told how to sign out there too.

    That is a link and no redirect: the answer to a form may not lead to another site, by this site's own policy.
    """

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Sign out."""
        leaving: dict[str, str] | None = request.session.get(LEAVING)
        response: HttpResponse = super().post(request, *args, **kwargs)
        configured = sign_on_settings()
        if leaving is None or configured is None:
            return response
        back = request.build_absolute_uri(reverse("login"))
        address = sign_out_url(leaving["endpoint"], configured.client_id, leaving["id_token"], back)
        return render(request, "pages/signed_out.html", {"sign_on": configured, "address": address})
