"""What the units start, as they start it, behind a real nginx with the file that is shown."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from websockets.sync.client import connect
from websockets.typing import Origin

from benchmarks.web_process import free_port
from orchestration.engine.definition import TaskSpec, TreeSpec, new_id
from orchestration.models import AuditEntry, Run, Worker
from orchestration.store.backups.archive import verify
from orchestration.store.snapshots import NewRun, insert_run
from tests.deploy import shown
from tests.deploy.shown import DEPLOY, ROOT, SEARCHED, environment, replaced, setting
from tests.faults.support.bench import database_url
from tests.management.test_start import wait_for
from tests.pages.scene import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Service:
    """A process that a unit has started; READY=1 is heard as systemd hears it."""

    unit: str
    folder: Path
    variables: dict[str, str]
    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    heard: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Start it, and wait until it says that it is ready."""
        assert setting(self.unit, "Type") == ["notify"]
        address = self.folder / "notify"
        self.ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ear.bind(str(address))
        self.ear.setblocking(False)
        with (self.folder / "output").open("wb") as output:
            # Nothing of this process's environment: systemd gives PATH and little else.
            variables = {"PATH": SEARCHED, "NOTIFY_SOCKET": str(address), **self.variables}
            self.process = subprocess.Popen(
                self.arguments, cwd=ROOT, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        wait_for(lambda: self.hears("READY=1"), self.output)

    def hears(self, state: str) -> bool:
        """Whether it has said so."""
        assert self.process is not None
        has_ended = self.process.poll() is not None
        with suppress(BlockingIOError):
            self.heard.append(self.ear.recv(200).decode())
        assert state in self.heard or not has_ended, self.output()
        return state in self.heard

    def stop(self) -> int:
        """Stop it as systemd does; returns its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(int(setting(self.unit, "TimeoutStopSec")[0]))

    def clean_up(self) -> None:
        """End it, whatever it does."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)
        self.ear.close()

    def output(self) -> str:
        """What it has printed."""
        return (self.folder / "output").read_text(errors="replace")


class Nginx:
    """nginx with the file of docs/deploy; only names of hosts, ports and files are put in."""

    def __init__(self, program: str, folder: Path, upstream: int) -> None:
        self.program, self.folder, self.upstream = program, folder, upstream
        self.port, self.plain_port = free_port(), free_port()
        self.url = f"https://localhost:{self.port}"
        self.certificate = folder / "certificate.pem"
        self.process: subprocess.Popen[bytes] | None = None

    def write(self) -> None:
        """Write its file, and a certificate."""
        key = self.folder / "key.pem"
        new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        command = [shutil.which("openssl", path=SEARCHED) or "openssl", *new, "-addext", "subjectAltName=DNS:localhost"]
        command += ["-keyout", str(key), "-out", str(self.certificate)]
        subprocess.run(command, check=True, capture_output=True)
        site = replaced((DEPLOY / "nginx" / "apflow.conf").read_text(encoding="utf-8"), {
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            "server_name tasks.example.org": "server_name localhost",
            "https://$host$request_uri": f"https://$host:{self.port}$request_uri",
            "/etc/ssl/tasks.example.org.pem": str(self.certificate),
            "/etc/ssl/tasks.example.org.key": str(key),
            "http://127.0.0.1:8000": f"http://127.0.0.1:{self.upstream}",
            "/var/lib/nginx/apflow": str(self.folder / "cache"),
        })  # fmt: skip
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        folders = [f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds]
        # Started by root, its workers would be somebody who can't open the folder.
        user = ["user root;"] if os.geteuid() == 0 else []
        types = "types { text/html html; }"
        head = [*user, f"pid {self.folder}/pid;", "error_log stderr;", "events {}", "http {", "access_log off;", types]
        (self.folder / "nginx.conf").write_text("\n".join([*head, *folders, site, "}"]))

    def start(self) -> None:
        """Run it until it answers on its port."""
        self.write()
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [self.program, "-e", "stderr", "-c", str(self.folder / "nginx.conf"), "-g", "daemon off;"],
                stdout=output,
                stderr=output,
            )
        wait_for(self._answers, lambda: (self.folder / "output").read_text(errors="replace"))

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)

    def _answers(self) -> bool:
        assert self.process is not None and self.process.poll() is None
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
            return True
        return False


@dataclass
class Production:
    """Web and worker as their units start them; `public` asks through nginx, `local` on this machine."""

    web: Service
    worker: Service
    nginx: Nginx | None
    local: str


@pytest.fixture
def production(tmp_path: Path, transactional_db: Any) -> Iterator[Production]:
    """Start what a server starts, in front of the test's database."""
    port = free_port()
    program = shutil.which("nginx", path=SEARCHED)
    nginx = None if program is None or shutil.which("openssl") is None else Nginx(program, tmp_path, port)
    origin = nginx.url if nginx else "https://localhost"
    variables = environment(
        DATABASE_URL=database_url(),
        APFLOW_DATA_DIR=str(tmp_path / "data"),
        APFLOW_ALLOWED_HOSTS="localhost,127.0.0.1",
        APFLOW_CSRF_TRUSTED_ORIGINS=origin,
    )
    services = []
    for unit, changes in (("apflow-web.service", {"8000": str(port)}), ("apflow-worker@.service", {})):
        folder = tmp_path / unit
        folder.mkdir()
        services.append(Service(unit, folder, variables, shown.command(unit, **changes)))
    with ExitStack() as stack:
        for service in services:
            stack.callback(service.clean_up)
            service.start()
        if nginx:
            stack.callback(nginx.stop)
            nginx.start()
        yield Production(services[0], services[1], nginx, f"http://127.0.0.1:{port}")


