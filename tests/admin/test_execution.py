"""What the engine writes can be looked at in the admin, and is never edited there."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orchestration.engine.status import Status
from orchestration.models import Run, TaskRun
from tests.pages.scene import Scene, make_run, make_scene, make_user, make_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(make_user("ada", is_superuser=True, is_staff=True))
    return client


@pytest.fixture
def scene() -> Scene:
    return make_scene(make_user("olga"))


def test_nobody_adds_changes_or_deletes(browser: Client, scene: Scene) -> None:
    rows = {"run": scene.failed.pk, "taskrun": scene.failed.task_runs.get().pk, "worker": make_worker().pk}
    for model, pk in rows.items():
        page = browser.get(reverse(f"admin:orchestration_{model}_change", args=[pk]))
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
        assert browser.get(reverse(f"admin:orchestration_{model}_add")).status_code == 403
        assert browser.post(reverse(f"admin:orchestration_{model}_change", args=[pk]), {}).status_code == 403
        assert (
            browser.post(reverse(f"admin:orchestration_{model}_delete", args=[pk]), {"post": "yes"}).status_code == 403
        )
    assert Run.objects.count() == 6


def test_lists_take_few_queries(browser: Client, scene: Scene, django_assert_max_num_queries: Any) -> None:
    make_run(scene.tree, Status.COMPLETED, tasks=60)
    for model in ("run", "taskrun", "worker"):
        with django_assert_max_num_queries(10):
            browser.get(reverse(f"admin:orchestration_{model}_changelist"))


def test_large_columns_are_not_loaded(browser: Client, scene: Scene, django_assert_num_queries: Any) -> None:
    TaskRun.objects.update(result={"word": "xyzzy"})
    assert b"xyzzy" not in browser.get(reverse("admin:orchestration_taskrun_changelist")).content


def test_a_run_links_its_task_runs(browser: Client, scene: Scene) -> None:
    page = browser.get(reverse("admin:orchestration_run_change", args=[scene.live.pk])).content.decode()
    address = f"{reverse('admin:orchestration_taskrun_changelist')}?run__id__exact={scene.live.pk}"
    assert address in page
    assert browser.get(address).context["cl"].result_count == 8
