"""The one validator of tree definitions: every entry point calls it, and it lists all problems at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container
from dataclasses import replace
from functools import cache
from typing import Any, Final, cast

import jsonschema

from .binding import has_expression, syntax_problems, tasks_used
from .definition import (
    CONCURRENCY,
    DEFAULT_PRIORITY,
    FORMAT,
    FORMAT_VERSION,
    MAX_DOCUMENT_BYTES,
    MAX_NAME_CHARS,
    MAX_TASKS,
    PRIORITIES,
    TIMEOUT_SECONDS,
    DependencySpec,
    TaskSpec,
    TreeSpec,
    called,
    groups_of,
    new_id,
    resolved_executor,
    waits_for,
)
from .errors import InvalidDefinitionError, NotStorableError, Problem
from .fields import Fields
from .graph import ancestors, find_cycle
from .json_values import JSONValue, find_problem, parse_document, path_join
from .masking import secret_values
from .registry import ExecutorRegistry
from .retry import ATTEMPTS, BACKOFFS, DELAY_SECONDS, JITTER, RetryPolicy
from .schemas import schema_problems
from .secret_places import MASK, masked_places

_TREE_FIELDS: Final = ("name", "description", "tags", "parameters", "max_concurrency", "timeout_seconds")
_TASK_FIELDS: Final = (
    *("id", "name", "executor", "inputs", "params", "schemas", "priority", "parent_id", "dependencies"),
    *("timeout_seconds", "retry", "enabled", "pinned", "position", "notes"),
)
#: Columns of apflow's own task rows that mean nothing in a definition.
_APFLOW_COLUMNS: Final = frozenset(
    {
        *("user_id", "status", "result", "error", "progress", "created_at", "updated_at", "started_at", "completed_at"),
        *("has_children", "has_references", "task_tree_id", "original_task_id", "origin_type", "token_usage", "type"),
        *("schedule_type", "schedule_expression", "schedule_enabled", "schedule_start_at", "schedule_end_at"),
        *("next_run_at", "last_run_at", "max_runs", "run_count", "max_attempts", "attempt_count", "children"),
    }
)
#: Problems listed before the rest is only counted.
MAX_PROBLEMS: Final = 200


def parse_tree(raw: bytes | str, registry: ExecutorRegistry | None, name: str = "") -> TreeSpec:
    """Parse and validate a document's bytes; see `read_tree`."""
    try:
        document = parse_document(raw, MAX_DOCUMENT_BYTES)
    except NotStorableError as error:
        raise InvalidDefinitionError([Problem("$", str(error))]) from error
    return read_tree(document, registry, name)


def read_tree(document: JSONValue, registry: ExecutorRegistry | None, name: str = "") -> TreeSpec:
    """Read a portable document, or apflow's plain array of tasks, into a TreeSpec.

    `registry` adds the checks that need the executors (None skips them); `name` is the name of a tree that has none.
    Raises InvalidDefinitionError with everything that is wrong.
    """
    spec, problems = _read_fields(document, name)
    if spec is not None:
        problems.extend(tree_problems(spec, registry))
    if problems or spec is None:
        raise InvalidDefinitionError(_bounded(problems))
    return spec


def read_draft(
    document: JSONValue, registry: ExecutorRegistry | None, name: str = ""
) -> tuple[TreeSpec, list[Problem]]:
    """Read a document that may be unfinished, and list what keeps it from being run.

    Raises InvalidDefinitionError for what can't even be stored: fields that can't be read, references to nothing,
    double edges, cycles.
    """
    spec, unstorable = _read_fields(document, name)
    if spec is not None:
        unstorable.extend(graph_problems(spec.tasks, registry if registry is not None else ()))
    if unstorable or spec is None:
        raise InvalidDefinitionError(_bounded(unstorable))
    return spec, _bounded(tree_problems(spec, registry))


def _read_fields(document: JSONValue, name: str) -> tuple[TreeSpec | None, list[Problem]]:
    problem = find_problem(document)
    if problem is not None:
        return None, [problem]
    problems: list[Problem] = []
    return _read_document(document, name, problems), problems


def read_array(items: list[JSONValue]) -> tuple[TaskSpec, ...]:
    """Read entries of a task array by themselves; references to tasks outside are left as they are.

    Raises InvalidDefinitionError with everything that is wrong with them.
    """
    problem = find_problem(items)
    problems = [problem] if problem else []
    tasks = () if problem else _read_tasks(items, "$", problems, foreign=True)
    if problems:
        raise InvalidDefinitionError(_bounded(problems))
    return tasks


def _bounded(problems: list[Problem]) -> list[Problem]:
    unique = list(dict.fromkeys(problems))
    if len(unique) <= MAX_PROBLEMS:
        return unique
    return [*unique[:MAX_PROBLEMS], Problem("$", f"and {len(unique) - MAX_PROBLEMS:,} more problems")]


