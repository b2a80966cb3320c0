"""What is wrong with the definition of an HTTP executor: everything at once, each with its place and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
import jsonschema

from orchestration.engine.binding import free_names, has_expression, names_used, template_problem, walk_strings
from orchestration.engine.definition import MAX_NAME_CHARS
from orchestration.engine.errors import BindingError, NotStorableError, Problem
from orchestration.engine.json_values import JSONValue, find_problem, path_join
from orchestration.engine.schemas import schema_problems
from orchestration.engine.secret_places import MASK

from .exchange import header_name_problem, header_value_problem
from .http_definition import BODY_KINDS, MAX_TIMEOUT, METHODS, HttpDefinition, status_ranges
from .http_rendering import MAX_URL_CHARS, URL_FORM, Rendered, has_dot_segment, render

MAX_DESCRIPTION_CHARS: Final = 10_000
_REQUEST_NAMES: Final = ("inputs", "secrets", "run", "task")
_RESULT_NAMES: Final = ("status", "headers", "body", "inputs")
_RUN_NAMES: Final[Mapping[str, tuple[str, ...]]] = {"run": ("id",), "task": ("id", "attempt")}
_EXPRESSION: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_ENCODED_TWICE: Final = re.compile(r"\|\s*urlencode\b")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


#: Stands for a secret until the example is shown; it looks the same in a URL, in a header and in JSON.
_COVER: Final = "SECRET-THAT-NOBODY-READS"


class _Covered(Mapping[str, str]):
    """Secrets of an example, whatever their name."""

    def __getitem__(self, name: str) -> str:
        return _COVER

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


#: What an example is rendered with besides its inputs.
_EXAMPLE_CONTEXT: Final[Mapping[str, Any]] = {
    "secrets": _Covered(),
    "run": {"id": "00000000-0000-0000-0000-000000000000"},
    "task": {"id": "task", "attempt": 1},
}


def definition_problems(definition: HttpDefinition) -> list[Problem]:
    """List everything that is wrong with a definition by itself; whether its id is free is for others to say."""
    problems = [*_plain_problems(definition), *_schema_problems(definition.input_schema)]
    problems += [*_url_problems(definition.url), *_header_problems(definition), *_body_problems(definition)]
    problems += _example_shapes(definition)
    for name, value in definition.sent.items():
        problems += _expression_problems(value, f"$.{name}", _REQUEST_NAMES, definition)
    problems += _expression_problems(definition.result, "$.result", _RESULT_NAMES, definition)
    # What can't be right by itself would only be said a second time.
    return problems or _example_problems(definition)


def _plain_problems(definition: HttpDefinition) -> Iterator[Problem]:
    if len(definition.id) > MAX_NAME_CHARS or not _ID.match(definition.id):
        yield Problem(
            "$.id", f"must be 1 to {MAX_NAME_CHARS} letters, digits, _ . or -, with a letter or a digit first"
        )
    if len(definition.name) > MAX_NAME_CHARS:
        yield Problem("$.name", f"has {len(definition.name)} characters; {MAX_NAME_CHARS} are allowed")
    if len(definition.description) > MAX_DESCRIPTION_CHARS:
        yield Problem("$.description", f"has more than {MAX_DESCRIPTION_CHARS:,} characters")
    if definition.method not in METHODS:
        yield Problem("$.method", f"must be one of {', '.join(METHODS)}")
    if not 0 < definition.timeout_seconds <= MAX_TIMEOUT:
        yield Problem("$.timeout_seconds", f"must be more than 0 and at most {MAX_TIMEOUT:g}")
    try:
        status_ranges(definition.success)
    except ValueError as error:
        yield Problem("$.success", str(error))
    for field in ("id", "name", "description", "url", "query", "headers", "body", "input_schema", "result", "examples"):
        problem = find_problem(getattr(definition, field), f"$.{field}")
        if problem is not None:
            yield problem


def _schema_problems(schema: Mapping[str, JSONValue]) -> Iterator[Problem]:
    path = "$.input_schema"
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        place = path
        for part in error.absolute_path:
            place = path_join(place, part)
        yield Problem(place, f"this is not a JSON Schema: {error.message[:300]}")
        return
    if schema.get("type", "object") != "object":
        yield Problem(f"{path}.type", 'must be "object": inputs have names')
    # A reference to elsewhere would let every check of inputs fetch an address.
    for place, reference in _references(dict(schema), path):
        if not reference.startswith("#"):
            yield Problem(place, "must point into this schema and begin with #; other documents are not read")


def _references(value: JSONValue, path: str) -> Iterator[tuple[str, str]]:
    stack: list[tuple[JSONValue, str]] = [(value, path)]
    while stack:
        item, where = stack.pop()
        if isinstance(item, dict):
            for key, child in item.items():
                if key in ("$ref", "$dynamicRef") and isinstance(child, str):
                    yield path_join(where, key), child
                stack.append((child, path_join(where, key)))
        elif isinstance(item, list):
            stack.extend((child, path_join(where, index)) for index, child in enumerate(item))


def _url_problems(url: str) -> Iterator[Problem]:
    path = "$.url"
    if len(url) > MAX_URL_CHARS:
        yield Problem(path, f"has more than {MAX_URL_CHARS:,} characters")
        return
    form = URL_FORM.match(url)
    if form is None:
        yield Problem(
            path,
            "must begin with http:// or https:// and a host that is written out, without {{ }}, a user or a password, "
            "as in https://api.example.org/users/{{ inputs.id }}",
        )
        return
    yield from _origin_problems(form["origin"])
    if template_problem(url) is not None:
        return  # said with the other expressions
    literal = _EXPRESSION.sub("", form["rest"] or "")
    if "#" in literal:
        yield Problem(path, "has a #; what follows one is never sent, so leave it out")
    if any(character.isspace() or not character.isprintable() for character in literal):
        yield Problem(path, "has a space or a character that no URL can have; write it as %20 and the like")
    if has_dot_segment(_EXPRESSION.sub("x", form["rest"] or "").partition("?")[0]):
        yield Problem(path, "has . or .. as a part of its path; write the path out")
    if _ENCODED_TWICE.search(url):
        yield Problem(path, "uses urlencode; values are encoded anyway, and would be twice")


def _origin_problems(origin: str) -> Iterator[Problem]:
    try:
        port = httpx.URL(origin).port
    except httpx.InvalidURL as error:
        yield Problem("$.url", f"has a host that can't be: {error}")
        return
    if port is not None and not 0 < port <= 65_535:
        yield Problem("$.url", f"has a host that can't be: the port {port} doesn't exist; ports end at 65535")


def _header_problems(definition: HttpDefinition) -> Iterator[Problem]:
    seen: set[str] = set()
    for name, value in definition.headers.items():
        path = path_join("$.headers", name)
        problem = header_name_problem(name)
        if problem is not None:
            yield Problem(path, problem)
        if name.lower() in seen:
            yield Problem(path, "stands there twice; names of headers don't tell capitals from small letters")
        seen.add(name.lower())
        if isinstance(value, str):
            problem = None if has_expression(value) else header_value_problem(value)
            if problem is not None:
                yield Problem(path, problem)
        elif isinstance(value, dict | list):
            yield Problem(path, "must be a text, a number or a boolean")


def _body_problems(definition: HttpDefinition) -> Iterator[Problem]:
    kind, body, path = definition.body_kind, definition.body, "$.body"
    if kind not in BODY_KINDS:
        yield Problem("$.body_kind", f"must be one of {', '.join(BODY_KINDS)}")
    elif kind == "none" and body not in (None, "", {}):
        yield Problem(path, "is written, but the kind of body is none: choose JSON, a form or text")
    elif kind != "none" and definition.method in ("GET", "HEAD"):
        yield Problem("$.body_kind", f"must be none: {definition.method} sends no body; put values into the query")
    elif kind == "form" and not isinstance(body, dict):
        yield Problem(path, 'must be a JSON object, such as {"name": "{{ inputs.name }}"}')
    elif kind == "text" and not isinstance(body, str):
        yield Problem(path, "must be a text")
    elif kind == "text" and "json" in _content_type(definition):
        yield Problem(
            "$.body_kind", "must be json: Content-Type says JSON, and in text a value could change its structure"
        )
    for place, key in _keys_with_expressions(body, path):
        yield Problem(place, f"{key[:60]!r} has an expression in a name; names are written out")


def _content_type(definition: HttpDefinition) -> str:
    values = [str(value) for name, value in definition.headers.items() if name.lower() == "content-type"]
    return values[0].lower() if values else ""


def _keys_with_expressions(value: JSONValue, path: str) -> Iterator[tuple[str, str]]:
    stack: list[tuple[JSONValue, str]] = [(value, path)]
    while stack:
        item, where = stack.pop()
        if isinstance(item, dict):
            yield from ((where, key) for key in item if has_expression(key))
            stack.extend((child, path_join(where, key)) for key, child in item.items())
        elif isinstance(item, list):
            stack.extend((child, path_join(where, index)) for index, child in enumerate(item))


def _expression_problems(
    value: JSONValue, path: str, names: tuple[str, ...], definition: HttpDefinition
) -> Iterator[Problem]:
    for place, text in walk_strings(value, path):
        problem = template_problem(text)
        if problem is not None:
            yield Problem(place, problem)
            continue
        for name in sorted(free_names(text) - set(names)):
            yield Problem(place, f"there is no {name!r} here; there is {', '.join(names)}")
        for root, attribute in names_used(text):
            said = _attribute_problem(root, attribute, definition) if root in names else None
            if said is not None:
                yield Problem(place, said)


def _attribute_problem(root: str, attribute: str | None, definition: HttpDefinition) -> str | None:
    if root == "secrets" and attribute is None:
        return "must name a secret as it is, as in {{ secrets.NAME }}"
    if root in _RUN_NAMES and attribute not in _RUN_NAMES[root]:
        return f"must be {' or '.join(f'{root}.{name}' for name in _RUN_NAMES[root])}"
    if root == "inputs" and attribute is not None and _is_unknown_input(attribute, definition):
        known = ", ".join(definition.default_inputs) or "none"
        return f"the input schema has no {attribute!r}; it has {known}; add it there, or correct the name"
    return None


def _is_unknown_input(name: str, definition: HttpDefinition) -> bool:
    # A method of dicts, as in inputs.items(), is no input.
    return name not in definition.default_inputs and not definition.takes_any and not hasattr(dict, name)


def _example_shapes(definition: HttpDefinition) -> list[Problem]:
    return [
        Problem(f"$.examples[{index}]", "must be a JSON object: the inputs, by name")
        for index, example in enumerate(definition.examples)
        if not isinstance(example, dict)
    ]


def _example_problems(definition: HttpDefinition) -> list[Problem]:
    """Check the examples against the schema, and render each."""
    problems: list[Problem] = []
    for index, example in enumerate(definition.examples):
        path = f"$.examples[{index}]"
        found = schema_problems(dict(definition.input_schema), example, path)
        problems += found
        if not found and isinstance(example, dict) and not any(walk_strings(example, path)):
            said = render_problem(definition, example)
            if said is not None:
                problems.append(Problem(path, f"gives no request: {said}"))
    return problems


def render_problem(definition: HttpDefinition, inputs: dict[str, Any]) -> str | None:
    """Say why no request comes of these inputs, or None."""
    try:
        render(definition, inputs, _EXAMPLE_CONTEXT).as_request()
    except (BindingError, NotStorableError) as error:
        return str(error)
    return None


def render_example(definition: HttpDefinition, inputs: Mapping[str, Any]) -> Rendered:
    """Return the request for these inputs with its secrets covered. Raises BindingError, NotStorableError."""
    rendered = render(definition, inputs, _EXAMPLE_CONTEXT)
    return Rendered(
        method=rendered.method,
        url=rendered.url.replace(_COVER, MASK),
        headers={name: value.replace(_COVER, MASK) for name, value in rendered.headers.items()},
        body=None if rendered.body is None else rendered.body.replace(_COVER, MASK),
    )
