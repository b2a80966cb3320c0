"""From a command line to an exit code."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from apflow.client import ApiError, Client, ClientError, NoAnswerError, UnexpectedAnswerError

from .accounts import current_account
from .arguments import read_arguments
from .exit_codes import EXIT_BROKEN_PIPE, EXIT_CANCELLED, EXIT_FAILED, EXIT_REFUSED
from .screen import Screen

#: Seconds for which one request is tried again: a server that restarts is back by then.
_PATIENCE_SECONDS = 3.0


def main(argv: Sequence[str] | None = None) -> int:
    """Carry one command out and return its exit code."""
    arguments = read_arguments(sys.argv[1:] if argv is None else argv)
    screen = Screen.of_process(as_json=arguments.json)
    try:
        code = _carry_out(arguments, screen)
        sys.stdout.flush()
    except ClientError as error:
        return _refuse(screen, error)
    except KeyboardInterrupt:
        return EXIT_CANCELLED
    except BrokenPipeError:
        # Whoever read our output has enough. Python would complain once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    return code


def _carry_out(arguments: Namespace, screen: Screen) -> int:
    act = arguments.act
    if arguments.without_server:
        return int(act(screen, arguments))
    account = current_account(insecure=arguments.insecure)
    with Client(account.url, account.token, insecure=account.insecure, patience_seconds=_PATIENCE_SECONDS) as client:
        return int(act(client, screen, arguments))


def _refuse(screen: Screen, error: ClientError) -> int:
    screen.complain(str(error))
    if isinstance(error, ApiError) and len(error.problems) > 1:
        for problem in error.problems:
            screen.complain(f"  {problem.path}: {problem.message}")
    if error.hint:
        screen.complain(error.hint)
    return EXIT_FAILED if _is_servers_fault(error) else EXIT_REFUSED


def _is_servers_fault(error: ClientError) -> bool:
    if isinstance(error, ApiError):
        return error.status >= 500 or error.is_passing
    return isinstance(error, NoAnswerError | UnexpectedAnswerError)
