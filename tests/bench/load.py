"""Cold load of a case of ten events: from the store to the state its rules need, nothing kept from before."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any, cast
from uuid import UUID

import orjson

from domain.casework.application import CaseFiles
from domain.casework.open_cases import OpenCase
from domain.casework.recording import RecordedEvent
from tests.bench import floors
from tests.bench.district import district
from tests.bench.library import library, open_incidents
from tests.bench.measuring import Bench, alternate, event_loop, seconds
from tests.bench.ours import casework, open_cases
from tests.bench.report import Budget, Contender, Row

MICROSECONDS = 1e6


def measure(bench: Bench) -> list[Row]:
    place, rnd, size = district(), bench.rnd(), bench.size
    path = bench.folder / "load-ours.db"
    theirs = library(bench.folder / "load-library.db")
    incidents = open_incidents(theirs, size.cases)
    with event_loop() as loop, closing(floors.bare(path)) as connection:
        ours = casework(path, place.territory)
        ids = [UUID(case_id) for case_id in loop.run(open_cases(ours, place, rnd, size.cases))]

        def ours_turn() -> float:
            asked = rnd.choices(ids, k=size.loads)
            return seconds(lambda: [_ours(ours.files, case) for case in asked]) / len(asked) * MICROSECONDS

        def floor_turn() -> float:
            asked = rnd.choices(ids, k=size.loads)
            return seconds(lambda: [_dict_style(connection, case) for case in asked]) / len(asked) * MICROSECONDS

        def library_turn() -> float:
            asked = rnd.choices(incidents, k=size.sample)
            return seconds(lambda: [theirs.repository.get(case) for case in asked]) / len(asked) * MICROSECONDS

        by_us, bare, default = alternate(size.rounds, ours_turn, floor_turn, library_turn)
        loop.run(ours.aclose())
        theirs.close()
    row = Row.of(
        "cold load of a case of 10 events",
        "µs ↓",
        Contender.of("select_case, decode, OpenCase.load", by_us),
        Contender.of("sqlite3 select, orjson, one dict", bare),
        Contender.of("repository.get", default),
    )
    row.budgets = [Budget.at_most(3, row.to_floor, "× floor")]
    return [row]


def _ours(files: CaseFiles, case: UUID) -> OpenCase:
    to_line = files.mapper.to_domain_event
    return OpenCase.load([cast(RecordedEvent, to_line(row)) for row in files.store.select_case(case)])


SELECT = """
    SELECT originator_version, topic, state FROM stored_events WHERE originator_id = ? ORDER BY originator_version"""


def _dict_style(connection: sqlite3.Connection, case: UUID) -> dict[str, Any]:
    """The least a load can be: rows, untyped JSON, the newest keys win, the commands noted."""
    state: dict[str, Any] = {}
    commands = {}
    for version, topic, data in connection.execute(SELECT, (case.hex,)):
        line = orjson.loads(data)
        state.update(line["keys"])
        state[topic] = line["event"]
        commands[line["client"], line["command_id"]] = version, line["body_mac"]
    return {**state, "commands": commands}
