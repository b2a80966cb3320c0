"""Who may do what, as a table that was written by hand and knows nothing of the rules' code.

Letters: s sees the tree and its runs, e edits it, m manages it (delete, share, give away), r runs it, c steers somebody
else's run of it, d deletes that run once it has ended.
"""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User

from orchestration.access import Actor, rules
from orchestration.engine.status import Status
from orchestration.models import ApiToken, Run, Tree
from tests.pages.scene import make_run, make_tree, make_user

from .conftest import MakePerson

# fmt: off
#                       own       everyone  group     other group  private
TABLE = {
    (None, None):         ("s",      "s",      "s",      "",      ""),
    (None, "read"):       ("s",      "s",      "s",      "",      ""),
    (None, "run"):        ("s",      "s",      "s",      "",      ""),
    (None, "edit"):       ("s",      "s",      "s",      "",      ""),
    (None, "admin"):      ("s",      "s",      "s",      "",      ""),
    ("viewer", None):     ("s",      "s",      "s",      "",      ""),
    ("viewer", "read"):   ("s",      "s",      "s",      "",      ""),
    ("viewer", "run"):    ("s",      "s",      "s",      "",      ""),
    ("viewer", "edit"):   ("s",      "s",      "s",      "",      ""),
    ("viewer", "admin"):  ("s",      "s",      "s",      "",      ""),
    ("operator", None):   ("src",    "src",    "src",    "",      ""),
    ("operator", "read"): ("s",      "s",      "s",      "",      ""),
    ("operator", "run"):  ("src",    "src",    "src",    "",      ""),
    ("operator", "edit"): ("src",    "src",    "src",    "",      ""),
    ("operator", "admin"): ("src",   "src",    "src",    "",      ""),
    ("editor", None):     ("semrcd", "serc",   "serc",   "",      ""),
    ("editor", "read"):   ("s",      "s",      "s",      "",      ""),
    ("editor", "run"):    ("src",    "src",    "src",    "",      ""),
    ("editor", "edit"):   ("semrcd", "serc",   "serc",   "",      ""),
    ("editor", "admin"):  ("semrcd", "serc",   "serc",   "",      ""),
    ("admin", None):      ("semrcd", "semrcd", "semrcd", "semrcd", "semrcd"),
    ("admin", "read"):    ("s",      "s",      "s",      "s",     "s"),
    ("admin", "run"):     ("src",    "src",    "src",    "src",   "src"),
    ("admin", "edit"):    ("semrcd", "serc",   "serc",   "serc",  "serc"),
    ("admin", "admin"):   ("semrcd", "semrcd", "semrcd", "semrcd", "semrcd"),
    ("superuser", None):  ("semrcd", "semrcd", "semrcd", "semrcd", "semrcd"),
    ("superuser", "read"): ("s",     "s",      "s",      "s",     "s"),
    ("superuser", "run"): ("src",    "src",    "src",    "src",   "src"),
    ("superuser", "edit"): ("semrcd", "serc",  "serc",   "serc",  "serc"),
    ("superuser", "admin"): ("semrcd", "semrcd", "semrcd", "semrcd", "semrcd"),
}
#: Of runs that they started themselves, of a tree that nobody shares with them: c steers, d deletes.
OWN_RUNS = {
    (None, None): "c",        (None, "read"): "",        (None, "run"): "c",       (None, "edit"): "c",
    ("viewer", None): "c",    ("viewer", "read"): "",    ("viewer", "run"): "c",   ("viewer", "edit"): "c",
    ("operator", None): "c",  ("operator", "read"): "",  ("operator", "run"): "c", ("operator", "edit"): "c",
    ("editor", None): "cd",   ("editor", "read"): "",    ("editor", "run"): "c",   ("editor", "edit"): "cd",
    ("admin", None): "cd",    ("admin", "read"): "",     ("admin", "run"): "c",    ("admin", "edit"): "cd",
}
#: a administers, n makes trees, t makes and revokes tokens, A enters the admin pages; then the scopes they may give.
ALONE = {
    (None, None): ("t", "read"),         (None, "read"): ("", "read"),         (None, "admin"): ("t", "read"),
    ("viewer", None): ("t", "read"),     ("viewer", "edit"): ("", "read"),     ("viewer", "admin"): ("t", "read"),
    ("operator", None): ("t", "read run"), ("operator", "read"): ("", "read"), ("operator", "run"): ("", "read run"),
    ("editor", None): ("nt", "read run edit"), ("editor", "run"): ("", "read run"),
    ("editor", "edit"): ("n", "read run edit"), ("editor", "admin"): ("nt", "read run edit"),
    ("admin", None): ("antA", "read run edit admin"), ("admin", "edit"): ("n", "read run edit"),
    ("admin", "admin"): ("ant", "read run edit admin"), ("superuser", None): ("antA", "read run edit admin"),
}
# fmt: on


def actor(user: User, scope: str | None) -> Actor:
    token = None if scope is None else ApiToken(user=user, name="t", scope=scope)
    return Actor(User.objects.get(pk=user.pk), token)  # permissions are cached on the object


