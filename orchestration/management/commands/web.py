"""`manage.py web`: pages, API and live streams, without a worker."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from orchestration.management.arguments import port
from orchestration.management.plain_command import PlainCommand
from orchestration.management.schema_guard import require_fitting_schema
from orchestration.management.supervise import Address, StartError, require_free
from orchestration.management.web_server import serve_web


class Command(PlainCommand):
    """Run one web process."""

    help = "Serve pages, API and live streams, until Ctrl-C or SIGTERM. Workers run beside it: `manage.py worker`."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        host, number = settings.APFLOW_HOST, settings.PORT
        parser.add_argument("--host", default=host, help="address to listen on (APFLOW_HOST, %(default)s)")
        parser.add_argument("--port", type=port, default=number, help="port to listen on (PORT, %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until stopped; raises CommandError when that is impossible."""
        address = Address(options["host"], options["port"])
        try:
            require_free(address)
        except StartError as error:
            raise CommandError(str(error)) from error
        require_fitting_schema()
        serve_web(address.host, address.port)
