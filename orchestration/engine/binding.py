"""`{{ }}` expressions in inputs: sandboxed Jinja with native types.

An input that is one expression and nothing else becomes the expression's value, whatever its type; an expression
inside other text becomes text. Names: `tasks.NAME.result`, `.status`, `.error`; `params`; `run.id`; `secrets.NAME`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, TypeAlias

from jinja2 import TemplateError, TemplateSyntaxError, Undefined, meta, nodes
from jinja2.environment import TemplateExpression

from .errors import BindingError, Problem
from .json_values import JSONValue, path_join
from .sandbox import make_sandbox

#: `(root, attribute)` pairs.
Names: TypeAlias = tuple[tuple[str, str | None], ...]
#: Turns the value of an expression into what may stand at its place.
Encode: TypeAlias = Callable[[object], str]
_WHOLE: Final = re.compile(r"\s*\{\{(?P<expression>(?:(?!\}\}|\{\{).)*)\}\}\s*\Z", re.DOTALL)


_environment: Final = make_sandbox()


def has_expression(text: str) -> bool:
    """Tell whether `text` has anything for Jinja in it."""
    return "{{" in text or "{%" in text or "{#" in text


def walk_strings(value: JSONValue, path: str) -> Iterator[tuple[str, str]]:
    """Yield `(path, text)` for every string in `value` that has an expression, without recursion."""
    stack: list[tuple[JSONValue, str]] = [(value, path)]
    while stack:
        item, where = stack.pop()
        if isinstance(item, str):
            if has_expression(item):
                yield where, item
        elif isinstance(item, dict):
            stack.extend((child, path_join(where, key)) for key, child in item.items())
        elif isinstance(item, list):
            stack.extend((child, path_join(where, index)) for index, child in enumerate(item))


def syntax_problems(value: JSONValue, path: str) -> list[Problem]:
    """List every expression in `value` that Jinja can't parse."""
    return [
        Problem(where, f"the expression can't be read: {message}")
        for where, text in walk_strings(value, path)
        if (message := _parsed(text)[0]) is not None
    ]


def names_used(text: str) -> Names:
    """Return what an expression refers to, as `(root, attribute)` pairs, such as `("tasks", "fetch")`.

    The attribute is None where only a run tells which one is meant. Text that can't be parsed refers to nothing.
    """
    return _parsed(text)[1]


def free_names(text: str) -> set[str]:
    """Return the names that an expression takes from outside, those of Jinja's own left out."""
    try:
        return meta.find_undeclared_variables(_environment.parse(text)) - _environment.globals.keys()
    except TemplateSyntaxError:
        return set()


@lru_cache(maxsize=16_384)
def _parsed(text: str) -> tuple[str | None, Names]:
    """Return what is wrong with an expression, and what it refers to. A large tree is checked again at each save."""
    try:
        return None, _names(_environment.parse(text))
    except TemplateSyntaxError as error:
        return error.message or "it is no expression", ()


def _names(tree: nodes.Template) -> Names:
    used: list[tuple[str, str | None]] = []
    inner: set[int] = set()
    accesses: list[nodes.Getattr | nodes.Getitem] = [*tree.find_all(nodes.Getattr), *tree.find_all(nodes.Getitem)]
    for access in accesses:
        if isinstance(access.node, nodes.Name):
            inner.add(id(access.node))
            used.append((access.node.name, _attribute(access)))
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load" and id(name) not in inner:
            used.append((name.name, None))
    return tuple(used)


def _attribute(node: nodes.Getattr | nodes.Getitem) -> str | None:
    if isinstance(node, nodes.Getattr):
        return node.attr
    return str(node.arg.value) if isinstance(node.arg, nodes.Const) else None


def tasks_used(value: JSONValue) -> set[str]:
    """Return the names (or ids) of all tasks that the expressions in `value` name after `tasks.`."""
    return _named_after("tasks", value)


def secrets_used(value: JSONValue) -> set[str]:
    """Return the names of all secrets that the expressions in `value` name after `secrets.`."""
    return _named_after("secrets", value)


def _named_after(wanted: str, value: JSONValue) -> set[str]:
    return {
        attribute
        for _, text in walk_strings(value, "$")
        for root, attribute in names_used(text)
        if root == wanted and attribute is not None
    }


