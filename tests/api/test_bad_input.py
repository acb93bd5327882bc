"""Whatever is sent: a clear answer, nothing written, nothing of it in the answer or in the log."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.incident.commands import BY_NAME
from tests.api.visitor import Visitor
from tests.lives import LIVES, OFFICER, REPORT, REPORTED

CANARY = "金丝雀13987654321"
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.just(CANARY * 200),
    st.just([CANARY]),
    st.just({CANARY: CANARY, "subject": CANARY}),
    st.just("2026-03-01T08:00:00"),
    st.just("\u0000" + CANARY),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON document."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, str, Any]:
    """A command's good body with one place turned into something odd, or with a field nobody knows."""
    name = draw(st.sampled_from(["report", *BY_NAME]))
    turn = LIVES[name][-1]
    body = deepcopy(turn.asked)
    path = draw(st.sampled_from(list(places(body))))
    if not path:
        return turn.actor, name, draw(st.one_of(ODD.filter(lambda odd: odd != {}), st.just({**body, CANARY: 1})))
    inner = body
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = draw(ODD)
    return turn.actor, name, body


@given(asked=spoilt())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_spoilt_body_leaves_no_trace(door: Visitor, log: io.StringIO, asked: tuple[str, str, Any]) -> None:
    """A spoilt body may still be lawful (a null where nothing is needed); then it is one command, no more."""
    actor, name, body = asked
    case = None if name == "report" else door.case(REPORTED)
    before = door.stored()
    answer = door.ask(actor, name, body, case)
    if answer.is_success:
        assert door.stored() > before or not answer.json()["changed"]
        return
    assert answer.status_code in (409, 422), answer.text
    assert door.stored() == before
    assert CANARY not in answer.text
    assert CANARY not in log.getvalue()
    assert CANARY not in json.dumps([json.loads(line) for line in log.getvalue().splitlines()], ensure_ascii=False)


@given(content=st.binary(max_size=200))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_at_all_are_answered(door: Visitor, content: bytes) -> None:
    before = door.stored()
    answer = door.ask(OFFICER, "report", headers={"Content-Type": "application/json"}, content=content)
    assert answer.status_code in (400, 422)
    assert door.stored() == before


def test_addresses_queries_and_headers_stay_out_of_the_log(door: Visitor, log: io.StringIO) -> None:
    door.read(f"/api/v1/incidents/{CANARY}?as_of={CANARY}&{CANARY}=1")
    door.read(f"/{CANARY}")
    door.ask(OFFICER, "report", REPORT, headers={"Bidao-Actor": CANARY, "X-Request-Id": CANARY, "User-Agent": CANARY})
    door.ask(OFFICER, "report", {**REPORT, "description": CANARY})
    door.ask(OFFICER, "report", REPORT, headers={"Idempotency-Key": CANARY})
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["status"] for line in lines] == [404, 404, 401, 201, 422]
    assert CANARY not in json.dumps(lines, ensure_ascii=False)
    assert "13987654321" not in log.getvalue()
