"""`python -m apflow`: the `apflow` command without its script."""

from __future__ import annotations

import sys

from apflow.cli import main

sys.exit(main())
