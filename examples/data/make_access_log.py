"""Makes `access.log.gz`: one invented day of a web shop, in the combined log format.

Run `python -m examples.data.make_access_log` to write it anew. The same seed gives the same lines. All addresses are
from the ranges that RFC 5737 keeps for documentation.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

LINES: Final = 60_000
SEED: Final = 5737
TARGET: Final = Path(__file__).resolve().parent / "access.log.gz"

_DAY: Final = datetime(2026, 3, 2, tzinfo=UTC)
_HOUR_WEIGHTS: Final = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 13, 14, 13, 12, 12, 12, 13, 15, 18, 19, 15, 9, 4)
_NETWORKS: Final = ("192.0.2", "198.51.100", "203.0.113")
_AGENTS: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) ExampleBrowser/12.1",
    "Mozilla/5.0 (Macintosh) ExampleBrowser/12.0",
    "Mozilla/5.0 (Mobile) ExampleBrowser/11.4",
    "ExampleBot/2.3 (+https://bot.example.org/)",
    "example-monitor/1.0",
)
#: method, path, weight, and the statuses that it answers with.
_PAGES: Final = (
    ("GET", "/", 120, (200, 200, 200, 304)),
    ("GET", "/products/{n}", 260, (200, 200, 200, 200, 304, 404)),
    ("GET", "/search?q={word}", 90, (200, 200, 200, 200, 200, 500)),
    ("GET", "/static/shop.css", 110, (200, 304, 304, 304)),
    ("GET", "/static/shop.js", 110, (200, 304, 304, 304)),
    ("GET", "/cart", 40, (200, 200, 302)),
    ("POST", "/cart", 30, (303,)),
    ("GET", "/login", 20, (200,)),
    ("POST", "/login", 14, (303, 303, 303, 401)),
    ("POST", "/checkout", 10, (303, 303, 303, 303, 303, 303, 502)),
    ("GET", "/api/v1/stock/{n}", 60, (200, 200, 200, 200, 200, 200, 429, 503)),
    ("GET", "/robots.txt", 6, (200,)),
    ("GET", "/wp-login.php", 8, (404,)),
)
_WORDS: Final = ("lamp", "chair", "tea+pot", "rug", "clock", "shelf", "mug")


def access_log_lines(count: int = LINES, seed: int = SEED) -> Iterator[str]:
    """Yield the lines of the log, without line ends, in the order of their times."""
    chance = random.Random(seed)  # noqa: S311 - invented visitors, no secrets
    clients = [f"{network}.{host}" for network in _NETWORKS for host in chance.sample(range(1, 255), 90)]
    popularity = [1 / (rank + 3) for rank in range(len(clients))]
    weights = [page[2] for page in _PAGES]
    for second in _seconds(chance, count):
        if chance.random() < 0.0005:
            # Somebody speaks TLS to a port that doesn't.
            yield rf'{chance.choice(clients)} - - [{_stamp(second)}] "\x16\x03\x01" 400 0'
            continue
        client = chance.choices(clients, popularity)[0]
        yield f"{client} - - [{_stamp(second)}] {_request(chance, weights)}"


def _seconds(chance: random.Random, count: int) -> list[int]:
    hours = chance.choices(range(24), _HOUR_WEIGHTS, k=count)
    return sorted(hour * 3600 + chance.randrange(3600) for hour in hours)


def _stamp(second: int) -> str:
    moment = _DAY + timedelta(seconds=second)
    # Not strftime's %b, which follows the locale.
    return moment.strftime("%d/Mar/%Y:%H:%M:%S +0000")


def _request(chance: random.Random, weights: list[int]) -> str:
    method, page, _, statuses = chance.choices(_PAGES, weights)[0]
    path = page.format(n=int(chance.paretovariate(1.2)) % 80 + 1, word=chance.choice(_WORDS))
    status = chance.choice(statuses)
    size = 0 if status in (302, 303, 304) else chance.randrange(300, 40_000)
    referrer = chance.choice(("-", "https://www.example.org/", "https://search.example.net/"))
    agent = chance.choices(_AGENTS, (40, 20, 30, 8, 2))[0]
    return f'"{method} {path} HTTP/1.1" {status} {size} "{referrer}" "{agent}"'


def write_log(target: Path = TARGET) -> None:
    """Write the compressed log; neither a time nor a file name goes into it."""
    text = "".join(f"{line}\n" for line in access_log_lines())
    target.write_bytes(gzip.compress(text.encode("ascii"), compresslevel=9, mtime=0))


if __name__ == "__main__":
    write_log()
