"""The live page of a run, and what leads to it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from orchestration.engine.status import Status

from .conftest import text_of
from .scene import make_run, make_tree

pytestmark = pytest.mark.django_db


def test_lists_lead_to_the_live_page_and_both_pages_to_each_other(as_viewer: Client) -> None:
    tree = make_tree()
    run = make_run(tree, Status.FAILED, tasks=2)
    live, plain = reverse("run-live", args=[run.pk]), reverse("run", args=[run.pk])
    for name, args in (("overview", []), ("runs", []), ("trees", []), ("tree", [tree.pk])):
        said = text_of(as_viewer.get(reverse(name, args=args)))
        assert f'href="{live}"' in said, name
        assert f'href="{plain}"' not in said, name
    assert f'href="{live}"' in text_of(as_viewer.get(plain))
    assert f'href="{plain}"' in text_of(as_viewer.get(live))


def test_without_scripts_the_live_page_goes_to_the_plain_one(as_viewer: Client) -> None:
    run = make_run(make_tree(), Status.COMPLETED, tasks=1)
    said = text_of(as_viewer.get(reverse("run-live", args=[run.pk])))
    refresh = f'<noscript><meta http-equiv="refresh" content="0; url={reverse("run", args=[run.pk])}"></noscript>'
    assert refresh in said.partition("</head>")[0]
