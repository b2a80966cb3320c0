"""Keeping secrets of a task's inputs out of what people read.

A value is a secret because it was granted as one, or because of where it lies: under a key that sounds like one, as the
password in a URL, as a query field. `Masker.text` takes it out of any text; `redact` shows a value without it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Final, TypeAlias

from .secret_forms import base64_forms_of, forms_of
from .secret_places import MASK, SecretWalk
from .secret_search import FormSearch, PieceSearch
from .unbroken import broken_places, is_broken, unbroken

#: So long a form is looked for across line breaks.
_LEAST_BROKEN_CHARS: Final = 12
#: Takes secrets out of a text.
Mask: TypeAlias = Callable[[str], str]


class Masker:
    """Takes secrets out of texts and values. Without secrets it costs nothing, and changes nothing."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = frozenset(secrets)
        self._forms = {form for secret in self.secrets for form in forms_of(secret)}
        self._search = FormSearch(self._forms)

    @cached_property
    def _broken_search(self) -> FormSearch:
        """Made for the first text with line breaks. Nobody wraps what is shorter, and a column has it by chance."""
        return FormSearch({form for form in map(unbroken, self._forms) if len(form) >= _LEAST_BROKEN_CHARS})

    @cached_property
    def _piece_search(self) -> PieceSearch:
        """Made for the first text that is long enough."""
        return PieceSearch({form for secret in self.secrets for form in base64_forms_of(secret)})

    def text(self, text: str) -> str:
        """Return the text with every form of every secret replaced; those shorter than six characters stay.

        A form may be broken into lines, and what is between goes with it. Lines of base64 are found one by one too.
        """
        if not self._forms:
            return text
        while (
            masked := _without(text, self._places(text))
        ) != text:  # a mask may make another one with what is around it
            text = masked
        return text

    def _places(self, text: str) -> list[slice]:
        """Return where secrets stand in a text, in order; none touches the next."""
        found = [*self._search.places(text), *self._piece_search.places(text)]
        if is_broken(text):
            found += broken_places(text, [*self._broken_search.places(unbroken(text))])
        places: list[slice] = []
        for place in sorted(found, key=lambda place: place.start):
            if places and place.start <= places[-1].stop:
                places[-1] = slice(places[-1].start, max(places[-1].stop, place.stop))
            else:
                places.append(place)
        return places

    def hide(self, value: Any) -> Any:
        """Return a JSON value with every form of every secret replaced in its texts and keys, wherever they lie."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.hide(child) for key, child in value.items()}
        return [self.hide(child) for child in self._lines_hidden(value)] if isinstance(value, list) else value

    def _lines_hidden(self, values: list[Any]) -> list[Any]:
        """Return a list without the forms that go over several of its texts: it may be the lines of one."""
        texts = [value for value in values if isinstance(value, str)]
        places = self._places("\n".join(texts)) if len(texts) > 1 else []
        if not places:
            return values
        starts, stops = [place.start for place in places], [place.stop for place in places]
        hidden, start = [], 0
        for value in values:
            if isinstance(value, str):
                stop = start + len(value)
                within = places[bisect_right(stops, start) : bisect_left(starts, stop)]
                cut = [slice(max(place.start - start, 0), min(place.stop, stop) - start) for place in within]
                value, start = _without(value, cut), stop + 1
            hidden.append(value)
        return hidden

    def redact(self, value: Any) -> Any:
        """Return a JSON value in which nothing secret is left: neither by its place nor by what it says."""
        return SecretWalk(self.text).redacted(value)


def _without(text: str, places: Iterable[slice]) -> str:
    parts, done = [], 0
    for place in places:
        parts += [text[done : place.start], MASK]
        done = place.stop
    return "".join([*parts, text[done:]]) if parts else text


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
