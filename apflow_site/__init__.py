"""The Django site: settings, environment, URLs, ASGI entry point and the embedded PostgreSQL."""
