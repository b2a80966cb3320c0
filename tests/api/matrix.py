"""What the permission matrix is made of: who asks, of what, and the answers as tables that people can check.

Each operation has one `Row` in `expected_trees.py`, `expected_people.py` or `expected_runs.py`, under its operationId
(the name of its view). A row names its answers (a table below) and the request to send; `tests/api/test_matrix.py`
sends it as everybody, of every subject, and fails when an operation of the schema has no row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

#: Who asks, in a session: nobody, somebody without a role, one with each role, and a superuser ...
PEOPLE: Final = ("nobody", "no-role", "viewer", "operator", "editor", "admin", "superuser")
#: ... and with tokens: one of each scope of an administrator's, and tokens that reach further than their owner.
TOKENS: Final = ("admin:read", "admin:run", "admin:edit", "admin:admin", "viewer:admin", "editor:run")
ASKERS: Final = PEOPLE + TOKENS

#: Of what: one's own private tree, others' trees for everyone, for a group of the asker, and for nobody else.
SUBJECTS: Final = ("own", "shared", "group", "private")

#: `ok` is any answer that the operation declares as a success; anything else is a status.
TABLES: Final = {
    # Everybody who is signed in.
    "anybody": """
        nobody        401  401  401  401
        no-role       ok   ok   ok   ok
        viewer        ok   ok   ok   ok
        operator      ok   ok   ok   ok
        editor        ok   ok   ok   ok
        admin         ok   ok   ok   ok
        superuser     ok   ok   ok   ok
        admin:read    ok   ok   ok   ok
        admin:run     ok   ok   ok   ok
        admin:edit    ok   ok   ok   ok
        admin:admin   ok   ok   ok   ok
        viewer:admin  ok   ok   ok   ok
        editor:run    ok   ok   ok   ok
    """,
    # Look at a tree or a run: its owner, those it is shared with, administrators; a scope takes nothing away.
    "see": """
        nobody        401  401  401  401
        no-role       ok   ok   ok   404
        viewer        ok   ok   ok   404
        operator      ok   ok   ok   404
        editor        ok   ok   ok   404
        admin         ok   ok   ok   ok
        superuser     ok   ok   ok   ok
        admin:read    ok   ok   ok   ok
        admin:run     ok   ok   ok   ok
        admin:edit    ok   ok   ok   ok
        admin:admin   ok   ok   ok   ok
        viewer:admin  ok   ok   ok   404
        editor:run    ok   ok   ok   404
    """,
    # Start and steer runs: operators who see them.
    "operate": """
        nobody        401  401  401  401
        no-role       403  403  403  404
        viewer        403  403  403  404
        operator      ok   ok   ok   404
        editor        ok   ok   ok   404
        admin         ok   ok   ok   ok
        superuser     ok   ok   ok   ok
        admin:read    403  403  403  403
        admin:run     ok   ok   ok   ok
        admin:edit    ok   ok   ok   ok
        admin:admin   ok   ok   ok   ok
        viewer:admin  403  403  403  404
        editor:run    ok   ok   ok   404
    """,
    # Change a tree: editors who see it.
    "edit": """
        nobody        401  401  401  401
        no-role       403  403  403  404
        viewer        403  403  403  404
        operator      403  403  403  404
        editor        ok   ok   ok   404
        admin         ok   ok   ok   ok
        superuser     ok   ok   ok   ok
        admin:read    403  403  403  403
        admin:run     403  403  403  403
        admin:edit    ok   ok   ok   ok
        admin:admin   ok   ok   ok   ok
        viewer:admin  403  403  403  404
        editor:run    403  403  403  404
    """,
    # Delete, share, give away: the owner, if an editor; administrators with their whole rights.
    "manage": """
        nobody        401  401  401  401
        no-role       403  403  403  404
        viewer        403  403  403  404
        operator      403  403  403  404
        editor        ok   403  403  404
        admin         ok   ok   ok   ok
        superuser     ok   ok   ok   ok
        admin:read    403  403  403  403
        admin:run     403  403  403  403
        admin:edit    ok   403  403  403
        admin:admin   ok   ok   ok   ok
        viewer:admin  403  403  403  404
        editor:run    403  403  403  404
    """,
    # Make things that belong to nobody yet: editors.
    "create": """
        nobody        401  401  401  401
        no-role       403  403  403  403
        viewer        403  403  403  403
        operator      403  403  403  403
        editor        ok   ok   ok   ok
        admin         ok   ok   ok   ok
        superuser     ok   ok   ok   ok
        admin:read    403  403  403  403
        admin:run     403  403  403  403
        admin:edit    ok   ok   ok   ok
        admin:admin   ok   ok   ok   ok
        viewer:admin  403  403  403  403
        editor:run    403  403  403  403
    """,
    # Copy a tree: editors who see it; looking is enough of a right to the original.
    "copy": """
        nobody        401  401  401  401
        no-role       403  403  403  404
        viewer        403  403  403  404
        operator      403  403  403  404
        editor        ok   ok   ok   404
        admin         ok   ok   ok   ok
        superuser     ok   ok   ok   ok
        admin:read    403  403  403  403
        admin:run     403  403  403  403
        admin:edit    ok   ok   ok   ok
        admin:admin   ok   ok   ok   ok
        viewer:admin  403  403  403  404
        editor:run    403  403  403  404
    """,
    # Tokens of one's own: in a session, or with a token of the widest scope.
    "tokens": """
        nobody        401  401  401  401
        no-role       ok   ok   ok   ok
        viewer        ok   ok   ok   ok
        operator      ok   ok   ok   ok
        editor        ok   ok   ok   ok
        admin         ok   ok   ok   ok
        superuser     ok   ok   ok   ok
        admin:read    403  403  403  403
        admin:run     403  403  403  403
        admin:edit    403  403  403  403
        admin:admin   ok   ok   ok   ok
        viewer:admin  ok   ok   ok   ok
        editor:run    403  403  403  403
    """,
    # Administrators with their whole rights.
    "administer": """
        nobody        401  401  401  401
        no-role       403  403  403  403
        viewer        403  403  403  403
        operator      403  403  403  403
        editor        403  403  403  403
        admin         ok   ok   ok   ok
        superuser     ok   ok   ok   ok
        admin:read    403  403  403  403
        admin:run     403  403  403  403
        admin:edit    403  403  403  403
        admin:admin   ok   ok   ok   ok
        viewer:admin  403  403  403  403
        editor:run    403  403  403  403
    """,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One operation: the table of its answers, and the request.

    The placeholders of the path have values of their own (`{id}` is the subject's tree or its run, by the path;
    `{task}` is "a", `{other}` "b", `{number}` 1), unless `path` gives others. `body` and `path` may be made from the
    subject (a `world.Subject`); `run` says which of its runs: "live" or "ended".
    """

    table: str
    body: Callable[[Any], Any] | Any = None
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    path: Callable[[Any], Mapping[str, Any]] | Mapping[str, Any] = field(default_factory=dict)
    run: str = "ended"


def answers_of(table: str) -> dict[tuple[str, str], str]:
    """Return a table as `(asker, subject) -> answer`."""
    lines = (line.split() for line in TABLES[table].strip().splitlines())
    return {(asker, subject): answer for asker, *row in lines for subject, answer in zip(SUBJECTS, row, strict=True)}
