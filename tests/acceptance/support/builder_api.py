"""What tests of the builder ask of the site beside the browser, as its administrator."""

from __future__ import annotations

from typing import Any

import httpx

from tests.acceptance.support.builder_site import BuilderSite
from tests.acceptance.support.builder_trees import Document


def ask(site: BuilderSite, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """Send a request to the API, and return what it answers; it must succeed."""
    headers["Authorization"] = f"Bearer {site.token}"
    response = httpx.request(method, f"{site.url}/api/v1{path}", json=body, headers=headers, timeout=30)
    assert response.is_success, response.text
    return response.json() if response.content else None


def save(site: BuilderSite, tree: str, definition: Document, message: str = "") -> int:
    """Store a definition over whatever is there, problems and all; returns the new version."""
    body = {"definition": definition, "message": message}
    answer = ask(site, "PUT", f"/trees/{tree}?draft=true", body, **{"If-Match": "*"})
    return int(answer["version"])


def draft(site: BuilderSite, definition: Document) -> str:
    """Store a new tree, problems and all; returns its id."""
    return str(ask(site, "POST", "/trees?draft=true", definition)["id"])


def run_once(site: BuilderSite, tree: str) -> str:
    """Run a tree to its end, which must be a good one; returns the run's id."""
    run = str(site.client.start(tree)["id"])
    for _ in site.client.follow(run):
        pass
    assert site.client.run(run)["status"] == "completed"
    return run
