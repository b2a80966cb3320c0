"""Log records of running attempts without the attempts' secrets, whichever handler takes them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from .masking import Masker

FindMasker = Callable[[], Masker | None]


class MaskedRecords:
    """A record factory around the one before it: filters and formatters come later, and belong to single handlers."""

    def __init__(self, make: Callable[..., logging.LogRecord], find_masker: FindMasker) -> None:
        self._make = make
        self._find_masker = find_masker

    def __call__(self, *arguments: Any, **fields: Any) -> logging.LogRecord:
        """Make a record; `find_masker` says whose code is running."""
        record = self._make(*arguments, **fields)
        masker = self._find_masker()
        if masker is not None and masker.secrets:
            _mask(record, masker)
        return record


def mask_records(find_masker: FindMasker) -> None:
    """Mask all records that are made from now on. Calling it again changes nothing."""
    make = logging.getLogRecordFactory()
    if not isinstance(make, MaskedRecords):
        logging.setLogRecordFactory(MaskedRecords(make, find_masker))


def _mask(record: logging.LogRecord, masker: Masker) -> None:
    try:
        said = record.getMessage()
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
    except Exception:  # noqa: BLE001 - other people's __str__; the handlers will say what is wrong with it
        return
    text = masker.text(said)
    if text != said:
        record.msg, record.args = text, ()
    if (masked := masker.text(trace)) != trace:
        # The exception holds the secret: a text takes its place.
        record.msg, record.args, record.exc_info = f"{text}\n{masked}", (), None
