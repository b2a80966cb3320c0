"""Where secrets lie in JSON values and in texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from .json_values import path_join
from .secret_forms import SCHEME
from .secret_names import query_field_sounds_secret, sounds_secret, stands_beside

#: What is shown in place of a secret.
MASK: Final = "•••"
#: One expression and nothing else but a scheme before it: that names a secret and holds none.
_REFERENCE: Final = re.compile(rf"\s*(?:{SCHEME})?\{{\{{[^{{}}'\"]*\}}\}}\s*\Z", re.IGNORECASE)
_NAME: Final = r"[\w.\-\[\]]{1,64}"
#: What stands before a secret in a text: `://user:`, `name=`, `"name": "`, `Authorization: Bearer `.
_LABEL: Final = re.compile(
    r"(?P<user>://[^\s/?#:@]{0,256}:)"
    rf"|(?<![\w.\-\[\]])(?P<field>{_NAME})=[\"']?"
    rf"|\"(?P<key>{_NAME})\"\s{{0,9}}:\s{{0,9}}\""
    rf"|(?<![\w-])(?P<header>[\w-]{{0,64}}authorization)[\"']?\s{{0,9}}:\s{{0,9}}[\"']?(?:{SCHEME})?",
    re.IGNORECASE,
)
#: By the kind of label: whether its name is that of a secret, and how far the secret goes.
_VALUES: Final[dict[str, tuple[Callable[[str], bool], re.Pattern[str]]]] = {
    "user": (lambda _: True, re.compile(r"[^\s/?#]+(?=@)")),
    "field": (query_field_sounds_secret, re.compile(r"[^\s&;#\"']+")),
    "key": (sounds_secret, re.compile(r"(?:[^\"\\]|\\.)+", re.DOTALL)),
    "header": (sounds_secret, re.compile(r"[^\s\"',]+")),
}
#: The words of a JSON Schema of one value, and those among them that hold values.
_SCHEMA_WORDS: Final = frozenset(
    {
        *("type", "title", "description", "format", "default", "const", "enum", "examples", "pattern", "minLength"),
        *("maxLength", "minimum", "maximum", "items", "anyOf", "oneOf", "allOf", "$ref", "readOnly", "writeOnly"),
    }
)
_SCHEMA_VALUES: Final = frozenset({"default", "const", "enum", "examples"})


def is_reference(text: str) -> bool:
    """Tell whether a text only says where a value comes from, as `{{ secrets.NAME }}` does."""
    return "{{" in text and bool(_REFERENCE.match(text))


class SecretWalk:
    """Goes through JSON values: `look` collects their secrets, `redacted` leaves them out.

    `mask` is what is done to every other text.
    """

    def __init__(self, mask: Callable[[str], str] = str) -> None:
        self._mask = mask
        self.secrets: set[str] = set()

    @property
    def found_any(self) -> bool:
        """True when something secret was seen, however short."""
        return bool(self.secrets)

    def look(self, value: Any, *, secret: bool = False) -> None:
        """Collect the secrets in a value; `secret` says that all of it is one."""
        if isinstance(value, dict):
            for key, child in value.items():
                self.look(child, secret=_is_secret(value, key, secret))
        elif isinstance(value, list | tuple):
            for child in value:
                self.look(child, secret=secret)
        elif secret and _can_be_secret(value):
            self.secrets.add(str(value))
        elif isinstance(value, str):
            self.secrets.update(value[place] for place in _secrets_in(value))

    def redacted(self, value: Any, *, secret: bool = False) -> Any:
        """Return a value without its secrets."""
        if isinstance(value, dict):
            return {key: self.redacted(child, secret=_is_secret(value, key, secret)) for key, child in value.items()}
        if isinstance(value, list | tuple):
            return [self.redacted(child, secret=secret) for child in value]
        if secret and _can_be_secret(value):
            return MASK
        return self._mask(_without_secrets(value)) if isinstance(value, str) else value


def masked_places(value: Any, path: str) -> Iterator[str]:
    """Yield the places in a value that hold the mask: what was shown redacted must not be stored as it was shown."""
    if MASK not in repr(value):
        return
    stack: list[tuple[Any, str, bool]] = [(value, path, False)]
    while stack:
        item, where, secret = stack.pop()
        if isinstance(item, dict):
            stack.extend((child, path_join(where, key), _is_secret(item, key, secret)) for key, child in item.items())
        elif isinstance(item, list):
            stack.extend((child, path_join(where, index), secret) for index, child in enumerate(item))
        elif isinstance(item, str) and MASK in item and (secret or item == MASK or _holds_mask(item)):
            yield where


def _holds_mask(text: str) -> bool:
    return any(MASK in text[place] for place in _secrets_in(text))


def _can_be_secret(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value) and not is_reference(value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_secret(holder: dict[Any, Any], key: Any, secret: bool) -> bool:
    """Tell whether what `holder` has under `key` is secret; `secret` says that the holder is one."""
    name = str(key)
    if secret and _is_schema(holder):
        return name in _SCHEMA_VALUES
    if name in ("key", "name") and "value" in holder:
        return False
    if name == "value" and any(sounds_secret(str(holder.get(label, ""))) for label in ("key", "name")):
        return True
    return (secret and not stands_beside(name)) or sounds_secret(name)


def _is_schema(holder: dict[Any, Any]) -> bool:
    return not holder.keys().isdisjoint(("type", "$ref", "anyOf", "enum")) and holder.keys() <= _SCHEMA_WORDS


def _secrets_in(text: str) -> Iterator[slice]:
    """Yield where secrets stand in a text."""
    label = _LABEL.search(text) if "=" in text or ":" in text else None
    while label is not None:
        kind = label.lastgroup or ""
        sounds, pattern = _VALUES[kind]
        found = pattern.match(text, label.end()) if sounds(label[kind]) else None
        if found is not None and not found[0].startswith("{{"):
            yield slice(*found.span())
        label = _LABEL.search(text, found.end() if found else label.end())


def _without_secrets(text: str) -> str:
    parts, done = [], 0
    for place in _secrets_in(text):
        parts += [text[done : place.start], MASK]
        done = place.stop
    return "".join([*parts, text[done:]]) if parts else text
