"""Users, sessions and the audit trail in a real browser: by an administrator, and refused to others."""

from __future__ import annotations

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from orchestration.actions import audit
from orchestration.actions.tokens import create_token
from orchestration.models import AuditEntry, OidcIdentity, SignedIn
from tests.acceptance.support.looks import LOOKS, grave
from tests.pages.scene import HOSTILE, Scene, make_user

from .test_pages_look import browser, scene, visit  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def make_people(site: Scene) -> Any:
    """Make somebody with everything, and entries about it."""
    ann = make_user("ann", email="ann@example.org")
    ann.groups.add(Group.objects.get(name="operator"), Group.objects.create(name="Night shift"))
    create_token(ann, "nightly export", "read")
    OidcIdentity.objects.create(user=ann, issuer="https://login.example.org", subject="s-ann")
    audit.record("tree.save", site.tree, user=ann, reason="The warehouse has moved", detail={"version": 4, "tasks": 6})
    audit.record("tree.share", site.tree, user=site.tree.owner, reason=HOSTILE, detail={"after": {HOSTILE: HOSTILE}})
    audit.record("run.start", site.live, user=ann)
    return ann


def test_people_are_looked_after(visit: Any, scene: Scene) -> None:  # noqa: F811
    make_people(scene)
    hers, here, elsewhere = visit(), visit(), visit()
    hers.sign_in("ann")
    elsewhere.sign_in("admin")
    here.sign_in("admin")
    page = here.page

    # A person's page: what they may, where they are; signed out everywhere.
    here.go("/admin/auth/user/")
    here.complaints.clear()  # the overview's: it has no streams here
    page.get_by_role("link", name="ann", exact=True).click()
    expect(page.get_by_text("Operator: also starts, cancels, pauses and retries runs")).to_be_visible()
    expect(page.locator(".field-sessions")).to_contain_text("Chrome")
    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_text("ann: 1 session ended.")).to_be_visible()
    hers.go("/account/")
    expect(hers.page.get_by_role("heading", name="Sign in")).to_be_attached()

    # The last administrator stays one.
    here.go(f"/admin/auth/user/{scene.tree.owner_id}/change/")
    page.get_by_label("Active").uncheck()
    page.get_by_label("Superuser status").uncheck()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Nobody would be left who may administer this site").first).to_be_visible()

    # The list of sessions.
    here.go("/admin/orchestration/signedin/")
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    here.check()

    # One's own, on the account page.
    here.go("/account/")
    own = page.get_by_role("region", name="Where you are signed in")
    expect(own.get_by_role("row")).to_have_count(3)
    assert not grave(page)
    own.get_by_role("button", name="Sign out", exact=False).last.press("Enter")
    expect(page.get_by_text("is signed out.")).to_be_visible()
    expect(own.get_by_role("row")).to_have_count(2)
    elsewhere.go("/account/")
    expect(elsewhere.page.get_by_role("heading", name="Sign in")).to_be_attached()
    assert SignedIn.objects.open().count() == 1
    here.check()


def test_the_trail_leads_to_people_and_things(visit: Any, scene: Scene) -> None:  # noqa: F811
    ann = make_people(scene)
    audit.record("session.end_all", ann, user=scene.tree.owner)
    here = visit()
    here.sign_in("admin")
    page = here.page
    here.go("/admin/orchestration/auditentry/")
    here.complaints.clear()  # the overview's: it has no streams here
    page.get_by_label("Act").fill("session.end_all")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    row = page.locator("#result_list tbody tr")
    expect(row).to_contain_text("admin")
    row.get_by_role("link", name="ann").click()
    page.wait_for_url(f"**/user/{ann.pk}/change/**")
    page.get_by_role("link", name="Who changed this").click()
    expect(page.locator("#result_list")).to_contain_text("session.end_all")
    expect(page.get_by_label("Object")).to_have_value(f"user:{ann.pk}")
    page.get_by_role("link", name="Show all").click()
    page.get_by_label("Words").fill("wareh")
    page.get_by_label("Words").press("Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.get_by_role("link", name=scene.tree.name).click()
    page.wait_for_url(f"**{scene.tree.get_absolute_url()}")
    here.check()


def test_tokens_are_revoked_waits_ended_and_groups_made(visit: Any, scene: Scene) -> None:  # noqa: F811
    ann = make_people(scene)
    AccessAttempt.objects.create(username="ann", ip_address="192.0.2.7", failures_since_start=9)
    here = visit()
    here.sign_in("admin")
    page = here.page

    def act_on_the_row(act: str) -> None:
        page.locator("#result_list tbody tr").get_by_role("checkbox").check()
        page.locator("select[name=action]").select_option(label=act)
        page.locator("button[name=index]").click()

    here.go("/admin/orchestration/apitoken/")
    here.complaints.clear()  # the overview's: it has no streams here
    act_on_the_row("Revoke the selected tokens")
    expect(page.get_by_text("1 token revoked.")).to_be_visible()
    assert ann.api_tokens.get().revoked_at is not None
    here.go("/admin/axes/accessattempt/")
    act_on_the_row("End the wait of the selected names")
    expect(page.get_by_text("They may try again at once.")).to_be_visible()
    assert not AccessAttempt.objects.exists()
    here.go("/admin/auth/group/add/")
    page.get_by_label("Name").fill("Day shift")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#result_list")).to_contain_text("Day shift")
    page.get_by_role("link", name="Day shift").first.click()
    page.get_by_role("link", name="Delete").click()
    page.locator("#content input[type=submit]").click()
    expect(page.locator("#result_list")).not_to_contain_text("Day shift")
    here.check()


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_pages_look_right(visit: Any, scene: Scene, width: int, theme: str) -> None:  # noqa: F811
    ann = make_people(scene)
    visitor = visit(width, theme)
    visitor.sign_in("admin")
    visitor.go("/admin/")
    visitor.complaints.clear()  # the overview's: it has no streams here
    entry = AuditEntry.objects.get(act="tree.share")
    for name, path in (
        ("admin-user", f"/admin/auth/user/{ann.pk}/change/"),
        ("admin-sessions", "/admin/orchestration/signedin/"),
        ("admin-audit", "/admin/orchestration/auditentry/"),
        ("admin-audit-entry", f"/admin/orchestration/auditentry/{entry.pk}/change/"),
        ("admin-sign-on-links", "/admin/orchestration/oidcidentity/"),
        ("account", "/account/"),
    ):
        visitor.go(path)
        visitor.page.wait_for_load_state("networkidle")
        visitor.picture(f"{name}-{width}-{theme}")
        visitor.check()
