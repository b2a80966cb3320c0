"""`manage.py start`: database, migrations, first administrator, examples, web and worker; Ctrl-C stops all of it."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import OperationalError

from orchestration.management.first_start import PASSWORD_VARIABLE, FirstAdmin, prepare_database
from orchestration.management.plain_command import PlainCommand
from orchestration.management.supervise import Address, ChildSpec, StartError, Supervisor, answers, require_free
from orchestration.management.web_server import daphne_arguments

# How long the web process may take to close its connections.
WEB_GRACE_SECONDS = 2.0


class Command(PlainCommand):
    """Start everything and keep it running."""

    help = "Start the database, the web server and a worker; Ctrl-C stops all of them."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until stopped; raises CommandError with one sentence when that is impossible."""
        address = Address(settings.APFLOW_HOST, settings.PORT)
        try:
            require_free(address)
            admin = _prepared_database()
            if admin is not None:
                self.stdout.write(_box(admin))
            supervisor = Supervisor(_children(address), _environment())
            supervisor.install_signal_handlers()
            supervisor.run(
                is_ready=lambda: answers(address),
                on_ready=lambda: self._say(f"apflow is running at {address.url} (Ctrl-C stops it)"),
            )
        except StartError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            # Ctrl-C before there is anything to stop.
            raise CommandError("Stopped before the start was complete.") from None

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _prepared_database() -> FirstAdmin | None:
    try:
        return prepare_database()
    except OperationalError as error:
        if type(error) is not OperationalError:
            raise  # the embedded server's own, which is a sentence already
        reason = " ".join(str(error).split())
        raise StartError(f"The database of DATABASE_URL can't be used: {reason}") from error


def _children(address: Address) -> list[ChildSpec]:
    return [
        ChildSpec("web", "daphne", daphne_arguments(address.host, address.port), WEB_GRACE_SECONDS),
        ChildSpec("worker", "manage", ("worker",), float(settings.APFLOW_DRAIN_SECONDS)),
    ]


def _environment() -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != PASSWORD_VARIABLE}
    paths = [str(settings.BASE_DIR), *filter(None, [environment.get("PYTHONPATH")])]
    return environment | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def _box(admin: FirstAdmin) -> str:
    lines = [f"First start: sign in as {admin.name}"]
    if admin.password is None:
        lines.append(f"with the password from {PASSWORD_VARIABLE}.")
    else:
        lines += [f"with the password {admin.password}", "It is shown only this once; change it after signing in."]
    width = max(map(len, lines))
    edge = f"+{'-' * (width + 2)}+"
    return "\n".join([edge, *(f"| {line.ljust(width)} |" for line in lines), edge])