def template_problem(text: str) -> str | None:
    """Say what keeps a text from being rendered, whatever the values: its syntax, or a filter that isn't there."""
    try:
        _compile_text(text)
    except TemplateSyntaxError as error:
        return f"the expression can't be read: {error.message or 'it is no expression'}"
    return None


@lru_cache(maxsize=1024)
def _compile_expression(expression: str) -> TemplateExpression:
    return _environment.compile_expression(expression, undefined_to_none=False)


@lru_cache(maxsize=1024)
def _compile_text(text: str) -> Any:
    return _environment.from_string(text)


@lru_cache(maxsize=256)
def _compile_encoded(text: str, encode: Encode) -> Any:
    return _environment.overlay(finalize=encode).from_string(text)


def bind_encoded(text: str, context: Mapping[str, object], path: str, encode: Encode) -> str:
    """Return a text with its expressions resolved, each value put through `encode`; what stands around them stays.

    Raises BindingError naming the path and the reason; `encode` may raise it too, or ValueError.
    """
    with _named(text, path):
        rendered: str = _compile_encoded(text, encode).render(context)
        return rendered


def bind(
    value: JSONValue,
    context: Mapping[str, object],
    path: str = "$.inputs",
    encode: Encode | None = None,
    has_one: Callable[[str], bool] = has_expression,
) -> Any:
    """Return a copy of `value` with every expression in it resolved; `has_one` tells which texts are looked at.

    Values of expressions that stand inside other text go through `encode`, which may raise ValueError.

    Raises BindingError naming the path and the reason. Depth is bounded by `json_values.MAX_DEPTH` at the entry.
    """
    if isinstance(value, str):
        return _bind_text(value, context, path, encode) if has_one(value) else value
    if isinstance(value, dict):
        return {key: bind(child, context, path_join(path, key), encode, has_one) for key, child in value.items()}
    if isinstance(value, list):
        return [bind(child, context, path_join(path, index), encode, has_one) for index, child in enumerate(value)]
    return value


def _bind_text(text: str, context: Mapping[str, object], path: str, encode: Encode | None) -> Any:
    whole = _WHOLE.match(text)
    with _named(text, path):
        if whole is None:
            template = _compile_text(text) if encode is None else _compile_encoded(text, encode)
            return template.render(context)
        result = _compile_expression(whole["expression"])(context)
        if isinstance(result, Undefined):
            str(result)  # StrictUndefined raises here, and its text names what is missing.
        return _plain(result)


@contextmanager
def _named(text: str, path: str) -> Iterator[None]:
    """Let what goes wrong inside say where it does."""
    try:
        yield
    except (BindingError, TemplateError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise BindingError(f"{path}: {text!r} can't be resolved: {error or type(error).__name__}") from error


def _plain(value: object) -> object:
    """Turn Jinja's lazy sequences into lists, and views into what they show."""
    if isinstance(value, TaskView):
        return value.as_dict()
    if isinstance(value, Iterator):
        return list(value)
    return value


class TaskView:
    """What `tasks.NAME` shows in an expression: `id`, `name`, `status`, `result` and `error` of a dependency."""

    __slots__ = ("error", "id", "name", "result", "status")

    def __init__(self, id: str, name: str, status: str, result: object, error: str | None) -> None:
        self.id = id
        self.name = name
        self.status = status
        self.result = result
        self.error = error

    def as_dict(self) -> dict[str, object]:
        """Return the view as a plain dict, which is what an expression yields that names a whole task."""
        return {slot: getattr(self, slot) for slot in ("id", "name", "status", "result", "error")}


class Secrets(Mapping[str, str]):
    """What `secrets.NAME` reads from: the secrets that this attempt was given."""

    def __init__(self, granted: Mapping[str, str]) -> None:
        self._granted = granted

    def __getitem__(self, name: str) -> str:
        if name not in self._granted:
            # No LookupError: Jinja would take that for a missing attribute, and say so.
            raise BindingError(
                f"there is no secret {name!r} for this task: an administrator makes it, and grants it to the executor "
                "or to the tree; an expression must name it as it is, as in secrets.NAME"
            )
        return self._granted[name]

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
