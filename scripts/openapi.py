"""Writes docs/openapi.json, the schema of the HTTP API; `make openapi` calls it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "apflow_site.settings")

import django  # noqa: E402

django.setup()

from orchestration.api.app import api  # noqa: E402
from orchestration.api.openapi import schema_text  # noqa: E402

TARGET = ROOT / "docs" / "openapi.json"

TARGET.write_text(schema_text(api), encoding="utf-8")
print(f"{TARGET.relative_to(ROOT)}: {len(api.get_openapi_schema()['paths'])} addresses")
