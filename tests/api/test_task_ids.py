"""Ids of tasks are any text of one line; those with slashes can be addressed too."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orchestration.actions.runs import RunRequest, start_spec
from orchestration.engine.definition import TaskSpec, TreeSpec

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("task", ["a/b", "a b", "ünï", "a?b#c", "a%2Fb", "x/tasks/y"])
def test_a_task_of_a_run_is_found_by_any_id(client: Client, django_user_model: type[User], task: str) -> None:
    ann = django_user_model.objects.create_user("ann")
    client.force_login(ann)
    run = start_spec(TreeSpec("Tree", (TaskSpec(task, "A", executor="echo"),)), RunRequest(ann))
    address = f"/api/v1/runs/{run.pk}/tasks/{quote(task, safe='/')}"
    assert client.get(address).json()["id"] == task
    assert client.get(f"{address}/attempts").json() == {"items": [], "next": None}
    assert client.get(f"{address}/why").json()["why"]
    sent = client.post(f"{address}/cancel", {}, content_type="application/json")
    assert (sent.status_code, sent.json()["run"]) == (202, str(run.pk))