def _read_document(document: JSONValue, name: str, problems: list[Problem]) -> TreeSpec | None:
    if isinstance(document, list):
        return TreeSpec(name or "Imported tree", _read_tasks(document, "$", problems, foreign=True))
    if not isinstance(document, dict):
        problems.append(Problem("$", "must be an object of the format 'apflow-tree', or a list of tasks"))
        return None
    fields = Fields(document, "$", problems)
    fields.refuse_unknown(("format", "version", "tree", "tasks"))
    if document.get("format") != FORMAT:
        fields.complain("format", f"must be {FORMAT!r}, not {str(document.get('format'))[:60]!r}")
        return None
    if document.get("version") != FORMAT_VERSION:
        fields.complain("version", f"must be {FORMAT_VERSION}: this server reads no other version")
        return None
    tree = fields.inner("tree") or Fields({"name": name or "Imported tree"}, "$.tree", problems)
    return _read_tree_fields(tree, _read_tasks(fields.array("tasks"), "$.tasks", problems, foreign=False))


def _read_tree_fields(tree: Fields, tasks: tuple[TaskSpec, ...]) -> TreeSpec:
    tree.refuse_unknown(_TREE_FIELDS)
    tags = []
    for index, tag in enumerate(tree.array("tags")):
        if isinstance(tag, str) and 0 < len(tag.strip()) <= 50:
            tags.append(tag.strip())
        else:
            tree.complain("tags", f"has at [{index}] something that is not a text of 1 to 50 characters")
    parameters = tree.object("parameters")
    tree.problems.extend(mask_problems(parameters, path_join(tree.path, "parameters")))
    if parameters is not None:
        try:
            jsonschema.Draft202012Validator.check_schema(parameters)
        except jsonschema.SchemaError as error:
            tree.complain("parameters", f"is not a JSON Schema: {error.message[:300]}")
    return TreeSpec(
        name=tree.name("name", max_chars=MAX_NAME_CHARS),
        tasks=tasks,
        description=tree.text("description", max_chars=10_000),
        tags=tuple(tags),
        parameters=parameters,
        max_concurrency=tree.integer("max_concurrency", None, *CONCURRENCY),
        timeout_seconds=tree.number("timeout_seconds", None, *TIMEOUT_SECONDS),
    )


def _read_tasks(items: list[JSONValue], path: str, problems: list[Problem], *, foreign: bool) -> tuple[TaskSpec, ...]:
    if len(items) > MAX_TASKS:
        problems.append(Problem(path, f"has {len(items):,} tasks; a tree has at most {MAX_TASKS:,}"))
        return ()
    tasks = []
    for index, item in enumerate(items):
        where = path_join(path, index)
        if isinstance(item, dict):
            tasks.append(_read_task(Fields(item, where, problems), foreign=foreign))
        else:
            problems.append(Problem(where, "must be an object that describes a task"))
    return _by_id_instead_of_name(tasks) if foreign else tuple(tasks)


def _read_task(fields: Fields, *, foreign: bool) -> TaskSpec:
    fields.refuse_unknown(_TASK_FIELDS, _APFLOW_COLUMNS if foreign else ())
    for name in ("inputs", "params", "schemas", "pinned"):
        fields.problems.extend(mask_problems(fields.value.get(name), path_join(fields.path, name)))
    has_id = fields.value.get("id") is not None
    priority = fields.integer("priority", DEFAULT_PRIORITY, PRIORITIES[0], PRIORITIES[-1])
    return TaskSpec(
        id=fields.name("id", max_chars=MAX_NAME_CHARS) if has_id else new_id(),
        name=fields.name("name", max_chars=MAX_NAME_CHARS),
        executor=fields.text("executor", max_chars=MAX_NAME_CHARS) or None,
        inputs=fields.object("inputs") or {},
        params=fields.object("params") or {},
        schemas=fields.object("schemas") or {},
        priority=DEFAULT_PRIORITY if priority is None else priority,
        parent_id=fields.text("parent_id", max_chars=MAX_NAME_CHARS) or None,
        dependencies=_read_dependencies(fields),
        timeout_seconds=fields.number("timeout_seconds", None, *TIMEOUT_SECONDS),
        retry=read_retry(fields),
        enabled=fields.flag("enabled", True),
        pinned=_read_pinned(fields),
        position=fields.object("position"),
        notes=fields.text("notes", max_chars=20_000),
    )


