"""A web process on the test's database, people, and a run that is written at will."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from benchmarks.scribe import Scribe
from benchmarks.web_process import WebProcess
from orchestration.models import ApiToken, Tree
from tests.faults.support.bench import database_url
from tests.live.support.clients import Caller

SECRET = "a test's secret key, the same in both processes " * 2


@pytest.fixture(scope="session")
def web(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebProcess]:
    """One web process for all tests."""
    folder = tmp_path_factory.mktemp("web")
    with django_db_blocker.unblock():
        environment = {"DATABASE_URL": database_url(), "APFLOW_DATA_DIR": str(folder), "APFLOW_SECRET_KEY": SECRET}
    process = WebProcess(folder / "web.log", environment)
    try:
        yield process.wait_ready()
        assert "Traceback" not in process.output, process.output[-6000:]
    finally:
        process.discard()


@pytest.fixture(autouse=True)
def same_secret_key(settings: Any) -> None:
    """Sessions that this process makes are read by the web process."""
    settings.SECRET_KEY = SECRET


@pytest.fixture
def user(transactional_db: Any) -> User:
    """Somebody without a role."""
    return User.objects.create_user("watcher", password="correct horse battery")


@pytest.fixture
def token_of(web: WebProcess) -> Callable[[User], Caller]:
    """Makes a program that acts for somebody."""

    def make(user: User) -> Caller:
        secret = ApiToken.new_secret()
        ApiToken.objects.create(user=user, name="test", hint=secret[:8], digest=ApiToken.digest_of(secret))
        return Caller(web.host, {"Authorization": f"Bearer {secret}"})

    return make


@pytest.fixture
def page_of(web: WebProcess) -> Callable[[User], Caller]:
    """Makes a page of somebody who is signed in."""

    def make(user: User) -> Caller:
        client = Client()
        client.force_login(user)
        cookie = f"sessionid={client.cookies['sessionid'].value}"
        return Caller(web.host, {"Cookie": cookie, "Origin": f"http://{web.host}"})

    return make


@pytest.fixture
def caller(user: User, token_of: Callable[[User], Caller]) -> Caller:
    """A program of that somebody."""
    return token_of(user)


@pytest.fixture
def tree(user: User) -> Tree:
    """A tree of somebody else, which everybody sees."""
    return Tree.objects.create(name="Watched", owner=User.objects.create_user("owner"))


@pytest.fixture
def scribe(tree: Tree) -> Iterator[Scribe]:
    """A running run of that tree."""
    made = Scribe(tree_id=str(tree.pk))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def admins(transactional_db: Any) -> Group:
    """The role that sees everything."""
    from orchestration.models.roles import make_roles

    make_roles()
    return Group.objects.get(name="admin")
