"""The administration in a real browser as lesser roles meet it: what is not theirs is not shown, led to, or done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import models
from django.urls import reverse

from orchestration.models import HookRegistration, IncomingWebhook, OutgoingWebhook, SignedIn, WebhookDelivery, Worker
from tests.admin.filled import fill_table
from tests.pages.scene import Scene, make_user

from .test_pages_look import browser, scene, visit  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

_LOOK: Final = frozenset({"tree", "task", "dependency", "run", "taskrun", "worker", "executorconfig"})
_PLAN: Final = _LOOK | {"schedule", "schedulefire"}
_DRAW: Final = frozenset({"tree", "task", "dependency"})
_NONE: Final = frozenset[str]()
#: By role: what is shown, made and changed, and deleted of what somebody else has made. None is staff without a role.
SEES: Final = {None: _NONE, "viewer": _LOOK, "operator": _PLAN, "editor": _PLAN}
MAKES: Final = {None: _NONE, "viewer": _NONE, "operator": _NONE, "editor": _DRAW}
DELETES: Final = {None: _NONE, "viewer": _NONE, "operator": _NONE, "editor": _DRAW - {"tree"}}
MODELS: Final = sorted(admin.site._registry, key=lambda model: model._meta.label)
PAGES: Final = ("changelist", "add", "change", "delete", "history")
FORBIDDEN: Final = 403


#: Sends requests as pages of the site do, four at a time; a redirect is not followed.
SEND: Final = """async ([token, asks]) => {
  const statuses = [];
  const ask = async (index) => {
    if (index >= asks.length) return;
    const [path, fields] = asks[index];
    const body = fields && new URLSearchParams({ ...fields, csrfmiddlewaretoken: token });
    const answer = await fetch(path, { redirect: 'manual', method: fields ? 'POST' : 'GET', body });
    statuses[index] = answer.type === 'opaqueredirect' ? 302 : answer.status;
    await ask(index + 4);
  };
  await Promise.all([0, 1, 2, 3].map(ask));
  return statuses;
}"""


@dataclass(frozen=True)
class Ask:
    """A request, which is a form when it has fields, and which statuses are right."""

    path: str
    right: Callable[[int], bool]
    fields: dict[str, str] | None = None


def wrong_answers(visitor: Any, asks: Sequence[Ask]) -> list[str]:
    """Ask from the page that is open; return what was not answered as it should."""
    cookies = {cookie["name"]: cookie["value"] for cookie in visitor.page.context.cookies()}
    sent = [[ask.path, ask.fields] for ask in asks]
    statuses = visitor.page.evaluate(SEND, [cookies["csrftoken"], sent])
    return [
        f"{ask.path} {ask.fields or ''}: {status}"
        for ask, status in zip(asks, statuses, strict=True)
        if not ask.right(status)
    ]


def forbidden(status: int) -> bool:
    return status == FORBIDDEN


def name_of(model: type[models.Model]) -> str:
    return str(model._meta.model_name)


def address(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def one(model: type[models.Model]) -> Any:
    """The key of a row."""
    return model._default_manager.order_by("pk").values_list("pk", flat=True)[0]


def acts(right: Callable[[int], bool]) -> Iterator[Ask]:
    """What is done by buttons, and not by a form of its own."""
    yield Ask(reverse("admin:executor", args=["echo"]), right, {"decide-enabled": ""})
    yield Ask(reverse("admin:executor", args=["echo"]), right, {"act": "reset"})
    yield Ask(reverse("admin:hooks_order"), right, {"event": "pre", "ids": "1", "version": "1"})
    yield Ask(reverse("admin:hook_switch", args=[one(HookRegistration)]), right, {"enabled": "false"})
    yield Ask(reverse("admin:hook_test", args=[one(HookRegistration)]), right, {"other": "1"})
    yield Ask(reverse("admin:orchestration_httpexecutor_preview_new"), right, {})
    yield Ask(reverse("admin:orchestration_outgoingwebhook_test", args=[one(OutgoingWebhook)]), right, {})
    yield Ask(
        reverse("admin:orchestration_outgoingwebhook_secret", args=[one(OutgoingWebhook)]), right, {"act": "rotate"}
    )
    yield Ask(reverse("admin:orchestration_incomingwebhook_address", args=[one(IncomingWebhook)]), right, {})
    yield Ask(reverse("admin:orchestration_incomingwebhook_secret", args=[one(IncomingWebhook)]), right, {})
    yield Ask(reverse("admin:orchestration_webhookdelivery_resend", args=[one(WebhookDelivery)]), right, {})
    yield Ask(reverse("admin:orchestration_worker_drain", args=[one(Worker)]), right, {})
    yield Ask(reverse("admin:orchestration_worker_resume", args=[one(Worker)]), right, {})
    yield Ask(reverse("admin:user-sign-out", args=[one(User)]), right, {})
    yield Ask(reverse("schedules-pause"), right, {"paused": "true"})


def everything() -> dict[str, list[Any]]:
    """Every row of every table that the administration shows, but for sessions, which say when they were seen."""
    shown = [model for model in MODELS if model is not SignedIn]
    return {name_of(model): list(model._default_manager.order_by("pk").values()) for model in shown}


@pytest.fixture
def filled(scene: Scene) -> Scene:  # noqa: F811
    """A site with a row of everything."""
    for model in MODELS:
        fill_table(model, 1)
    return scene


def links_of(visitor: Any) -> set[str]:
    """Open the first page of the administration, and return where it leads to."""
    visitor.go("/admin/")
    return set(visitor.page.locator("#content a").evaluate_all("links => links.map(link => link.pathname)"))


def signed_in(visit: Any, role: str | None) -> Any:  # noqa: F811
    """Return the browser of somebody of the staff, with a role or none."""
    make_user("ben", is_staff=True).groups.set(Group.objects.filter(name=role))
    visitor = visit()
    visitor.sign_in("ben")
    return visitor


def asks_of(model: type[models.Model], role: str | None) -> Iterator[Ask]:
    """All pages of a model and their forms."""
    name, key = name_of(model), one(model)
    for place in PAGES:
        path = address(model, place, *([] if place in ("changelist", "add") else [key]))
        rights = {"add": MAKES, "delete": DELETES}.get(place, SEES)
        # Of what is not seen at all, a history says that it is not there.
        refusals = (FORBIDDEN, 302) if place == "history" else (FORBIDDEN,)
        is_refused = name not in rights[role]
        yield Ask(path, lambda status, no=refusals, expected=is_refused: (status in no) == expected)  # type: ignore[misc]
        changing = {"add": MAKES, "delete": DELETES, "change": MAKES}.get(place)
        # An executor's row has no form: it leads to the page of the executor, whose forms are among the acts.
        leads_on = place == "change" and name == "executorconfig" and name in SEES[role]
        if changing and name not in changing[role] and not leads_on:
            yield Ask(path, forbidden, {"post": "yes"})
    if name not in MAKES[role]:
        for action in ("delete_selected", *(admin.site._registry[model].actions or ())):
            fields = {"action": str(action), "_selected_action": str(key), "post": "yes"}
            is_seen = name in SEES[role]
            yield Ask(address(model, "changelist"), lambda status, seen=is_seen: seen or forbidden(status), fields)  # type: ignore[misc]


@pytest.mark.parametrize("role", list(SEES), ids=str)
def test_lesser_roles_are_refused(visit: Any, filled: Scene, role: str | None) -> None:  # noqa: F811
    visitor = signed_in(visit, role)
    led_to, before = links_of(visitor), everything()
    asks = [ask for model in MODELS for ask in asks_of(model, role)]
    wrong = wrong_answers(visitor, [*asks, *acts(forbidden)])
    for place, rights in (("changelist", SEES), ("add", MAKES)):
        links = {address(model, place): name_of(model) in rights[role] for model in MODELS}
        wrong += [f"a link to {path}" for path, is_right in links.items() if (path in led_to) != is_right]
    assert not wrong, "\n".join(wrong)
    after = everything()
    assert [name for name, rows in before.items() if after[name] != rows] == []


@pytest.mark.parametrize("role", ["viewer", "operator", "editor"])
def test_what_they_see_has_no_acts(visit: Any, filled: Scene, role: str) -> None:  # noqa: F811
    visitor = signed_in(visit, role)
    page = visitor.page
    for model in MODELS:
        if name_of(model) in SEES[role] - MAKES[role]:
            for path in (address(model, "changelist"), address(model, "change", one(model))):
                visitor.go(path)
                acting = page.locator("#content :is(form[method=post] [type=submit], .addlink, .deletelink)")
                assert acting.filter(visible=True).all_inner_texts() == [], path


def test_an_administrator_is_let_in_by_the_same_requests(visit: Any, filled: Scene) -> None:  # noqa: F811
    visitor = visit()
    visitor.sign_in("admin")
    led_to = links_of(visitor)
    assert {address(model, "changelist") for model in MODELS} <= led_to
    forms = [Ask(path, lambda status: status == 200, {}) for path in led_to if path.endswith("/add/")]
    assert len(forms) > 8
    assert wrong_answers(visitor, [*forms, *acts(lambda status: not forbidden(status))]) == []