def _read_dependencies(fields: Fields) -> tuple[DependencySpec, ...]:
    edges = []
    for index, item in enumerate(fields.array("dependencies")):
        where = path_join(path_join(fields.path, "dependencies"), index)
        if isinstance(item, str):
            edges.append(DependencySpec(item))
        elif isinstance(item, dict):
            edge = Fields(item, where, fields.problems)
            edge.refuse_unknown(("id", "required"), ignored=("type",))
            edges.append(DependencySpec(edge.name("id", max_chars=MAX_NAME_CHARS), edge.flag("required", True)))
        else:
            fields.problems.append(Problem(where, 'must be {"id": …, "required": true or false}'))
    return tuple(edges)


def read_retry(fields: Fields, name: str = "retry") -> RetryPolicy:
    """Read the retry policy in a field; its problems are added to those of `fields`."""
    retry = fields.inner(name)
    if retry is None:
        return RetryPolicy()
    default = RetryPolicy()
    retry.refuse_unknown(("max_attempts", "backoff", "base_seconds", "cap_seconds", "jitter"))
    return RetryPolicy(
        max_attempts=retry.integer("max_attempts", 1, *ATTEMPTS) or 1,
        backoff=cast("Any", retry.choice("backoff", default.backoff, BACKOFFS)),
        base_seconds=cast("float", retry.number("base_seconds", default.base_seconds, *DELAY_SECONDS)),
        cap_seconds=cast("float", retry.number("cap_seconds", default.cap_seconds, *DELAY_SECONDS)),
        jitter=cast("float", retry.number("jitter", default.jitter, *JITTER)),
    )


def _read_pinned(fields: Fields) -> dict[str, JSONValue] | None:
    pinned = fields.object("pinned")
    if pinned is not None and set(pinned) != {"result"}:
        fields.complain("pinned", 'must be {"result": …}')
        return None
    return pinned


def _by_id_instead_of_name(tasks: list[TaskSpec]) -> tuple[TaskSpec, ...]:
    """In apflow's arrays parents and dependencies may be given by name: put the ids in their place."""
    ids = {task.id for task in tasks}
    counts = Counter(task.name for task in tasks)
    by_name = {task.name: task.id for task in tasks if counts[task.name] == 1}

    def real(reference: str) -> str:
        return reference if reference in ids else by_name.get(reference, reference)

    return tuple(_replace_references(task, real) for task in tasks)


def _replace_references(task: TaskSpec, real: Callable[[str], str]) -> TaskSpec:
    edges = tuple(DependencySpec(real(edge.id), edge.required) for edge in task.dependencies)
    return replace(task, dependencies=edges, parent_id=real(task.parent_id) if task.parent_id else None)


# --- checks of a whole tree -------------------------------------------------------------------------------------


def tree_problems(spec: TreeSpec, registry: ExecutorRegistry | None) -> list[Problem]:
    """List everything that keeps a tree of well-formed tasks from being run."""
    if not spec.tasks:
        return [Problem("$.tasks", "must hold at least one task")]
    problems = graph_problems(spec.tasks, registry if registry is not None else ())
    problems.extend(_expression_problems(spec, registry if registry is not None else ()))
    if registry is not None:
        problems.extend(_executor_problems(spec.tasks, registry))
    return problems


def graph_problems(tasks: tuple[TaskSpec, ...], known_executors: Container[str]) -> list[Problem]:
    """List duplicate ids, references to nothing, self edges, double edges and cycles (with their path)."""
    problems: list[Problem] = []
    first: dict[str, int] = {}
    for index, task in enumerate(tasks):
        if task.id in first:
            problems.append(Problem(f"$.tasks[{index}].id", f"{task.id!r} is the id of $.tasks[{first[task.id]}] too"))
        first.setdefault(task.id, index)
    for index, task in enumerate(tasks):
        problems.extend(_edge_problems(task, f"$.tasks[{index}]", first))
    return problems or _cycle_problems(tasks, known_executors, first)


def _edge_problems(task: TaskSpec, path: str, known: dict[str, int]) -> list[Problem]:
    problems = []
    seen: set[str] = set()
    for index, edge in enumerate(task.dependencies):
        where = f"{path}.dependencies[{index}]"
        if edge.id == task.id:
            problems.append(Problem(where, f"{task.name!r} depends on itself"))
        elif edge.id not in known:
            problems.append(Problem(where, f"there is no task with the id {edge.id!r}"))
        elif edge.id in seen:
            problems.append(Problem(where, f"the dependency on {edge.id!r} stands here twice"))
        seen.add(edge.id)
    if task.parent_id is not None and task.parent_id not in known:
        problems.append(Problem(f"{path}.parent_id", f"there is no task with the id {task.parent_id!r}"))
    return problems


