"""The settings of nginx and Caddy that the guide shows, as they are, in front of a real site and a real browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from benchmarks.web_process import free_port
from tests.acceptance.test_pages_look import browser as browser  # the fixture
from tests.management.test_start import Site, wait_for
from tests.pages.scene import PASSWORD

pytestmark = pytest.mark.browser

#: Servers lie in folders that are not on everybody's PATH.
SEARCHED = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "how-to" / "run-behind-a-proxy.md"
#: What a visitor says about themselves, in the hope of being taken for somebody else.
TALE = "6.6.6.6"


class Proxy:
    """A proxy with the guide's settings; only names of hosts, ports and files are put in."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, upstream: int) -> None:
        """Run it until it answers on its port."""
        command = {"nginx": self._nginx, "caddy": self._caddy}[self.name](upstream)
        environment = {"HOME": str(self.folder), "PATH": SEARCHED, "XDG_DATA_HOME": str(self.folder)}
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)

    def output(self) -> str:
        """What it has printed."""
        return (self.folder / "output").read_text(errors="replace")

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)

    def _nginx(self, upstream: int) -> list[str]:
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        _run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-keyout", str(key), "-out", str(certificate))  # fmt: skip
        server = _shown("nginx.conf", {
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "server_name tasks.example.org": "server_name localhost",
            "/etc/ssl/tasks.example.org.pem": str(certificate),
            "/etc/ssl/tasks.example.org.key": str(key),
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        })  # fmt: skip
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = [f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds]
        # Started by root, its workers would be somebody who can't open the folder.
        user = ["user root;"] if os.geteuid() == 0 else []
        head = [*user, f"pid {self.folder}/pid;", "error_log stderr;", "events {}"]
        whole = "\n".join([*head, "http {", "access_log off;", *folders, server, "}"])
        (self.folder / "nginx.conf").write_text(whole)
        return ["nginx", "-e", "stderr", "-c", str(self.folder / "nginx.conf"), "-g", "daemon off;"]

    def _caddy(self, upstream: int) -> list[str]:
        site = _shown("Caddyfile", {
            "tasks.example.org {": f"https://localhost:{self.port} {{\n    tls internal",
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        })  # fmt: skip
        settings = "{\n    admin off\n    auto_https disable_redirects\n    skip_install_trust\n}\n"
        (self.folder / "Caddyfile").write_text(settings + site)
        return ["caddy", "run", "--adapter", "caddyfile", "--config", str(self.folder / "Caddyfile")]


def _shown(file: str, changes: dict[str, str]) -> str:
    """Return the settings that pages and guide show, with a few words replaced; each must be there."""
    text = (ROOT / "templates" / "pages" / "proxies" / file).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _is_up(proxy: Proxy) -> Callable[[], bool]:
    def asked() -> bool:
        assert proxy.process is not None
        assert proxy.process.poll() is None, proxy.output()
        with suppress(OSError), socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as line:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(line, server_hostname="localhost"):
                return True
        return False

    return asked


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def proxy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy in front of a site that was started with what the guide exports."""
    if shutil.which(request.param, path=SEARCHED) is None:
        pytest.skip(f"NO {request.param.upper()}: its settings in the guide were not tried; install the package")
    if shutil.which("openssl") is None:
        pytest.skip("NO OPENSSL: the settings of proxies in the guide were not tried")
    proxy = Proxy(request.param, tmp_path_factory.mktemp(request.param))
    site = Site(tmp_path_factory.mktemp("site"))
    exported: dict[str, str] = dict(re.findall(r"^export (\w+)=(.+)$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(exported) == {"APFLOW_ALLOWED_HOSTS", "APFLOW_CSRF_TRUSTED_ORIGINS", "APFLOW_HTTPS", "APFLOW_PROXIES"}
    names = {"https://tasks.example.org": proxy.url, "tasks.example.org": "localhost"}
    settings: Any = {key: names.get(value, value) for key, value in exported.items()}
    try:
        site.start(**settings, APFLOW_ADMIN_PASSWORD=PASSWORD)
        proxy.start(site.port)
        wait_for(_is_up(proxy), proxy.output)
        yield proxy
    finally:
        proxy.stop()
        site.clean_up()


@pytest.fixture
def page(proxy: Proxy, browser: Browser) -> Iterator[Page]:
    """A page of somebody who has signed in through the proxy, and lies about where they are."""
    context: Any = browser.new_context(
        ignore_https_errors=True, base_url=proxy.url, extra_http_headers={"X-Forwarded-For": TALE}
    )
    page = context.new_page()
    page.goto("/login/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_attached()
    yield page
    context.close()


def test_all_three_ways_of_staying_live_get_through(page: Page) -> None:
    page.goto("/selftest/")
    results = page.locator("#selftest-results")
    expect(results).to_have_attribute("data-best", "websocket", timeout=30_000)
    verdicts = results.locator("li[data-way]").evaluate_all("items => items.map(item => item.dataset.verdict)")
    assert verdicts == ["good", "good", "good"], results.inner_text()


def test_forms_work_and_cookies_are_secure(page: Page) -> None:
    assert all(cookie["secure"] for cookie in page.context.cookies())
    page.goto("/account/")
    page.get_by_label("Name", exact=True).fill("through the proxy")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="is made")).to_be_visible()


def test_the_visitors_address_is_the_proxys_word_and_not_their_own(page: Page) -> None:
    page.goto("/admin/orchestration/auditentry/?q=session.sign_in")
    addresses = page.locator("td.field-address").all_inner_texts()
    assert addresses
    assert set(addresses) <= {"127.0.0.1", "::1"}
