"""Cold load of a case of ten events: from the store to the state its rules need, nothing kept from before."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import Any, cast
from uuid import UUID

import orjson

from domain.casework.case_files import CaseFiles
from domain.casework.open_cases import OpenCase
from domain.casework.recording import RecordedEvent
from tests.bench.district import district
from tests.bench.floors import Bare
from tests.bench.library import open_incidents
from tests.bench.measuring import alternate, seconds
from tests.bench.ours import cases_in
from tests.bench.report import Budget, Contender, Row
from tests.bench.stores import Bench, Store

MICROSECONDS = 1e6


def measure(bench: Bench) -> list[Row]:
    return [_row(bench, store) for store in bench.stores]


def _row(bench: Bench, store: Store) -> Row:
    rnd, size = bench.rnd(), bench.size
    with ExitStack() as stack:
        place, other = (stack.enter_context(store.place()) for _ in range(2))
        ids = [UUID(case_id) for case_id in cases_in(place, district(), rnd, size.cases)]
        files, bare = stack.enter_context(closing(place.case_files())), stack.enter_context(closing(place.bare()))
        theirs = stack.enter_context(closing(other.library()))
        incidents = open_incidents(theirs, size.cases)

        def ours_turn() -> float:
            asked = rnd.choices(ids, k=size.loads)
            return seconds(lambda: [_ours(files, case) for case in asked]) / len(asked) * MICROSECONDS

        def floor_turn() -> float:
            asked = rnd.choices(ids, k=size.loads)
            return seconds(lambda: [_dict_style(bare, case) for case in asked]) / len(asked) * MICROSECONDS

        def library_turn() -> float:
            asked = rnd.choices(incidents, k=size.sample)
            return seconds(lambda: [theirs.repository.get(case) for case in asked]) / len(asked) * MICROSECONDS

        by_us, floor, default = alternate(size.rounds, ours_turn, floor_turn, library_turn)
    row = Row.of(
        "cold load of a case of 10 events",
        "µs ↓",
        Contender.of("select_case, decode, OpenCase.load", by_us),
        Contender.of("the driver's select, orjson, one dict", floor),
        Contender.of("repository.get", default),
    )
    row.budgets = [Budget.at_most(3, row.to_floor, "× floor")]
    return row.on(store.kind)


def _ours(files: CaseFiles, case: UUID) -> OpenCase:
    to_line = files.mapper.to_domain_event
    return OpenCase.load([cast(RecordedEvent, to_line(row)) for row in files.store.select_case(case)])


def _dict_style(bare: Bare, case: UUID) -> dict[str, Any]:
    """The least a load can be: rows, untyped JSON, the newest keys win, the commands noted."""
    state: dict[str, Any] = {}
    commands = {}
    for version, topic, data in bare.case(case.hex):
        line = orjson.loads(data)
        state.update(line["keys"])
        state[topic] = line["event"]
        commands[line["client"], line["command_id"]] = version, line["body_mac"]
    return {**state, "commands": commands}
