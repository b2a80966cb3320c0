"""Single sign-on in a real browser, with a real provider in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import expect

from benchmarks.chaos.worker_process import wait_until
from benchmarks.web_process import free_port
from orchestration.models import AuditEntry, OidcIdentity
from tests.acceptance.support.looks import grave
from tests.pages.scene import PASSWORD, make_user

from .test_pages_look import browser, visit  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PEOPLE: list[dict[str, Any]] = [
    {
        "sub": "s-ann",
        "preferred_username": "ann",
        "email": "ann@example.org",
        "email_verified": True,
        "groups": ["flow-editors"],
    },
    {"sub": "s-eve", "preferred_username": "eve", "email": "eve@example.net", "email_verified": True},
]


class ProviderProcess:
    """A provider that signs in whoever is chosen on its page."""

    def __init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        people = [part for person in PEOPLE for part in ("--user-claims", json.dumps(person))]
        command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(self.port), "--require-nonce", "true"]
        self.process = subprocess.Popen([*command, *people], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def is_there(self) -> bool:
        """Tell whether it answers."""
        try:
            return httpx.get(f"{self.issuer}/.well-known/openid-configuration").is_success
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def provider(settings: Any) -> Iterator[ProviderProcess]:
    process = ProviderProcess()
    try:
        wait_until(process.is_there, 30, "the provider")
        settings.APFLOW_OIDC_ISSUER = process.issuer
        settings.APFLOW_OIDC_CLIENT_ID = "apflow"
        settings.APFLOW_OIDC_CLIENT_SECRET = "a secret"
        settings.APFLOW_OIDC_NAME = "Example Login"
        settings.APFLOW_OIDC_ROLES_CLAIM = "groups"
        settings.APFLOW_OIDC_ROLES = ["flow-editors=editor"]
        settings.APFLOW_OIDC_DOMAINS = ["example.org"]
        yield process
    finally:
        process.stop()


def choose(visitor: Any, subject: str) -> None:
    """Sign in at the provider."""
    visitor.page.get_by_role("button", name=subject, exact=True).click()


def test_there_and_back_and_out_again(visit: Any, provider: ProviderProcess) -> None:  # noqa: F811
    visitor = visit()
    page = visitor.page
    visitor.go("/trees/")
    visitor.picture("sign-on-login")
    assert not grave(page)
    page.get_by_role("link", name="Sign in with Example Login").press("Enter")
    page.wait_for_url(f"{provider.issuer}/**")
    choose(visitor, "s-ann")
    # Where one wanted to go, with the role that the provider's groups mean.
    page.wait_for_url(f"{visitor.base}/trees/")
    visitor.complaints.clear()  # the provider's: its pages want a font from elsewhere
    ann = User.objects.get(username="ann")
    assert list(ann.groups.all()) == [Group.objects.get(name="editor")]
    visitor.go("/account/")
    expect(page.get_by_text("Editor: also makes and changes trees")).to_be_visible()
    expect(page.get_by_role("region", name="Where you are signed in")).to_contain_text("this one")
    visitor.check()

    page.get_by_label("Your account").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="You are signed out here")).to_be_visible()
    visitor.picture("sign-on-out")
    assert not grave(page)
    visitor.check()
    page.get_by_role("link", name="Sign out there too").click()
    page.wait_for_url(f"{provider.issuer}/**")
    page.get_by_role("button").first.click()
    page.wait_for_url(f"{visitor.base}/login/**")
    visitor.go("/account/")
    expect(page.get_by_role("link", name="Sign in with Example Login")).to_be_visible()

    # The second time it is the same person.
    page.get_by_role("link", name="Sign in with Example Login").click()
    choose(visitor, "s-ann")
    page.wait_for_url(f"{visitor.base}/account/")
    assert (User.objects.count(), OidcIdentity.objects.get().user) == (1, ann)
    acts = AuditEntry.objects.order_by("id").values_list("act", flat=True)
    assert list(acts) == ["user.sign_on", "user.roles", "session.sign_in", "session.sign_out", "session.sign_in"]


def test_what_goes_wrong_is_told(visit: Any, provider: ProviderProcess) -> None:  # noqa: F811
    make_user("ada", is_superuser=True)
    visitor = visit(390, "dark")
    page = visitor.page
    visitor.go("/login/")
    visitor.picture("sign-on-login-390-dark")
    page.get_by_role("link", name="Sign in with Example Login").click()
    choose(visitor, "s-eve")
    expect(page.get_by_role("alert")).to_contain_text("verified e-mail address of certain domains")
    visitor.picture("sign-on-refused-390-dark")
    assert not grave(page)
    assert AuditEntry.objects.get(act="session.refused").reason == "domain"
    provider.stop()
    page.get_by_role("link", name="Begin again").click()
    expect(page.get_by_role("alert")).to_contain_text("Example Login can't be reached")
    page.get_by_role("link", name="Sign in with a password").click()
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_attached()
    assert not User.objects.filter(username="eve").exists()