def trees_around(user: User) -> list[Tree]:
    """One tree of each kind, in the order of the table's columns."""
    owner = make_user("owner")
    shared, closed = Group.objects.create(name="theirs"), Group.objects.create(name="not theirs")
    user.groups.add(shared)
    groups = Tree.Visibility.GROUPS
    trees = [
        make_tree("own", owner=user, visibility=Tree.Visibility.PRIVATE),
        make_tree("everyone", owner=owner),
        make_tree("group", owner=owner, visibility=groups),
        make_tree("other group", owner=owner, visibility=groups),
        make_tree("private", owner=owner, visibility=Tree.Visibility.PRIVATE),
    ]
    trees[2].shared_with.add(shared)
    trees[3].shared_with.add(closed)
    return trees


def letters(who: Actor, tree: Tree, run: Run) -> str:
    if rules.find_tree(who, tree.pk) is None:
        assert rules.find_run(who, run.pk) is None
        return ""
    assert rules.find_run(who, run.pk) == run
    asked = {
        "e": rules.may_edit_tree(who, tree),
        "m": rules.may_manage_tree(who, tree),
        "r": rules.may_start(who),
        "c": rules.may_steer(who, run),
        "d": rules.may_delete_run(who, run),
    }
    return "s" + "".join(letter for letter, answer in asked.items() if answer)


@pytest.mark.parametrize("role", [None, "viewer", "operator", "editor", "admin", "superuser"])
def test_trees_and_runs_of_others(person: MakePerson, role: str | None) -> None:
    user = person("ann", role)
    trees = trees_around(user)
    runs = [make_run(tree, Status.COMPLETED, requested_by=tree.owner) for tree in trees]
    runs[0] = make_run(trees[0], Status.COMPLETED, requested_by=make_user("somebody"))
    for scope in (None, "read", "run", "edit", "admin"):
        who = actor(user, scope)
        found = tuple(letters(who, tree, run) for tree, run in zip(trees, runs, strict=True))
        assert found == TABLE[role, scope], (role, scope)


@pytest.mark.parametrize("role", [None, "viewer", "operator", "editor", "admin"])
def test_runs_that_one_started(person: MakePerson, role: str | None) -> None:
    user = person("ann", role)
    tree = make_tree("private", owner=make_user("owner"), visibility=Tree.Visibility.PRIVATE)
    run = make_run(tree, Status.COMPLETED, requested_by=user)
    for scope in (None, "read", "run", "edit"):
        who = actor(user, scope)
        assert rules.find_run(who, run.pk) == run
        found = ("c" if rules.may_steer(who, run) else "") + ("d" if rules.may_delete_run(who, run) else "")
        assert found == OWN_RUNS[role, scope], (role, scope)


@pytest.mark.parametrize(("role", "scope"), list(ALONE))
def test_acts_that_concern_no_tree(person: MakePerson, role: str | None, scope: str | None) -> None:
    who = actor(person("ann", role), scope)
    asked = {
        "a": rules.may_administer(who),
        "n": rules.may_create_trees(who),
        "t": rules.may_manage_tokens(who),
        "A": rules.may_enter_admin(who),
    }
    found = "".join(letter for letter, answer in asked.items() if answer)
    assert (found, " ".join(rules.token_scopes(who))) == ALONE[role, scope]


@pytest.mark.parametrize("role", [None, "viewer", "operator", "editor", "admin", "superuser"])
def test_the_conditions_say_the_same_as_the_questions(person: MakePerson, role: str | None) -> None:
    user = person("ann", role)
    for tree in trees_around(user):
        make_run(tree, requested_by=tree.owner)
        make_run(tree, requested_by=user)
    make_run(None, requested_by=user)
    make_run(None)
    for scope in (None, "read", "run", "edit", "admin"):
        who = actor(user, scope)
        seen = list(rules.runs_of(who).select_related("tree"))
        steered = {run.pk for run in seen if rules.may_steer(who, run)}
        assert set(rules.runs_of(who).filter(rules.steerable(who)).values_list("pk", flat=True)) == steered
        deleted = {run.pk for run in seen if rules.may_delete_run(who, run)}
        assert set(rules.runs_of(who).filter(rules.deletable(who)).values_list("pk", flat=True)) == deleted


def test_a_deactivated_person_may_nothing(person: MakePerson) -> None:
    who = actor(person("ann", "admin", is_active=False, is_staff=True), None)
    assert not rules.may_enter_admin(who)
    assert not rules.may_start(who)
    assert not rules.may_administer(who)


def test_staff_enter_the_admin_without_a_role(person: MakePerson) -> None:
    assert rules.may_enter_admin(actor(person("ann", None, is_staff=True), None))
    assert not rules.may_enter_admin(actor(person("ben", "editor"), None))


def test_tokens_are_listed_to_their_owner_and_revoked_by_administrators(person: MakePerson) -> None:
    ann, admin = person("ann", "editor"), person("ada", "admin")
    token = ApiToken.objects.create(user=ann, name="t", digest="d", scope="read")
    assert list(rules.tokens_of(actor(ann, None))) == [token]
    assert list(rules.tokens_of(actor(admin, None))) == []
    assert rules.may_revoke(actor(ann, None), token)
    assert rules.may_revoke(actor(admin, None), token)
    assert not rules.may_revoke(actor(ann, "edit"), token)
    assert not rules.may_revoke(actor(person("ben", "editor"), None), token)
