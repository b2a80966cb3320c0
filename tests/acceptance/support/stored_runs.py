"""Runs that lie in a site's database already: as many as wanted, without a worker."""

from __future__ import annotations

import subprocess
import sys

from tests.acceptance.support.builder_site import BuilderSite
from tests.management.test_start import ROOT

_STORE = """
from datetime import timedelta
from django.utils import timezone
from orchestration.models import Run, Tree
at = timezone.now() - timedelta(days={days})
tree = Tree.objects.get(pk={tree!r}) if {tree!r} else None
Run.objects.bulk_create(
    Run(
        tree=tree, tree_name={name!r}, status="completed", task_count=0, queued_at=at - timedelta(minutes=n),
        started_at=at - timedelta(minutes=n), finished_at=at - timedelta(minutes=n) + timedelta(seconds=n + 1),
    )
    for n in range({count})
)
"""


def store_runs(site: BuilderSite, name: str, count: int, tree: str = "", days: int = 30) -> None:
    """Store completed runs of a name; the n-th took n seconds. They are of a tree, or of one that was deleted."""
    text = _STORE.format(name=name, count=count, tree=tree, days=days)
    shell = [sys.executable, "manage.py", "shell", "--no-imports", "-c", text]
    subprocess.run(shell, cwd=ROOT, env=site.site.environment, capture_output=True, check=True)
