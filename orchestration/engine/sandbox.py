"""Jinja's sandbox, with what can eat all memory at one go bounded: repeated, padded, filled and replaced values.

Loops are not: who writes an expression may use a worker's time, as their tasks may.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Final

from jinja2 import StrictUndefined
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedFormatter

#: What one operation may make a text or a list of.
MAX_REPEAT: Final = 1_000_000
#: What one replacement may make a text of.
MAX_TEXT: Final = 16_000_000
_PADDING: Final = frozenset({"ljust", "rjust", "center", "zfill", "expandtabs", "to_bytes"})
#: A width or a precision in the two notations of formats; `*` takes it from the values.
_WIDE_PERCENT: Final = re.compile(r"%(?:\([^)]*\))?[-+ #0]*(?:\*|\d{7,}|\d*\.(?:\*|\d{7,}))")
_WIDE_SPEC: Final = re.compile(r"\d{7,}")
#: Filters whose numbers are sizes.
_SIZED: Final = ("batch", "center", "indent", "slice", "tojson", "truncate", "wordwrap")
_LEFT_OUT: Final = ("random", "pprint")


class _Formatter(SandboxedFormatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        if _WIDE_SPEC.search(format_spec):
            raise SecurityError("a format may pad a value to fewer than 1,000,000 characters")
        return super().format_field(value, format_spec)


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of expressions."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Bound what an operator makes."""
        if operator == "**" and not (_is_small(left) and _is_small(right)):
            raise SecurityError("powers of numbers over 1,000 are not allowed in expressions")
        if operator == "*":
            for text, times in ((left, right), (right, left)):
                if isinstance(text, str | list | tuple) and isinstance(times, int):
                    _bound(len(text) * times)
        if operator == "%" and isinstance(left, str):
            _check_percent(left)
        return super().call_binop(context, operator, left, right)

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Bound what a method of a text or a number makes."""
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if isinstance(owner, str | bytes | int) and name in _PADDING:
            _bound_sizes(args, kwargs)
            if name == "expandtabs" and args and isinstance(args[0], int):
                _bound_text(len(owner) * args[0])  # type: ignore[arg-type]  # numbers have no such method
        elif isinstance(owner, str):
            args = _bounded_arguments(owner, name, args)
        return super().call(context, obj, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Bound the widths of `format` and `format_map` too, those that come from values as well."""
        if super().wrap_str_format(value) is None:
            return None
        text, by_map, formatter = value.__self__, value.__name__ == "format_map", _Formatter(self)

        def bounded(*args: Any, **kwargs: Any) -> str:
            return formatter.vformat(text, (), args[0]) if by_map else formatter.vformat(text, args, kwargs)

        return update_wrapper(bounded, value)


def _is_small(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) <= 1000


def _bound(size: int) -> None:
    if size > MAX_REPEAT:
        raise SecurityError(f"an expression may repeat a value to {MAX_REPEAT:,} items at most")


def _bound_text(size: int) -> None:
    if size > MAX_TEXT:
        raise SecurityError(f"an expression may make a text of {MAX_TEXT:,} characters at most")


def _bound_sizes(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    for value in (*args, *kwargs.values()):
        if isinstance(value, int):
            _bound(value)


def _check_percent(text: str) -> None:
    if _WIDE_PERCENT.search(text):
        raise SecurityError("a format may pad a value to fewer than 1,000,000 characters, and writes the number out")


def _bounded_arguments(text: str, method: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Check what a method that can multiply a text is given; what can be read once only is returned as a list."""
    if method == "replace" and len(args) > 1 and all(isinstance(arg, str) for arg in args[:2]):
        _bound_text(len(text) + text.count(args[0]) * len(args[1]))
    elif method == "translate" and args and isinstance(args[0], dict):
        longest = max((len(value) for value in args[0].values() if isinstance(value, str)), default=1)
        _bound_text(len(text) * longest)
    elif method == "join" and args and not isinstance(args[0], str):
        items = list(args[0])
        _bound_join(text, items)
        return (items, *args[1:])
    return args


def _bound_join(separator: str, items: list[Any]) -> None:
    _bound_text(sum(len(item) for item in items if isinstance(item, str)) + len(separator) * len(items))


def _sized(original: Callable[..., Any], position: int) -> Callable[..., Any]:
    """Return a filter that refuses large sizes; its value is the argument at `position`."""

    def bounded(*args: Any, **kwargs: Any) -> Any:
        sizes = args[position + 1 :]
        _bound_sizes(sizes, kwargs)
        value = args[position] if len(args) > position else None
        numbers = [size for size in (*sizes, *kwargs.values()) if isinstance(size, int)]
        if isinstance(value, str) and numbers and original.__name__ == "do_indent":
            _bound_text(len(value) + (value.count("\n") + 1) * max(numbers))
        return original(*args, **kwargs)

    return update_wrapper(bounded, original)


def _replace(original: Callable[..., Any]) -> Callable[..., Any]:
    def bounded(context: Any, s: Any, old: Any, new: Any, count: int | None = None) -> Any:
        text, old, new = str(s), str(old), str(new)
        _bound_text(len(text) + text.count(old) * len(new))
        return original(context, s, old, new, count)

    return update_wrapper(bounded, original)


def _format(original: Callable[..., Any]) -> Callable[..., Any]:
    def bounded(value: Any, *args: Any, **kwargs: Any) -> Any:
        _check_percent(str(value))
        return original(value, *args, **kwargs)

    return update_wrapper(bounded, original)


def make_sandbox() -> Sandbox:
    """Return a new environment: strict about what is undefined, with no escaping, chance or filler text."""
    environment = Sandbox(undefined=StrictUndefined, autoescape=False)
    filters = environment.filters
    for name in _LEFT_OUT:
        filters.pop(name, None)
    for name in _SIZED:
        passes = hasattr(filters[name], "jinja_pass_arg")
        filters[name] = _sized(filters[name], 1 if passes else 0)
    filters["replace"], filters["format"] = _replace(filters["replace"]), _format(filters["format"])
    environment.globals.pop("lipsum", None)
    return environment
