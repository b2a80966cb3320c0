"""How a task's inputs come about: results of its dependencies, its own keys, and `{{ }}` expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from .binding import Secrets, TaskView, bind
from .definition import called
from .json_values import JSONValue, decode

NO_SECRETS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Upstream:
    """What a task may see of another one. `result_json` is what its executor returned, as JSON text."""

    id: str
    name: str
    status: str
    result_json: str | None
    error: str | None
    is_group: bool = False


@dataclass(frozen=True, slots=True)
class InputSources:
    """Everything that one attempt's inputs are made from.

    `dependencies` are in declared order; `referenced` are further tasks that expressions name.
    """

    own: dict[str, JSONValue]
    dependencies: Sequence[Upstream] = ()
    referenced: Sequence[Upstream] = ()
    params: Mapping[str, JSONValue] = field(default_factory=dict)
    run: Mapping[str, JSONValue] = field(default_factory=dict)


def unwrap(returned: Any) -> Any:
    """Take the business result out of a `{"status": …, "result": …}` envelope; anything else is returned as it is."""
    if isinstance(returned, dict) and "status" in returned and "result" in returned:
        return returned["result"]
    return returned


def _result_of(upstream: Upstream) -> Any:
    return None if upstream.result_json is None else unwrap(decode(upstream.result_json))


def merge_dependencies(dependencies: Sequence[Upstream], *, by_id: bool) -> dict[str, Any]:
    """Make inputs from the results of completed dependencies, in declared order.

    A dict is merged key by key, a later one wins; anything else goes under the dependency's id. With `by_id` every
    result goes under its id. Groups carry no result; what failed or was cancelled adds nothing.
    """
    merged: dict[str, Any] = {}
    for upstream in dependencies:
        if upstream.status != "completed" or upstream.is_group:
            continue
        result = _result_of(upstream)
        if isinstance(result, dict) and not by_id:
            merged.update(result)
        else:
            merged[upstream.id] = result
    return merged


def _views(upstreams: Sequence[Upstream]) -> dict[str, TaskView]:
    views = {
        upstream.id: TaskView(upstream.id, upstream.name, upstream.status, _result_of(upstream), upstream.error)
        for upstream in upstreams
    }
    return {word: views[uid] for word, uid in called((view.id, view.name) for view in views.values()).items()}


def resolve_inputs(
    sources: InputSources, *, by_id: bool = False, secrets: Mapping[str, str] = NO_SECRETS
) -> dict[str, Any]:
    """Resolve the inputs of one attempt; nothing in the result is shared with the definition or another task.

    `secrets` are those that the attempt was granted, by name.

    Raises BindingError where an expression can't be resolved.
    """
    context: dict[str, object] = {
        "tasks": _views([*sources.referenced, *sources.dependencies]),
        "params": sources.params,
        "run": sources.run,
        "secrets": Secrets(secrets),
    }
    own: dict[str, Any] = bind(sources.own, context)
    return merge_dependencies(sources.dependencies, by_id=by_id) | own
