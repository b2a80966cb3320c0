"""`apflow login`, `logout`, `me`."""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace

from apflow.cli.accounts import Account, forget_account, store_account
from apflow.cli.exit_codes import EXIT_DONE
from apflow.cli.parsers import Commands
from apflow.cli.screen import Screen
from apflow.client import Client
from apflow.client.address import server_address


def add(commands: Commands) -> None:
    """Declare the commands."""
    login = commands.add("login", log_in, "Check a token and keep it for later commands.", without_server=True)
    login.add_argument("url", metavar="URL", help="the address of the site")
    login.add_argument(
        "--token", metavar="TOKEN", help="the token; better left out: it is asked for, or read from standard input"
    )
    commands.add(
        "logout",
        log_out,
        "Forget the stored token. It stays valid; `apflow token revoke` ends it.",
        without_server=True,
    )
    commands.add("me", show_me, "Show who you are to the server, and what you may do.")


def log_in(screen: Screen, arguments: Namespace) -> int:
    """Ask the server who the token belongs to, and store both."""
    url = server_address(arguments.url, insecure=arguments.insecure)
    account = Account(url, arguments.token or _asked_token(), arguments.insecure)
    with Client(url, account.token, insecure=account.insecure, patience_seconds=0) as client:
        me = client.me()
    path = store_account(account)
    screen.document({"url": url, "username": me["username"], "file": str(path)})
    screen.say(f"Signed in to {url} as {me['username']}. The token is kept in {path}.")
    return EXIT_DONE


def _asked_token() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Token (it is not shown): ").strip()
    return sys.stdin.readline().strip()


def log_out(screen: Screen, arguments: Namespace) -> int:
    """Forget the account."""
    account = forget_account()
    screen.document({"url": account.url if account else None})
    screen.say(f"Signed out of {account.url}." if account else "You were not signed in.")
    return EXIT_DONE


def show_me(client: Client, screen: Screen, arguments: Namespace) -> int:
    """Show the caller."""
    me = client.me()
    screen.document(me)
    token = me["token"]
    screen.say(f"{me['username']} at {client.url}")
    screen.say(f"roles:  {', '.join(me['roles']) or 'none'}")
    if token is not None:
        screen.say(f"token:  {token['name']}, for {token['scope']}")
    return EXIT_DONE
