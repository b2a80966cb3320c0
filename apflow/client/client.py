"""The client: one method for each thing that programs ask of the server."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, cast

from .cursor import Item
from .documents import Asked, Document, LogLine, Me, Run, TaskRun, Token, Tree, Verdict
from .errors import ClientError
from .finding import run_by_prefix, tree_by_name
from .follow import Follower, tell_nobody
from .logs import LogReader
from .paging import pages
from .transport import Transport, segment


class Client:
    """A server, as the holder of a token sees it.

    `url` is the address of the site; one that is neither `https` nor this machine is refused unless `insecure`.
    Requests that can't do harm twice are tried again while the server is away, with pauses of `patience_seconds`
    together. Every method raises ClientError: ApiError for what the server refuses, NoAnswerError when there is none.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        insecure: bool = False,
        patience_seconds: float = 8.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transport = Transport(url, token, insecure=insecure, patience_seconds=patience_seconds, sleep=sleep)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    @property
    def url(self) -> str:
        """The address of the server."""
        return self._transport.url

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    # --- people ---------------------------------------------------------------------------------------------------

    def me(self) -> Me:
        """Return who the token belongs to, and what it may be used for."""
        return cast(Me, self._transport.get("/me"))

    def tokens(self) -> Iterator[Token]:
        """Return the caller's tokens, without their secrets."""
        return cast(Iterator[Token], pages(self._transport, "/tokens", {}))

    def create_token(self, name: str, scope: str = "read", expires_in_days: int | None = None) -> Token:
        """Make a token; its `secret` is in this answer and nowhere else."""
        body = {"name": name, "scope": scope, "expires_in_days": expires_in_days}
        return cast(Token, self._transport.ask("POST", "/tokens", body=body))

    def revoke_token(self, token_id: int | str) -> None:
        """Close a token for good."""
        self._transport.ask("DELETE", f"/tokens/{segment(str(token_id))}")

    # --- trees ----------------------------------------------------------------------------------------------------

    def trees(
        self, *, q: str | None = None, tag: str | None = None, owner: str | None = None, archived: str | None = None
    ) -> Iterator[Tree]:
        """Yield the trees that the caller may see, by name. `archived`: `false` (default), `true` or `all`."""
        query = {"q": q, "tag": tag, "owner": owner, "archived": archived}
        return cast(Iterator[Tree], pages(self._transport, "/trees", query))

    def tree(self, tree_id: str) -> Tree:
        """Return a tree with its definition."""
        return cast(Tree, self._transport.get(f"/trees/{segment(tree_id)}"))

    def find_tree(self, text: str) -> Tree:
        """Return the tree with this id or this name. Raises MissingError, AmbiguousError."""
        return tree_by_name(self, text)

    def export_tree(self, tree_id: str) -> Document:
        """Return a tree's portable document."""
        return cast(Document, self._transport.get(f"/trees/{segment(tree_id)}/export"))

    def validate_tree(self, document: Document | Sequence[Any]) -> Verdict:
        """Check a document or a plain array of tasks; nothing is stored."""
        return cast(Verdict, self._transport.ask("POST", "/trees/validate", body=document, repeatable=True))

    def import_tree(self, document: Document | Sequence[Any]) -> Tree:
        """Store a portable document, or a plain array of tasks, as a new tree."""
        return cast(Tree, self._transport.ask("POST", "/trees/import", body=document))

    # --- runs -----------------------------------------------------------------------------------------------------

    def start(
        self,
        tree_id: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        priority: int | None = None,
        idempotency_key: str | None = None,
    ) -> Run:
        """Start a tree. The same key is the same run; without one, only tries of this very call are.

        `priority`: 0 goes first, 3 last.
        """
        body: dict[str, Any] = {"parameters": dict(parameters or {})}
        if priority is not None:
            body["priority"] = priority
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        path = f"/trees/{segment(tree_id)}/runs"
        return cast(Run, self._transport.ask("POST", path, body=body, headers=headers, repeatable=True))

    def runs(
        self,
        *,
        status: Sequence[str] = (),
        tree: str | None = None,
        since: str | None = None,
        until: str | None = None,
        q: str | None = None,
    ) -> Iterator[Run]:
        """Yield the runs that the caller may see, newest first. `tree` is an id, `since` and `until` are times."""
        query = {"status": list(status) or None, "tree": tree, "since": since, "until": until, "q": q}
        return cast(Iterator[Run], pages(self._transport, "/runs", query))

    def run(self, run_id: str) -> Run:
        """Return a run."""
        return cast(Run, self._transport.get(f"/runs/{segment(run_id)}"))

    def find_run(self, text: str) -> Run:
        """Return the run whose id is, or begins with, this text. Raises MissingError, AmbiguousError."""
        return run_by_prefix(self, text)

    def task_runs(self, run_id: str, *, status: Sequence[str] = ()) -> Iterator[TaskRun]:
        """Yield the tasks of a run, in the tree's order."""
        query = {"status": list(status) or None}
        return cast(Iterator[TaskRun], pages(self._transport, f"/runs/{segment(run_id)}/tasks", query))

    def cancel(self, run_id: str, reason: str = "") -> Asked:
        """Ask for a run to be cancelled; doing so twice is no harm."""
        return self._command(f"/runs/{segment(run_id)}/cancel", reason, repeatable=True)

    def retry(self, run_id: str, task_id: str, reason: str = "") -> Asked:
        """Ask for a task of a live run to be run again."""
        return self._command(f"/runs/{segment(run_id)}/tasks/{segment(task_id)}/retry", reason)

    def rerun(self, run_id: str, scope: str = "failed", *, chosen: Sequence[str] = ()) -> Run:
        """Start a new run of what failed in one that has ended, or of another `scope`; return the new run."""
        body: dict[str, Any] = {"scope": scope}
        if chosen:
            body["chosen"] = list(chosen)
        return cast(Run, self._transport.ask("POST", f"/runs/{segment(run_id)}/rerun", body=body))

    def _command(self, path: str, reason: str, *, repeatable: bool = False) -> Asked:
        body = {"reason": reason} if reason else {}
        return cast(Asked, self._transport.ask("POST", path, body=body, repeatable=repeatable))

    # --- watching -------------------------------------------------------------------------------------------------

    def follow(
        self, run_id: str, after: int | None = None, *, on_away: Callable[[ClientError], None] = tell_nobody
    ) -> Iterator[Item]:
        """Yield what happens to a run until it has ended: each event once, in order, whatever the line does.

        `after` is the `seq` of the last event that is known: 0 begins with the first, None with a snapshot. A snapshot
        also comes in place of events that are too many. A server that is away is waited for; `on_away` is told.
        """
        return Follower(self._transport, run_id, after, on_away=on_away).items()

    def logs(
        self,
        run_id: str,
        *,
        after: int = 0,
        follow: bool = False,
        task: str | None = None,
        level: str | None = None,
        on_away: Callable[[ClientError], None] = tell_nobody,
    ) -> Iterator[LogLine]:
        """Yield the log lines behind `after`, an id; with `follow`, until the run has ended."""
        reader = LogReader(self._transport, run_id, after=after, task=task, level=level, on_away=on_away)
        return reader.follow() if follow else reader.rest()
