"""Keeping secrets of a task's inputs out of what people read.

A value is a secret because it was granted as one, or because of where it lies: under a key that sounds like one, as the
password in a URL, as a query field. `Masker.text` takes it out of any text; `redact` shows a value without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from .secret_forms import MIN_CHARS, forms_of
from .secret_places import MASK, SecretWalk

#: So many beginnings are looked for faster one by one than all at once.
_FEW: Final = 100
#: Takes secrets out of a text.
Mask: TypeAlias = Callable[[str], str]


class Masker:
    """Takes secrets out of texts and values. Without secrets it costs nothing, and changes nothing."""

    __slots__ = ("_forms", "secrets")

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = frozenset(secrets)
        #: Forms of secrets by how they begin, longest first: a tree may have thousands, and a text is read once.
        self._forms: dict[str, list[str]] = {}
        forms = {form for secret in self.secrets for form in forms_of(secret)}
        for form in sorted(forms, key=len, reverse=True):
            self._forms.setdefault(form[:MIN_CHARS], []).append(form)

    def text(self, text: str) -> str:
        """Return the text with every form of every secret replaced; those shorter than six characters stay."""
        if not self._forms:
            return text
        while (masked := self._masked(text)) != text:  # a mask may make another one with what is around it
            text = masked
        return text

    def _masked(self, text: str) -> str:
        if len(self._forms) <= _FEW and not any(beginning in text for beginning in self._forms):
            return text
        parts, done = [], 0
        for start in range(len(text) - MIN_CHARS + 1):
            forms = self._forms.get(text[start : start + MIN_CHARS])
            if forms is None or start < done:
                continue
            form = next((form for form in forms if text.startswith(form, start)), None)
            if form is not None:
                parts += [text[done:start], MASK]
                done = start + len(form)
        return "".join([*parts, text[done:]]) if parts else text

    def hide(self, value: Any) -> Any:
        """Return a JSON value with every form of every secret replaced in its texts and keys, wherever they lie."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.hide(child) for key, child in value.items()}
        return [self.hide(child) for child in value] if isinstance(value, list) else value

    def redact(self, value: Any) -> Any:
        """Return a JSON value in which nothing secret is left: neither by its place nor by what it says."""
        return SecretWalk(self.text).redacted(value)


#: Knows no secret.
NO_SECRETS: Final = Masker(())


def secret_values(*values: Any) -> Masker:
    """Return the masker of the secrets that lie in JSON values."""
    walk = SecretWalk()
    for value in values:
        walk.look(value)
    return Masker(walk.secrets) if walk.secrets else NO_SECRETS


def redact(value: Any, *known: Any) -> Any:
    """Return a JSON value without secrets: its own, and those that lie in the values of `known`.

    Keys and shape stay. Where nothing is secret, it is the value itself.
    """
    walk = SecretWalk()
    for each in (value, *known):
        walk.look(each)
    return Masker(walk.secrets).redact(value) if walk.found_any else value
