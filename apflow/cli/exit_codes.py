"""Exit codes: those of `manage.py run`."""

from __future__ import annotations

from typing import Final

EXIT_DONE: Final = 0
#: The run failed, or the server can't be used.
EXIT_FAILED: Final = 1
#: Invalid, refused, or there is no such thing.
EXIT_REFUSED: Final = 2
EXIT_CANCELLED: Final = 130
#: What a shell shows for a program that SIGPIPE ended.
EXIT_BROKEN_PIPE: Final = 141

#: By the status in which a run ended.
EXIT_OF_STATUS: Final = {"completed": EXIT_DONE, "failed": EXIT_FAILED, "cancelled": EXIT_CANCELLED}