def test_services_start_work_behind_nginx_and_stop_cleanly(production: Production) -> None:
    _works(production)
    if production.nginx is not None:
        _passes_on_what_it_should_and_nothing_else(production.nginx, production.local)
    _backs_up(production)
    _stops(production)
    if production.nginx is None:
        pytest.skip("NO NGINX or NO OPENSSL: the file in docs/deploy was not tried; install the packages")


def _works(production: Production) -> None:
    ready = httpx.get(f"{production.local}/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    # Over plain HTTP nothing else is told to anybody.
    answer = httpx.get(f"{production.local}/login/")
    assert (answer.status_code, answer.headers["location"]) == (
        301,
        f"{production.local.replace('http', 'https')}/login/",
    )
    new = NewRun(new_id(), TreeSpec("one", (TaskSpec("a", "a", "echo"),)), None, 1, "api")
    insert_run(new)
    wait_for(lambda: Run.objects.get(pk=new.id).status == "completed", production.worker.output)


def _backs_up(production: Production) -> None:
    """As systemd reads the line: two percent or dollar signs are one."""
    (folder,) = setting("apflow-backup.service", "ReadWritePaths")
    here = production.web.folder / "backups"
    here.mkdir()
    line = shown.replaced(
        setting("apflow-backup.service", "ExecStart")[0],
        {"/srv/apflow/.venv/bin/python": sys.executable, folder: str(here), "$$": "$", "%%": "%"},
    )
    variables = {"PATH": SEARCHED, **production.web.variables}
    subprocess.run(shlex.split(line), cwd=ROOT, env=variables, check=True, capture_output=True)
    (file,) = here.glob("20*.apflow")
    assert verify(file).tables["orchestration_run"].rows == 1


def _stops(production: Production) -> None:
    assert production.worker.stop() == 0
    assert production.worker.hears("STOPPING=1")
    assert Worker.objects.get().stopped_at is not None
    assert production.web.stop() == 0
    assert "Traceback" not in production.web.output() + production.worker.output()


def _passes_on_what_it_should_and_nothing_else(nginx: Nginx, local: str) -> None:
    password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
    User.objects.create(username="root", password=password, is_superuser=True, is_staff=True)
    trusting = ssl.create_default_context(cafile=str(nginx.certificate))
    with httpx.Client(base_url=nginx.url, verify=trusting, headers={"X-Forwarded-For": "6.6.6.6"}) as visitor:
        _redirects(nginx)
        _signs_in(visitor)
        _streams(visitor, nginx, trusting)
        _keeps_static_files(visitor)
        assert visitor.get("/metrics").status_code == 404
        assert httpx.get(f"{local}/metrics").status_code == 200
        # As large as the site takes, which says itself what is wrong with it; then larger.
        assert visitor.post("/api/v1/trees", content=b"x" * (10 * 1024**2)).status_code in (400, 403, 422)
        assert visitor.post("/api/v1/trees", content=b"x" * (12 * 1024**2)).status_code == 413


def _redirects(nginx: Nginx) -> None:
    answer = httpx.get(f"http://localhost:{nginx.plain_port}/runs/?status=failed")
    assert answer.status_code == 301
    assert answer.headers["location"] == f"{nginx.url}/runs/?status=failed"


def _signs_in(visitor: httpx.Client) -> None:
    page = visitor.get("/login/")
    assert page.headers["strict-transport-security"] == "max-age=2592000"
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token is not None
    form = {"csrfmiddlewaretoken": token[1], "username": "root", "password": PASSWORD}
    answer = visitor.post("/login/", data=form, headers={"Referer": str(page.url)})
    assert answer.status_code == 302, answer.text
    assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))
    # The proxy's word on where somebody is, and not their own.
    assert AuditEntry.objects.get(act="session.sign_in").address == "127.0.0.1"


def _streams(visitor: httpx.Client, nginx: Nginx, trusting: ssl.SSLContext) -> None:
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    with connect(
        f"{nginx.url.replace('https', 'wss')}/ws/selftest/",
        ssl=trusting,
        origin=Origin(nginx.url),
        additional_headers={"Cookie": cookies},
    ) as line:
        assert "6.6.6.6" not in str(line.recv(timeout=20))
        line.send("there and back")
        assert line.recv(timeout=20) == "there and back"
    with visitor.stream("GET", "/api/v1/selftest/sse", headers={"Accept": "text/event-stream"}) as events:
        assert events.status_code == 200
        began = time.monotonic()
        # The site sends three, half a second apart. Held back by a proxy, they would come at once.
        times = [time.monotonic() - began for line_of_text in events.iter_lines() if line_of_text.startswith("data:")]
    assert len(times) == 3 and times[2] - times[0] > 0.5


def _keeps_static_files(visitor: httpx.Client) -> None:
    chunk = next((ROOT / "static" / "app" / "chunks").glob("*.js")).name
    answer = visitor.get(f"/static/app/chunks/{chunk}")
    assert answer.headers["cache-control"] == "max-age=315360000, public, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert visitor.get("/static/css/pages.css").headers["cache-control"] == "max-age=60, public"
