"""`apflow token create`, `list`, `revoke`."""

from __future__ import annotations

from argparse import Namespace

from apflow.cli.exit_codes import EXIT_DONE
from apflow.cli.parsers import Commands, positive_int
from apflow.cli.screen import Screen
from apflow.cli.wording import local_time
from apflow.client import AmbiguousError, Client, MissingError
from apflow.client.documents import Token

_SCOPES = ("read", "run", "edit", "admin")


def add(commands: Commands) -> None:
    """Declare the commands."""
    place = Commands.of(commands.add("token", None, "Make, list and revoke your tokens."))
    create = place.add("create", create_token, "Make a token and print it, this once.")
    create.add_argument("name", metavar="NAME", help="what it is for")
    create.add_argument("--scope", choices=_SCOPES, default="read", help="what it may be used for; default read")
    create.add_argument("--days", metavar="N", type=positive_int, help="how long it is valid; without it, for ever")
    place.add("list", list_tokens, "List your tokens.")
    revoke = place.add("revoke", revoke_token, "Close a token for good.")
    revoke.add_argument("token", metavar="TOKEN", help="its name or its id")


def create_token(client: Client, screen: Screen, arguments: Namespace) -> int:
    """Make a token; its secret is the only thing on standard output."""
    token = client.create_token(arguments.name, arguments.scope, arguments.days)
    screen.document(token)
    screen.say(token["secret"])
    screen.complain("Keep this token now; it is not shown again.")
    return EXIT_DONE


def list_tokens(client: Client, screen: Screen, arguments: Namespace) -> int:
    """List the caller's tokens."""
    found = list(client.tokens())
    screen.document(found)
    titles = ("ID", "NAME", "SCOPE", "CREATED", "EXPIRES", "LAST USED", "REVOKED")
    screen.table(titles, [_row(token) for token in found], flexible=1)
    return EXIT_DONE


def _row(token: Token) -> tuple[str, ...]:
    times = (token["created_at"], token["expires_at"], token["last_used_at"], token["revoked_at"])
    return (str(token["id"]), token["name"], token["scope"], *map(local_time, times))


def revoke_token(client: Client, screen: Screen, arguments: Namespace) -> int:
    """Close the token with this id or name."""
    text = arguments.token
    usable = [token for token in client.tokens() if token["revoked_at"] is None]
    found = [token for token in usable if str(token["id"]) == text] or [t for t in usable if t["name"] == text]
    if not found:
        raise MissingError(f"You have no token {text!r}; `apflow token list` lists them.")
    if len(found) > 1:
        raise AmbiguousError(f"Several of your tokens are named {text!r}; use the id, which `apflow token list` shows.")
    client.revoke_token(found[0]["id"])
    screen.document({"id": found[0]["id"], "name": found[0]["name"], "revoked": True})
    screen.say(f"Revoked {found[0]['name']}.")
    return EXIT_DONE
