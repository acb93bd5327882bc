"""The description: complete, in Chinese, and true to the commands."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.app import create_app
from api.problems import KINDS
from api.settings import Settings
from domain import household, membership
from domain.access import Reveal
from domain.books import AdoptRuleTable, PublishCalendar
from domain.erasure import COMMANDS as ERASING
from domain.incident.commands import ALL, Report
from domain.model import Command
from domain.register import RegisterCommand
from domain.registry import commands as registry
from domain.rolls import RollCommand
from domain.rostering import AssignShifts, CancelShift

DESCRIBED = create_app(Settings()).openapi()
OPERATIONS = {
    operation["operationId"]: (path, method, operation)
    for path, operations in DESCRIBED["paths"].items()
    for method, operation in operations.items()
}
CHINESE = re.compile("[\u4e00-\u9fff]")
ENROLLED: tuple[type[RollCommand], ...] = (*household.COMMANDS, *membership.COMMANDS)
KEEPING: tuple[type[RegisterCommand], ...] = (
    *registry.ALL,
    AdoptRuleTable,
    PublishCalendar,
    AssignShifts,
    CancelShift,
    *ERASING,
)
EVIDENCE = "/api/v1/incidents/{incident_id}/evidence"
NO_COMMANDS = {
    *("/api/v1/alike", "/api/v1/incidents/search", "/api/v1/territory/import"),
    *(EVIDENCE, f"{EVIDENCE}/{{evidence_version}}/original"),
}
"""What is asked by POST and is no command: a question with a body, a sheet or a file that becomes a command."""
PUBLIC = {"get_liveness", "get_readiness", "get_metrics", "list_rules"}


def test_it_is_openapi_31_of_this_service() -> None:
    assert DESCRIBED["openapi"].startswith("3.1.")
    assert DESCRIBED["info"]["title"] == "必到"


def test_every_command_has_an_operation_that_says_what_the_command_says() -> None:
    commands: dict[str, type[Command]] = {
        f"/api/v1/incidents/{{incident_id}}/{command.name}": command for command in ALL
    }
    commands[f"/api/v1/incidents/{{incident_id}}/{Reveal.name}"] = Reveal
    commands["/api/v1/incidents"] = Report
    commands |= {f"/api/v1/{command.register}/{command.name}": command for command in KEEPING}
    commands |= {f"/api/v1/{command.roll}s/{{entry_id}}/{command.name}": command for command in ENROLLED}
    posts = {path: operations["post"] for path, operations in DESCRIBED["paths"].items() if "post" in operations}
    assert posts.keys() - commands.keys() == NO_COMMANDS
    for path, command in commands.items():
        operation = posts[path]
        assert operation["summary"] == command.label
        assert operation["description"] == inspect.getdoc(command)
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": f"#/components/schemas/{command.__name__}"}
        assert DESCRIBED["components"]["schemas"][command.__name__]["examples"] == [command.example]
        command.model_validate_json(json.dumps(command.example), strict=True)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_described_in_chinese(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
    described = [operation["summary"], operation["description"], *operation["tags"]]
    described += [parameter["description"] for parameter in operation.get("parameters", ())]
    described += [response["description"] for response in operation["responses"].values()]
    assert [words for words in described if not CHINESE.search(words)] == []
    assert set(operation["tags"]) <= {tag["name"] for tag in DESCRIBED["tags"]}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_declares_its_problems(name: str) -> None:
    _, method, operation = OPERATIONS[name]
    for status, response in operation["responses"].items():
        if status >= "400":
            assert list(response["content"]) == ["application/problem+json"]
            assert response["content"]["application/problem+json"]["examples"]
    expected = {"500"} if name in PUBLIC else {"401", "403", "422", "500", "503"}
    asks = {"400", "413", "415"} if method == "post" else set()
    is_question = name in ("find_alike", "search_incidents")  # which is never refused
    expected |= asks | ({"409"} if asks and not is_question else set())
    assert expected <= operation["responses"].keys()
    assert ("security" in operation) == (name not in PUBLIC)


def test_every_kind_of_problem_has_an_example_that_fits_its_schema() -> None:
    examples = DESCRIBED["components"]["examples"]
    assert examples.keys() == {kind.code for kind in KINDS}
    for code, example in examples.items():
        assert example["value"]["code"] == code
        assert CHINESE.search(example["value"]["detail"])


def references(document: Any) -> Iterator[str]:
    """Every $ref of a document."""
    if isinstance(document, dict):
        if isinstance(document.get("$ref"), str):
            yield document["$ref"]
        for inner in document.values():
            yield from references(inner)
    if isinstance(document, list):
        for inner in document:
            yield from references(inner)


def test_every_reference_leads_somewhere() -> None:
    known = {f"#/components/{part}/{name}" for part, entries in DESCRIBED["components"].items() for name in entries}
    assert set(references(DESCRIBED)) <= known


def unbounded(schema: dict[str, Any], path: str, seen: set[str]) -> Iterator[str]:
    """Every integer that may be as large as somebody likes, within a schema and what it refers to."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        if name not in seen:
            yield from unbounded(DESCRIBED["components"]["schemas"][name], name, seen | {name})
        return
    bounds = {"maximum", "exclusiveMaximum", "enum", "const"}
    if schema.get("type") == "integer" and not bounds & schema.keys():
        yield path
    within = [(f"{path}.{name}", part) for name, part in schema.get("properties", {}).items()]
    within += [(path, part) for kind in ("anyOf", "oneOf", "allOf", "prefixItems") for part in schema.get(kind, ())]
    within += [(path, schema[kind]) for kind in ("items", "additionalProperties") if isinstance(schema.get(kind), dict)]
    for inner, part in within:
        yield from unbounded(part, inner, seen)


@pytest.mark.parametrize("name", [name for name, (_, _, told) in OPERATIONS.items() if "requestBody" in told])
def test_no_number_in_a_body_is_larger_than_can_be_kept(name: str) -> None:
    """What is kept is JSON whose integers have 64 bits: a larger one would be an error of ours, not of who sent it."""
    content = OPERATIONS[name][2]["requestBody"]["content"]
    assert [path for media in content.values() for path in unbounded(media["schema"], name, set())] == []


def test_what_looks_for_unbounded_numbers_finds_them() -> None:
    schema = {"properties": {"a": {"type": "integer"}, "b": {"items": {"type": "integer", "minimum": 0}}}}
    assert list(unbounded(schema, "x", set())) == ["x.a", "x.b"]
