"""Pieces of the statements that add what workers have counted to the row of the day (UTC), an array of buckets in it.

The counts come as `x`, from `json_to_recordset`; the row that is there is `u`.
"""

from __future__ import annotations

from typing import Final, LiteralString

TODAY: Final[LiteralString] = "(clock_timestamp() AT TIME ZONE 'UTC')::date"

#: The buckets that came.
BUCKETS: Final[LiteralString] = """
    ARRAY(SELECT value::bigint FROM json_array_elements_text(x.buckets) WITH ORDINALITY AS b(value, place)
          ORDER BY place)
"""

#: The buckets that come, on top of those that are there.
ADDED_BUCKETS: Final[LiteralString] = """
    ARRAY(SELECT COALESCE(b.old, 0) + COALESCE(b.new, 0)
          FROM unnest(u.buckets, EXCLUDED.buckets) WITH ORDINALITY AS b(old, new, place) ORDER BY b.place)
"""
