"""What the command line may say."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from .commands import sign_in, steering, tokens, trees, viewing, watching
from .parsers import Commands

_DESCRIPTION = (
    "Start, watch and steer the runs of an apflow server. Sign in once with `apflow login URL`, or set APFLOW_URL and "
    "APFLOW_TOKEN."
)
_EPILOG = (
    "Exit code: 0 done, or the run completed; 1 the run failed, or the server can't be used; 2 invalid or refused; "
    "130 cancelled."
)


def read_arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Read a command line; one that makes no sense ends the process with exit code 2."""
    parser = argparse.ArgumentParser(prog="apflow", description=_DESCRIPTION, epilog=_EPILOG, allow_abbrev=False)
    commands = Commands.of(parser)
    for module in (sign_in, trees, watching, viewing, steering, tokens):
        module.add(commands)
    return parser.parse_args(argv)
