"""Carrying out what people ask of live runs."""

from __future__ import annotations

import logging

from .admissions import Admissions
from .attempts import Attempts
from .clock import Clock
from .holdings import Holdings
from .loop import Loop
from .ports import Command, Store
from .records import Node
from .run_state import RunState
from .task_commands import DONE, carry_out
from .threads import ControlThread

logger = logging.getLogger("apflow.engine")


class Commands:
    """Fetches commands for owned runs and applies each once."""

    def __init__(
        self, loop: Loop, clock: Clock, holdings: Holdings, admissions: Admissions, attempts: Attempts
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._holdings = holdings
        self._admissions = admissions
        self._attempts = attempts

    def fetch(self, control: ControlThread, store: Store) -> None:
        """Ask the database for open commands."""
        if len(self._holdings):
            # The runs of the moment at which it is asked, and not of an earlier one.
            control.look(
                "commands",
                lambda: store.open_commands(self._holdings.ids()),
                lambda commands, error: self._loop.post(self._on_commands, commands, error),
            )

    def _on_commands(self, commands: list[Command] | None, error: Exception | None) -> None:
        if error is not None:
            logger.warning("fetching commands failed: %s", error)
        for command in commands or ():
            held = self._holdings.get(command.run_id)
            if held is not None and command.pk not in held.state.handled:
                held.state.handled.add(command.pk)
                answer = self._carry_out(held.state, command)
                held.state.batch.handled.append((command.pk, answer))
                self._holdings.touch(held.state)

    def _carry_out(self, state: RunState, command: Command) -> str:
        now, who = self._clock.now(), command.requested_by
        node = state.by_pk.get(command.task_run) if command.task_run is not None else None
        if state.status.is_terminal or (command.task_run is not None and node is None):
            return "too late: it has ended"
        logger.info("run %s: %s asked by %s", state.id, command.kind, who or "a program")
        if command.kind == "cancel":
            self._cancel(state, node, command)
        elif command.kind == "pause":
            state.pause(who, now)
        elif command.kind == "resume":
            state.resume(who, now)
        elif command.kind == "set_priority":
            self._set_priority(state, node, int(command.data["priority"]), who)
        elif node is not None:
            return carry_out(state, node, command.kind, who, now)
        else:
            return f"this worker doesn't know the command {command.kind!r} for a run"
        return DONE

    def _cancel(self, state: RunState, node: Node | None, command: Command) -> None:
        now = self._clock.now()
        if node is None:
            self._attempts.stop(state.cancel(command.reason, command.requested_by, now))
        elif state.cancel_task(node, command.reason, command.requested_by, now):
            self._attempts.stop([node])

    def _set_priority(self, state: RunState, node: Node | None, priority: int, who: str | None) -> None:
        for moved in state.set_priority(node, priority, who, self._clock.now()):
            self._admissions.queue.push(state, moved)
