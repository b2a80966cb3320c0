"""The permission matrix of what is about people: the caller, tokens, the audit trail; see `matrix.py`."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group, User

from orchestration.models import SignedIn

from .matrix import Row
from .world import Subject


def _token(subject: Subject) -> dict[str, Any]:
    return {"id": subject.token.pk if subject.token else 1}


def _session(subject: Subject) -> dict[str, Any]:
    return {"id": subject.session.pk if subject.session else 1}


def _anybodys_session(subject: Subject) -> dict[str, Any]:
    return {"id": SignedIn.objects.latest("pk").pk}


def _user(subject: Subject) -> dict[str, Any]:
    return {"id": User.objects.create(username=uuid4().hex).pk}


def _group(subject: Subject) -> dict[str, Any]:
    return {"id": Group.objects.create(name=uuid4().hex).pk}


EXPECTED: dict[str, Row] = {
    "read_me": Row("anybody"),
    "list_tokens": Row("tokens"),
    "make_token": Row("tokens", body={"name": "mine", "scope": "read"}),
    "delete_token": Row("tokens", path=_token),
    "list_my_sessions": Row("tokens"),
    "end_my_sessions": Row("tokens"),
    "end_my_session": Row("tokens", path=_session),
    "list_sessions": Row("administer"),
    "end_somebodys_session": Row("administer", path=_anybodys_session),
    "list_users": Row("administer"),
    "make_user": Row("administer", body={"username": "new", "groups": ["editor"]}),
    "read_user": Row("administer", path=_user),
    "update_user": Row("administer", path=_user, body={"is_superuser": True}),
    "remove_user": Row("administer", path=_user),
    "set_user_password": Row("administer", path=_user, body={"password": "correct horse battery"}),
    "end_users_sessions": Row("administer", path=_user),
    "list_groups": Row("administer"),
    "make_group": Row("administer", body={"name": "night shift"}),
    "read_group": Row("administer", path=_group),
    "update_group": Row("administer", path=_group, body={"permissions": ["orchestration.add_run"]}),
    "remove_group": Row("administer", path=_group),
    "list_audit": Row("administer"),
    "export_audit": Row("administer", query="format=csv"),
}
