"""ASGI entry point: `daphne apflow_site.asgi:application`."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apflow_site.settings")

# Sets Django up; what follows imports models.
http = get_asgi_application()

# The URLs now, and not in the thread of the first request: what is wrong with them stops the start.
import apflow_site.urls  # noqa: E402, F401
from orchestration.live.routing import websockets  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": websockets})
