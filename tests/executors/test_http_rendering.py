"""From a definition and values to a request: whatever the values are, they stay values."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.engine.binding import Secrets
from orchestration.engine.errors import BindingError
from orchestration.executors.support.http_checks import definition_problems, render_example
from orchestration.executors.support.http_definition import HttpDefinition, is_success
from orchestration.executors.support.http_rendering import Rendered, render

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"x": {}, "y": {"default": "dee"}}}
CONTEXT: dict[str, Any] = {
    "secrets": Secrets({"KEY": "k3y/of=the&crm"}),
    "run": {"id": "r1"},
    "task": {"id": "t1", "attempt": 2},
}


def define(**fields: Any) -> HttpDefinition:
    """Make a definition that is right, with some fields changed."""
    defaults: dict[str, Any] = {"id": "crm", "method": "GET", "url": "https://api.example.org/v1/things"}
    return HttpDefinition(**{**defaults, "input_schema": SCHEMA, **fields})


def sent(definition: HttpDefinition, **inputs: Any) -> Rendered:
    """Render, and make the request of it, which must be possible."""
    rendered = render(definition, inputs, CONTEXT)
    assert rendered.as_request().method == definition.method
    return rendered


ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)
HOSTILE = (
    *("a/b", "a?b=c&d", "#end", "@evil.example", "//evil.example", "a b", "é", "%2e%2e", "a\r\nX-Evil: 1", "\x00"),
    *("{{ 7*7 }}", '","admin":true,"', "</script>", "'", "\\", "a;b", "http://evil.example/"),
)


@given(ANY_TEXT.filter(bool))
def test_a_value_in_the_url_changes_nothing_of_its_form(value: str) -> None:
    definition = define(url="https://api.example.org/v1/{{ inputs.x }}/end?a={{ inputs.x }}&b=2")
    try:
        url = urlsplit(render(definition, {"x": value}, CONTEXT).url)
    except BindingError as error:
        assert "path would be . or .." in str(error)
        return
    assert (url.scheme, url.netloc, url.fragment) == ("https", "api.example.org", "")
    assert [unquote(part) for part in url.path.split("/")] == ["", "v1", value, "end"]
    assert parse_qsl(url.query, keep_blank_values=True) == [("a", value), ("b", "2")]


@given(ANY_TEXT)
def test_a_value_in_json_is_one_value(value: str) -> None:
    definition = define(
        method="POST", body_kind="json", body={"whole": "{{ inputs.x }}", "inside": ["<{{ inputs.x }}>", 1]}
    )
    if "\x00" in value:
        return
    body = json.loads(render(definition, {"x": value}, CONTEXT).body or "")
    assert body == {"whole": value, "inside": [f"<{value}>", 1]}


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_values_in_every_place(value: str) -> None:
    rendered = sent(define(query={"q": "{{ inputs.x }}"}), x=value)
    assert parse_qsl(urlsplit(rendered.url).query) == [("q", value)]
    assert str(rendered.as_request().url.host) == "api.example.org"
    form = sent(define(method="POST", body_kind="form", body={"f": "{{ inputs.x }}"}), x=value)
    assert parse_qsl(form.body or "") == [("f", value)]
    header = define(headers={"X-Value": "v {{ inputs.x }}"})
    if value.isascii() and value.isprintable():
        assert sent(header, x=value).headers["X-Value"] == f"v {value}"
    else:
        with pytest.raises(BindingError, match=r"\$\.headers\[\"X-Value\"\]: has a line break"):
            render(header, {"x": value}, CONTEXT)


@pytest.mark.parametrize("value", ["..", ".", "a/../b", "..\\x", "%2e%2e", "%2E%2E/secret"])
def test_values_that_climb_out_of_the_path_are_refused(value: str) -> None:
    with pytest.raises(BindingError, match=r"\$\.url: a part of the path would be"):
        render(define(url="https://api.example.org/v1/{{ inputs.x }}"), {"x": value}, CONTEXT)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "a value in the path is empty"),
        (None, "an expression inside text is null"),
        (["a"], "not list"),
        ({"a": 1}, "not dict"),
    ],
)
def test_what_can_not_stand_in_a_path(value: Any, said: str) -> None:
    with pytest.raises(BindingError, match=said):
        render(define(url="https://api.example.org/v1/{{ inputs.x }}"), {"x": value}, CONTEXT)


def test_values_keep_their_types_in_json_and_absent_ones_are_null() -> None:
    body = {"n": "{{ inputs.x }}", "d": "{{ inputs.y }}", "all": "{{ inputs }}", "plain": 3}
    definition = define(method="PUT", body_kind="json", body=body)
    assert json.loads(sent(definition, x=[1, {"a": None}]).body or "") == {
        **{"n": [1, {"a": None}], "d": "dee", "plain": 3},
        "all": {"x": [1, {"a": None}], "y": "dee"},
    }
    assert json.loads(sent(definition).body or "")["n"] is None
    assert sent(definition).headers == {"Content-Type": "application/json"}


def test_queries_and_headers_leave_out_what_is_null_and_repeat_lists() -> None:
    definition = define(
        url="https://api.example.org/find?sort=up",
        query={"tag": "{{ inputs.x }}", "none": None, "on": True, "y": "{{ inputs.y }}"},
        headers={"X-Tag": "{{ inputs.z }}", "X-Run": "{{ run.id }}-{{ task.id }}-{{ task.attempt }}", "X-On": True},
        input_schema={"properties": {"x": {}, "y": {}, "z": {}}},
    )
    rendered = sent(definition, x=["a", 2, False])
    assert rendered.url == "https://api.example.org/find?sort=up&tag=a&tag=2&tag=false&on=true"
    assert rendered.headers == {"X-Run": "r1-t1-2", "X-On": "true"}


def test_secrets_are_put_in_and_covered_in_examples() -> None:
    definition = define(
        url="https://api.example.org/{{ secrets.KEY }}?k={{ secrets.KEY }}",
        headers={"Authorization": "Bearer {{ secrets.KEY }}"},
    )
    assert definition_problems(definition) == []
    rendered = sent(definition)
    assert rendered.url == "https://api.example.org/k3y%2Fof%3Dthe%26crm?k=k3y%2Fof%3Dthe%26crm"
    shown = render_example(definition, {})
    assert shown.url == "https://api.example.org/•••?k=•••"
    assert shown.headers == {"Authorization": "Bearer •••"}
    with pytest.raises(BindingError, match="there is no secret 'OTHER'"):
        render(define(headers={"X": "{{ secrets.OTHER }}"}), {}, CONTEXT)


def test_numbers_that_json_has_not_are_refused() -> None:
    definition = define(method="POST", body_kind="json", body={"x": "{{ inputs.x }}"})
    with pytest.raises(Exception, match="can't be stored"):
        render(definition, {"x": float("nan")}, CONTEXT)


def test_a_url_that_grows_too_long_is_refused() -> None:
    with pytest.raises(BindingError, match="servers take 8,000 at most"):
        render(define(query={"q": "{{ inputs.x }}"}), {"x": "a" * 8_000}, CONTEXT)


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [("2xx", (200, 299), (199, 300)), ("200-202, 404", (201, 404), (203, 405)), ("204", (204,), (200,))],
)
def test_status_codes_that_are_success(text: str, good: tuple[int, ...], bad: tuple[int, ...]) -> None:
    assert all(is_success(text, status) for status in good)
    assert not any(is_success(text, status) for status in bad)


@pytest.mark.parametrize(
    ("fields", "path", "said"),
    [
        ({"id": "a b"}, "$.id", "letters, digits"),
        ({"method": "TRACE"}, "$.method", "must be one of GET"),
        ({"url": "{{ inputs.x }}/a"}, "$.url", "host that is written out"),
        ({"url": "https://{{ inputs.x }}.example.org/"}, "$.url", "host that is written out"),
        ({"url": "https://api.example.org{{ inputs.x }}"}, "$.url", "host that is written out"),
        ({"url": "https://user:pass@api.example.org/"}, "$.url", "without {{ }}, a user or a password"),
        ({"url": "ftp://api.example.org/"}, "$.url", "must begin with http"),
        ({"url": "https://api.example.org/a b"}, "$.url", "has a space"),
        ({"url": "https://api.example.org/a#b"}, "$.url", "has a #"),
        ({"url": "https://api.example.org/../b"}, "$.url", "has . or .."),
        ({"url": "https://api.example.org/{{ inputs.x | urlencode }}"}, "$.url", "would be twice"),
        ({"url": "https://api.example.org:99999/"}, "$.url", "host that can't be"),
        ({"url": "https://api.example.org/{{ inputs.x"}, "$.url", "can't be read"),
        ({"url": "https://api.example.org/{{ inputs.z }}"}, "$.url", "the input schema has no 'z'; it has x, y"),
        ({"url": "https://api.example.org/{{ x }}"}, "$.url", "there is no 'x' here; there is inputs, secrets"),
        ({"query": {"a": "{{ inputs.x | nope }}"}}, "$.query.a", "No filter named 'nope'"),
        ({"headers": {"Host": "x"}}, "$.headers.Host", "the client sets it"),
        ({"headers": {"X Y": "x"}}, '$.headers["X Y"]', "no header can have"),
        ({"headers": {"X": "a\r\nb"}}, "$.headers.X", "line break"),
        ({"headers": {"X": ["a"]}}, "$.headers.X", "must be a text"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, '$.headers["x-a"]', "stands there twice"),
        ({"headers": {"X": "{{ secrets[inputs.x] }}"}}, "$.headers.X", "must name a secret as it is"),
        ({"headers": {"X": "{{ run.secret }}"}}, "$.headers.X", "must be run.id"),
        ({"body_kind": "json", "body": {}}, "$.body_kind", "GET sends no body"),
        ({"method": "POST", "body": {"a": 1}}, "$.body", "the kind of body is none"),
        ({"method": "POST", "body_kind": "xml"}, "$.body_kind", "must be one of none"),
        ({"method": "POST", "body_kind": "form", "body": ["a"]}, "$.body", "must be a JSON object"),
        ({"method": "POST", "body_kind": "text", "body": {}}, "$.body", "must be a text"),
        ({"method": "POST", "body_kind": "json", "body": {"{{ inputs.x }}": 1}}, "$.body", "an expression in a name"),
        (
            {"method": "POST", "body_kind": "text", "body": "{}", "headers": {"content-type": "application/json"}},
            "$.body_kind",
            "must be json",
        ),
        ({"input_schema": {"type": "objekt"}}, "$.input_schema.type", "not a JSON Schema"),
        ({"input_schema": {"type": "array"}}, "$.input_schema.type", 'must be "object"'),
        (
            {"input_schema": {"properties": {"x": {"$ref": "http://169.254.169.254/"}}}},
            '$.input_schema.properties.x["$ref"]',
            "must point into this schema",
        ),
        ({"result": {"a": "{{ body.id"}}, "$.result.a", "can't be read"),
        ({"result": "{{ secrets.KEY }}"}, "$.result", "there is no 'secrets' here"),
        ({"success": "fine"}, "$.success", "no status code"),
        ({"success": "404-200"}, "$.success", "ends before it begins"),
        ({"success": ""}, "$.success", "names no status code"),
        ({"timeout_seconds": 0}, "$.timeout_seconds", "more than 0"),
        ({"examples": ["x"]}, "$.examples[0]", "must be a JSON object"),
        (
            {"input_schema": {"properties": {"x": {"type": "integer"}}}, "examples": [{"x": "a"}]},
            "$.examples[0].x",
            "is not of type",
        ),
        (
            {"url": "https://api.example.org/{{ inputs.x }}", "examples": [{}]},
            "$.examples[0]",
            "gives no request: $.url",
        ),
        ({"name": "a\x00b"}, "$.name", "U+0000"),
    ],
)
def test_everything_wrong_is_named_with_its_place(fields: dict[str, Any], path: str, said: str) -> None:
    problems = definition_problems(define(**fields))
    assert [problem.path for problem in problems] == [path]
    assert said in problems[0].message


def test_loops_and_conditions_are_no_mistakes() -> None:
    text = "{% for tag in inputs.x %}{{ tag }};{% endfor %}{% if inputs.y %}y{% endif %}"
    definition = define(method="POST", body_kind="text", body=text)
    assert definition_problems(definition) == []
    assert sent(definition, x=["a", "b"]).body == "a;b;y"
