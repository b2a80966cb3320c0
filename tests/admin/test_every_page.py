"""Every page of the administration, whatever is registered there: few queries, no error, and nothing that is run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apflow_site.admin_index import GROUPS, group_of
from orchestration.access import Actor, rules
from orchestration.models import Run, Tree
from tests.pages.scene import HOSTILE, make_scene, make_user

from .filled import content_types, fill, fill_table

pytestmark = pytest.mark.django_db

MAX_QUERIES = 30
REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)
#: Choices of these are few, and made by administrators.
FEW = (Group, Permission, ContentType)


def name_of(model: type[models.Model]) -> str:
    return model._meta.label


@pytest.fixture
def ada() -> User:
    return make_user("ada", is_superuser=True, is_staff=True)


def address(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def open_page(browser: Client, url: str, query: Any = None) -> str:
    """Open a page, and judge it. Pages that are not there for anybody answer 403."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = browser.get(url, query or {})
    assert answer.status_code in (200, 302, 403), f"{url} {query} answered {answer.status_code}"
    assert len(queries) <= MAX_QUERIES, f"{url} {query} took {len(queries)} queries"
    text = answer.content.decode()
    assert "<script>alert" not in text, f"{url} {query} runs what somebody has typed"
    assert answer.status_code != 302 or "e=1" not in answer.headers["Location"], f"{url} refuses {query}"
    return text if answer.status_code == 200 else ""


def filters_of(text_list: Any) -> Iterator[str]:
    """The first choices of each filter, as the query of an address."""
    for spec in text_list.filter_specs:
        for choice in list(spec.choices(text_list))[1:3]:
            yield str(choice["query_string"])


@pytest.mark.parametrize("model", REGISTERED, ids=name_of)
def test_every_page_takes_few_queries(browser: Client, ada: User, model: type[models.Model]) -> None:
    fill(ada)
    fill_table(model)
    content_types()
    model_admin = admin.site._registry[model]
    changelist = address(model, "changelist")
    assert open_page(browser, changelist)
    # Two lists are ours, in an order of their own; they show what is not stored too.
    listed = browser.get(changelist).context.get("cl")
    assert listed is None or listed.result_count, "the list shows nothing"
    queries = [{"q": word} for word in (HOSTILE, "'", "%", "ada", "00000000-0000-4000-8000-000000000000")]
    for query in queries if model_admin.search_fields else ():
        open_page(browser, changelist, query)
    for query_string in list(filters_of(listed)) if listed else ():
        open_page(browser, changelist + query_string)
    for pk in [row.pk for row in (listed.result_list if listed else model._default_manager.all())][:2]:
        page = address(model, "change", pk)
        assert open_page(browser, page) or open_page(browser, browser.get(page).headers["Location"])
        assert open_page(browser, address(model, "history", pk))
        open_page(browser, address(model, "delete", pk))
    open_page(browser, address(model, "add"))


@pytest.mark.parametrize("model", REGISTERED, ids=name_of)
def test_every_choice_among_many_is_completed_as_one_types(ada: User, model: type[models.Model]) -> None:
    """A menu of all trees or all tasks would be a page of its own."""
    model_admin = admin.site._registry[model]
    request: Any = type("Asked", (), {"user": ada, "GET": {}, "path": "/"})()
    if not (model_admin.has_add_permission(request) or model_admin.has_change_permission(request)):
        return
    completed = {*model_admin.autocomplete_fields, *model_admin.raw_id_fields, *model_admin.filter_horizontal}
    for name, field in model_admin.get_form(request)().fields.items():
        related = getattr(getattr(field, "queryset", None), "model", None)
        assert related is None or related in FEW or name in completed, f"{model.__name__}.{name} is a menu of all"


def test_the_index_is_in_groups_with_a_sentence_each(browser: Client) -> None:
    text = open_page(browser, reverse("admin:index"))
    shown = browser.get(reverse("admin:index")).context["app_list"]
    assert [group["name"] for group in shown] == ["Definition", "Execution", "Operation", "People"]
    listed = [model["model"] for group in shown for model in group["models"]]
    assert set(listed) == set(REGISTERED)
    for group in shown:
        for model in group["models"]:
            assert len(model["words"]) > 10, f"{model['name']} says nothing of itself"
            assert group_of(model["model"]._meta.app_label, model["model"]._meta.model_name) == group["name"]
    assert text.index('id="definition"') < text.index('id="execution"') < text.index('id="operation"')
    assert open_page(browser, reverse("admin:app_list", args=["orchestration"]))
    assert GROUPS["Definition"][0] == "tree"


def test_pages_and_the_admin_lead_to_each_other(browser: Client, ada: User) -> None:
    scene = make_scene(ada)
    task_run = scene.failed.task_runs.get()
    pairs = [
        (scene.tree.get_absolute_url(), address(Tree, "change", scene.tree.pk)),
        (scene.failed.get_absolute_url(), address(Run, "change", scene.failed.pk)),
        (reverse("task-run", args=[scene.failed.pk, task_run.pk]), address(type(task_run), "change", task_run.pk)),
    ]
    viewer = Client()
    viewer.force_login(make_user("vic", is_staff=True))
    for page, row in pairs:
        assert f'href="{row}"' in browser.get(page).content.decode()
        assert f'href="{page}"' in browser.get(row).content.decode()
        assert f'href="{row}"' not in viewer.get(page).content.decode()
    person = browser.get(address(User, "change", ada.pk)).content.decode()
    trail = reverse("admin:orchestration_auditentry_changelist")
    for wanted in (
        f"{address(Tree, 'changelist')}?owner__id__exact={ada.pk}",
        f"{address(Run, 'changelist')}?requested_by__id__exact={ada.pk}",
        f"{trail}?object=user%3A{ada.pk}",
    ):
        assert wanted in person
    for query in ("owner__id__exact", "q"):
        found = browser.get(f"{address(Tree, 'changelist')}?{query}={ada.pk if query != 'q' else 'Nightly'}")
        assert found.context["cl"].result_count


@pytest.mark.parametrize("model", [Tree, Run, User], ids=name_of)
def test_the_lists_that_a_row_leads_to_are_there(browser: Client, ada: User, model: type[models.Model]) -> None:
    fill(ada)
    row = model._default_manager.order_by("pk")[0]
    answer = browser.get(address(model, "change", row.pk))
    links = [part.split('"')[0] for part in answer.content.decode().split('<li><a href="')[1:]]
    assert len(links) > 3
    for url in links:
        open_page(browser, url.replace("&amp;", "&"))


def test_who_may_not_read_the_trail_is_not_led_to_it(ada: User) -> None:
    scene = make_scene(ada)
    staff = make_user("sue", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=["view_tree", "change_tree"]))
    client = Client()
    client.force_login(staff)
    text = client.get(address(Tree, "change", scene.tree.pk)).content.decode()
    assert "Who changed this" not in text
    assert not rules.may_administer(Actor(staff))
