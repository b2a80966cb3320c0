"""The pieces that every command's arguments are made of."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Act = Callable[..., int]


@dataclass(frozen=True)
class Commands:
    """A place for commands: each is a parser and the function that carries it out."""

    place: argparse._SubParsersAction[argparse.ArgumentParser]

    @classmethod
    def of(cls, parser: argparse.ArgumentParser) -> Commands:
        """Make a parser expect a command."""
        return cls(parser.add_subparsers(metavar="COMMAND", required=True))

    def add(self, name: str, act: Act | None, text: str, *, without_server: bool = False) -> argparse.ArgumentParser:
        """Add a command; `act` gets a client, the screen and the arguments, or no client where it needs no server."""
        parser = self.place.add_parser(name, help=text, description=text, allow_abbrev=False)
        if act is not None:
            parser.set_defaults(act=act, without_server=without_server)
            parser.add_argument("--json", action="store_true", help="print JSON")
            parser.add_argument(
                "--insecure",
                action="store_true",
                help="let the token cross a network without TLS, to an http:// address",
            )
        return parser


def parameter(text: str) -> tuple[str, Any]:
    """Read `name=value`; the value is JSON where it is JSON, else text."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not name=value")
    try:
        return name.strip(), json.loads(value, parse_constant=_no_number)
    except ValueError:
        return name.strip(), value


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def positive_int(text: str) -> int:
    """Read a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)