def _cycle_problems(
    tasks: tuple[TaskSpec, ...], known_executors: Container[str], first: dict[str, int]
) -> list[Problem]:
    names = {task.id: task.name for task in tasks}
    parents = {task.id: [task.parent_id] for task in tasks if task.parent_id is not None}
    cycle = find_cycle(cast("Any", parents))
    if cycle is not None:
        route = " → ".join(names[node] for node in cycle)
        return [Problem(f"$.tasks[{first[cycle[0]]}].parent_id", f"the parents form a cycle: {route}")]
    cycle = find_cycle(waits_for(tasks, groups_of(tasks, known_executors)))
    if cycle is not None:
        route = " → ".join(names[node] for node in cycle)
        message = f"the dependencies form a cycle: {route} (each waits for the next; a group waits for its children)"
        return [Problem(f"$.tasks[{first[cycle[0]]}].dependencies", message)]
    return []


def _expression_problems(spec: TreeSpec, known_executors: Container[str]) -> list[Problem]:
    problems = []
    counts = Counter(task.name for task in spec.tasks)
    meant = called((task.id, task.name) for task in spec.tasks)
    graph = waits_for(spec.tasks, groups_of(spec.tasks, known_executors))
    for index, task in enumerate(spec.tasks):
        path = f"$.tasks[{index}].inputs"
        problems.extend(syntax_problems(task.inputs, path))
        used = tasks_used(task.inputs)
        upstream = _upstream(task.id, {meant.get(name, name) for name in used}, graph)
        for name in sorted(used):
            message = _reference_problem(name, counts[name], meant.get(name), upstream)
            if message is not None:
                problems.append(Problem(path, message))
    return problems


def _upstream(uid: str, wanted: set[str], graph: dict[str, list[str]]) -> set[str]:
    """What a task waits for, as far as it is asked for: most tasks ask for what they depend on, which is found fast."""
    direct = set(graph.get(uid, ()))
    return direct if wanted <= direct else ancestors(uid, graph)


def _reference_problem(name: str, count: int, target: str | None, upstream: set[str]) -> str | None:
    if target is None and count > 1:
        return f"an expression names tasks.{name}, and {count} tasks have that name; rename them or use an id"
    if target is None:
        return f"an expression names tasks.{name}, and there is no such task"
    if target not in upstream:
        return f"an expression names tasks.{name}, which this task doesn't wait for; add a dependency on it"
    return None


def _executor_problems(tasks: tuple[TaskSpec, ...], registry: ExecutorRegistry) -> list[Problem]:
    problems = []
    parents = {task.parent_id for task in tasks}
    # Making a schema takes longer than checking a task against it.
    schema_of = cache(lambda executor: registry.get(executor).cls.get_input_schema())
    for index, task in enumerate(tasks):
        executor = resolved_executor(task, registry)
        if executor is not None and executor in registry:
            problems.extend(_input_problems(task, f"$.tasks[{index}].inputs", schema_of(executor)))
        elif executor is not None or task.id not in parents:
            problems.append(Problem(f"$.tasks[{index}].executor", _no_executor(task, executor)))
    return problems


def _no_executor(task: TaskSpec, executor: str | None) -> str:
    if executor is None:
        return f"names no executor, has no children, and its name {task.name!r} is no executor's id"
    return f"there is no executor {executor!r} here; install it or choose another"


def _input_problems(task: TaskSpec, path: str, schema: dict[str, Any]) -> list[Problem]:
    """Check what can be known before a run: own values without expressions, and required ones nothing can bring."""
    problems = []
    properties = schema.get("properties", {})
    for key, value in task.inputs.items():
        part = properties.get(key)
        if isinstance(part, dict) and not _has_any_expression(value):
            whole = {**part, "$defs": schema["$defs"]} if "$defs" in schema else part
            problems.extend(_without_secrets(task, schema_problems(whole, value, path_join(path, key))))
    if not task.dependencies:
        problems.extend(
            Problem(path_join(path, key), "is required and missing, and no dependency can bring it")
            for key in schema.get("required", ())
            if key not in task.inputs
        )
    return problems


def _without_secrets(task: TaskSpec, problems: list[Problem]) -> list[Problem]:
    """A schema's words on a value quote it, and those who may only look read them too."""
    if not problems:
        return problems
    masker = secret_values(task.inputs)
    return [replace(problem, message=masker.text(problem.message)) for problem in problems]


def mask_problems(value: JSONValue, path: str) -> list[Problem]:
    """List the places that hold what a secret is shown as, which somebody has copied in place of the secret."""
    message = f"holds {MASK}, which stands for a value that was not shown; put the value itself there, or leave it out"
    return [Problem(where, message) for where in masked_places(value, path)]


def _has_any_expression(value: JSONValue) -> bool:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str) and has_expression(item):
            return True
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return False


def parameter_problems(spec_parameters: dict[str, JSONValue] | None, values: dict[str, JSONValue]) -> list[Problem]:
    """List what is wrong with the parameters of a run, against the tree's schema."""
    problem = find_problem(values, "$.parameters")
    if problem is not None:
        return [problem]
    return mask_problems(values, "$.parameters") or schema_problems(spec_parameters, values, "$.parameters")
