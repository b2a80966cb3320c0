"""Looking at pages of this machine's own servers."""

from __future__ import annotations

import ipaddress
import re
import time
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, Field

from apflow import BaseTask, executor_register
from examples.config import PAGE_TIMEOUT_SECONDS

_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_MAX_BYTES: Final = 2 * 1024 * 1024


class PageCheckInputs(BaseModel):
    """What `page_check` takes."""

    url: str = Field(description="A page of a server on this machine, such as http://127.0.0.1:8000/")
    ok_statuses: list[Annotated[int, Field(ge=100, le=599)]] = Field(
        default_factory=list, description="Status codes that are fine besides 2xx and 3xx"
    )


class PageCheckResult(BaseModel):
    """What `page_check` returns."""

    url: str = Field(description="The page")
    status_code: int = Field(description="The HTTP status code")
    milliseconds: float = Field(description="How long the answer took")
    bytes: int = Field(description="The size of the answer")
    title: str = Field(description="The page's title, where it has one")


@executor_register(timeout_seconds=30)
class PageCheck(BaseTask):
    """
    Fetches a page of a server on this machine and tells how it answered.

    It takes loopback addresses only, and follows no redirects, so it reaches nothing but this machine. For pages of
    other servers there is `rest_executor`.

    Args (inputs):
        url (str): The page
        ok_statuses (list): Status codes that are fine besides 2xx and 3xx

    Returns:
        dict: `url`, `status_code`, `milliseconds`, `bytes`, `title`

    Example:
        task = create_task(name="page_check", inputs={"url": "http://127.0.0.1:8000/login/"})
    """

    id = "page_check"
    name = "Check a page"
    tags = ["example", "http"]
    examples = [{"url": "http://127.0.0.1:8000/"}]
    inputs_schema = PageCheckInputs
    outputs_schema = PageCheckResult

    async def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Fetch the page."""
        url = inputs.get("url")
        if not isinstance(url, str) or not is_loopback(url):
            error = "inputs.url must be a page of this machine, such as http://127.0.0.1:8000/; see rest_executor"
            return {"status": "failed", "error": error, "error_type": "validation_error"}
        self.report_progress(0.1, f"Waiting for {urlsplit(url).netloc}")
        started = time.monotonic()
        try:
            status, content = await fetch(url)
        except httpx.HTTPError as trouble:
            text = f"{url} doesn't answer: {str(trouble) or type(trouble).__name__}"
            return {"status": "failed", "error": text, "error_type": "page_unreachable", "retryable": True}
        result = {
            "url": url,
            "status_code": status,
            "milliseconds": round((time.monotonic() - started) * 1000, 1),
            "bytes": len(content),
            "title": page_title(content),
        }
        self.log.info("%s answered %d", url, status)
        if 200 <= status < 400 or status in inputs.get("ok_statuses", []):
            return {"status": "completed", "result": result}
        error = f"{url} answered {status}"
        return {"status": "failed", "error": error, "error_type": "page_broken", "retryable": status >= 500}

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return a page that answers."""
        url = (inputs or {}).get("url", "http://127.0.0.1:8000/")
        return {"url": url, "status_code": 200, "milliseconds": 12.3, "bytes": 4096, "title": "Sign in"}


def is_loopback(url: str) -> bool:
    """Tell whether a URL names this machine's loopback; a name other than localhost never does."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme in ("http", "https") and (host == "localhost" or ipaddress.ip_address(host).is_loopback)
    except ValueError:
        return False


async def fetch(url: str) -> tuple[int, bytes]:
    """Return a page's status code and its first two megabytes. Raises httpx.HTTPError."""
    client = httpx.AsyncClient(timeout=PAGE_TIMEOUT_SECONDS, trust_env=False, follow_redirects=False)
    async with client, client.stream("GET", url) as response:
        content = bytearray()
        async for part in response.aiter_bytes():
            content += part
            if len(content) >= _MAX_BYTES:
                break
        return response.status_code, bytes(content[:_MAX_BYTES])


def page_title(content: bytes) -> str:
    """Return the text of a page's title element, "" where there is none."""
    found = _TITLE.search(content.decode("utf-8", "replace"))
    return " ".join(found[1].split())[:200] if found else ""
