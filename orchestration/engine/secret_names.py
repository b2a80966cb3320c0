"""Which names say that what lies under them is a secret: keys of JSON objects, and fields of queries."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_WORDS: Final = (
    r"token|secret|passw|passphrase|credential|authorization|cookie|(api|private|access|signing|encryption)[-_. ]?key"
    r"|(^|[-_.])(auth|pwd|jwt)($|[-_.])"
)
_SECRET: Final = re.compile(_WORDS, re.IGNORECASE)
#: In a query short names and signatures are usual that elsewhere would be ordinary words.
_SECRET_IN_QUERY: Final = re.compile(rf"{_WORDS}|signature|(^|[-_.])(key|sig|session|sid)($|[-_.])", re.IGNORECASE)
#: What is said about a secret, and how many tokens of a language model something takes.
_ABOUT: Final = re.compile(
    r"tokeni[sz]|secretar|(name|type|url|uri|endpoint|count|limit|budget|usage|length|size|ttl|policy|lifetime)s?\Z"
    r"|expir(es|y|ation)([-_.]?(at|in))?\Z|\A(max|min|num|n|total|prompt|completion|input|output).*tokens\Z",
    re.IGNORECASE,
)
#: Fields that stand beside a secret and are none: how it is used, and whose it is.
_BESIDE: Final = frozenset({"type", "kind", "scheme", "location", "name", "username", "user", "login", "host", "port"})


@lru_cache(maxsize=8_192)
def sounds_secret(name: str) -> bool:
    """Tell whether what lies under a key of this name is a secret."""
    return bool(_SECRET.search(name)) and not _ABOUT.search(name)


@lru_cache(maxsize=8_192)
def query_field_sounds_secret(name: str) -> bool:
    """Tell whether the value of a query field of this name is a secret."""
    return bool(_SECRET_IN_QUERY.search(name)) and not _ABOUT.search(name)


def stands_beside(name: str) -> bool:
    """Tell whether a field within credentials is no secret itself."""
    return name.lower() in _BESIDE
