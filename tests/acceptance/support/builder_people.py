"""Others at the builder: an editor, an operator and a viewer, each in a browser of their own."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from playwright.sync_api import BrowserContext, expect

from tests.acceptance.support.builder_site import Author, BuilderSite
from tests.management.test_start import ROOT
from tests.pages.scene import PASSWORD

#: Names by role.
PEOPLE = {"editor": "Ada", "operator": "Olga", "viewer": "Vic"}
_SIGN_UP = f"""
from django.contrib.auth.models import Group, User
for role, name in {PEOPLE!r}.items():
    user, made = User.objects.get_or_create(username=name)
    if made:
        user.set_password({PASSWORD!r})
        user.save()
        user.groups.add(Group.objects.get(name=role))
"""


def sign_up(site: BuilderSite) -> None:
    """Make their accounts, if they aren't there yet."""
    shell = [sys.executable, "manage.py", "shell", "--no-imports", "-c", _SIGN_UP]
    subprocess.run(shell, cwd=ROOT, env=site.site.environment, capture_output=True, check=True)


def browser_of(author: Author, role: str, **options: Any) -> BrowserContext:
    """The browser of who has the role, signed in; what goes wrong in it is the author's complaint."""
    context = author.context(**options)
    context.clear_cookies()
    page = context.new_page()
    page.goto("/login/")
    page.get_by_label("User name").fill(PEOPLE[role])
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_attached()
    page.close()
    return context
