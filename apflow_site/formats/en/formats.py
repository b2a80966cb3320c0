"""Times of the administration are UTC and say so; `static/js/admin-times.js` makes them the reader's own."""

from __future__ import annotations

DATETIME_FORMAT = r"Y-m-d H:i:s \U\T\C"
