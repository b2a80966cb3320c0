"""Everybody who may ask, and trees and runs of each kind, for the tests of the API."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from orchestration.actions.trees import create_tree
from orchestration.engine.definition import DependencySpec, TaskSpec, TreeSpec
from orchestration.engine.status import Status
from orchestration.models import ApiToken, Run, SignedIn, Tree
from tests.pages.scene import make_run

from .matrix import ASKERS, PEOPLE

#: The group that every asker is in.
TEAM = "team"


def small_spec(name: str) -> TreeSpec:
    """Return a tree of two tasks: b waits for a."""
    return TreeSpec(
        name,
        (
            TaskSpec("a", "a", executor="echo", inputs={"n": 1}),
            TaskSpec("b", "b", executor="echo", dependencies=(DependencySpec("a"),)),
        ),
    )


def make_tree(name: str, owner: User | None = None, visibility: str = "everyone", team: Group | None = None) -> Tree:
    """Store a tree of two tasks."""
    tree = create_tree(small_spec(name), user=owner)
    tree.visibility = visibility
    tree.save()
    if team is not None:
        tree.shared_with.add(team)
    return tree


@dataclass(frozen=True)
class Subject:
    """What is asked about: a tree, and a run of it that is live and one that has ended (with two task runs each).

    `token` is one of the asker's own tokens and `session` one of their other sessions; nobody has none.
    """

    tree: Tree
    live: Run
    ended: Run
    token: ApiToken | None = None
    session: SignedIn | None = None


def make_subject(tree: Tree, user: User | None = None) -> Subject:
    """Make the runs of a tree, which nobody asked for."""
    token = session = None
    if user is not None:
        session = make_session(user)
        digest = ApiToken.digest_of(f"spare {user}")
        token = ApiToken.objects.create(user=user, name="spare", hint="apf_spar", digest=digest)
    return Subject(tree, _run(tree, Status.IN_PROGRESS), _run(tree, Status.COMPLETED), token, session)


def make_session(user: User) -> SignedIn:
    """Make a session that somebody has elsewhere."""
    end = timezone.now() + timedelta(hours=1)
    stored = Session.objects.create(session_key=uuid4().hex, session_data="", expire_date=end)
    return SignedIn.objects.create(session=stored, user=user, address="192.0.2.7", user_agent="Firefox/145.0 (Linux)")


def _run(tree: Tree, status: Status) -> Run:
    run = make_run(tree, status, tasks=2)
    for row, uid in zip(run.task_runs.order_by("ordinal"), "ab", strict=True):
        row.task_uid = row.name = uid
        row.save()
    return run


@dataclass
class World:
    """Users by name, and how each asker asks."""

    users: dict[str, User] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    own: dict[str, Subject] = field(default_factory=dict)
    others: dict[str, Subject] = field(default_factory=dict)

    def ask(self, asker: str, method: str, path: str, **sent: Any) -> Any:
        """Send a request as somebody, and return the response."""
        headers = {**self.headers[asker], **sent.pop("headers", {})}
        client = self.clients[asker]
        return client.generic(method.upper(), path, headers=headers, **sent)

    def subject(self, asker: str, kind: str) -> Subject:
        """Return what a kind of subject is for an asker."""
        name = asker.partition(":")[0]
        if kind == "own":
            return self.own[name if name in self.own else "stranger"]
        mine = self.own.get(name)
        found = self.others[kind]
        return replace(found, token=mine.token if mine else None, session=mine.session if mine else None)


def make_world() -> World:
    """Make everybody and everything."""
    world = World()
    team = Group.objects.create(name=TEAM)
    for name in (*PEOPLE[1:], "stranger", "owner"):
        user = User.objects.create(username=name, is_superuser=name == "superuser")
        if name not in ("stranger", "owner"):
            user.groups.add(team)
        if name in ("viewer", "operator", "editor", "admin"):
            user.groups.add(Group.objects.get(name=name))
        world.users[name] = user
        world.own[name] = make_subject(make_tree(f"{name}'s own", user, "private"), user)
    owner = world.users["owner"]
    world.others = {
        "shared": make_subject(make_tree("For everyone", owner)),
        "group": make_subject(make_tree("For the team", owner, "groups", team)),
        "private": make_subject(make_tree("For its owner", owner, "private")),
    }
    for asker in ASKERS:
        world.clients[asker], world.headers[asker] = _door_of(world, asker)
    return world


def _door_of(world: World, asker: str) -> tuple[Client, dict[str, str]]:
    client = Client(enforce_csrf_checks=True)
    name, _, scope = asker.partition(":")
    if name == "nobody":
        return client, {}
    if scope:
        secret = ApiToken.new_secret()
        digest = ApiToken.digest_of(secret)
        ApiToken.objects.create(user=world.users[name], name=asker, hint=secret[:8], digest=digest, scope=scope)
        return client, {"Authorization": f"Bearer {secret}"}
    client.force_login(world.users[name])
    client.cookies["csrftoken"] = "c" * 32
    return client, {"X-CSRFToken": "c" * 32}
