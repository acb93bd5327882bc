"""台账: whoever pages through it sees every case once, and the number above it is right."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.clocks import Light
from domain.incident.words import Kind, Stage
from domain.territory import Level
from projections.database import Rows
from projections.docket import BadCursor, DocketPage, DocketQuery, Sort, docket
from projections.engine import Views
from projections.scope import Scope
from projections.sqlite import DIALECT
from tests.histories import history, store
from tests.projections.recomputation import PATH
from tests.projections.rooms import Room
from tests.rules.scene import MORNING

Case = dict[str, Any]
Holds = Callable[[Case], bool]
SORTS = get_args(Sort)
NOW = MORNING + timedelta(days=6)
"""When people ask: some cases are overdue by then, and some are not."""
NARROW = ("estate", "grid", "grid-2", "building", "nowhere")
A_DAY_IN = MORNING + timedelta(days=1)


def lies_in(node: str) -> Holds:
    return lambda case: node in [case[level] for level in PATH]


def light(case: Case, now: datetime = NOW) -> Light | None:
    """As the contract has it, of one case after the other."""
    due, yellow = case["due_at"], case["yellow_at"]
    if due and due < now:
        return Light.RED
    if due and yellow < now:
        return Light.YELLOW
    return Light.UNDETERMINED if case["undetermined"] else Light.GREEN if due else None


def shows(wanted: Light) -> Holds:
    return lambda case: light(case) is wanted


def lit_in(case: Case, wanted: Light, node: str) -> bool:
    return light(case) is wanted and lies_in(node)(case)


def overdue_soon(case: Case, territory: str = "") -> bool:
    return light(case) in (Light.RED, Light.YELLOW) and (not territory or lies_in(territory)(case))


ASKED: list[tuple[dict[str, Any], Holds]] = [
    ({}, lambda case: True),
    *(({"territory": node}, lies_in(node)) for node in ("district", "street", "community", "estate", "grid", "grid-2")),
    ({"territory": "building"}, lies_in("building")),
    ({"territory": "nowhere"}, lambda case: False),
    *(({"kind": kind}, lambda case, kind=kind: case["kind"] == kind) for kind in Kind),
    *(({"stage": [stage]}, lambda case, stage=stage: case["stage"] == stage) for stage in Stage),
    ({"stage": ["closed", "archived"]}, lambda case: case["stage"] in ("closed", "archived")),
    ({"open": True}, lambda case: case["open"]),
    ({"open": False}, lambda case: not case["open"]),
    ({"open": True, "stage": ["handling", "closed"]}, lambda case: case["stage"] == "handling"),
    ({"open": False, "stage": ["handling"]}, lambda case: False),
    ({"officer": "officer"}, lambda case: case["officer"] == "officer"),
    ({"unit": "unit-lead", "open": True}, lambda case: case["lead"] == "unit-lead" and case["open"]),
    ({"urgency": 2, "territory": "grid"}, lambda case: case["urgency"] == 2 and case["grid"] == "grid"),
    ({"category": "0101"}, lambda case: case["category"] == "0101"),
    ({"reported_from": A_DAY_IN}, lambda case: case["reported_at"] >= A_DAY_IN),
    (
        {"reported_to": A_DAY_IN, "kind": "dispute"},
        lambda case: case["reported_at"] < A_DAY_IN and case["kind"] == "dispute",
    ),
    *(({"light": wanted}, shows(wanted)) for wanted in Light),
    *(
        ({"light": wanted, "territory": node}, lambda case, wanted=wanted, node=node: lit_in(case, wanted, node))
        for wanted in Light
        for node in ("street", "community", "grid")
    ),
    ({"light": "red", "kind": "ordinary"}, lambda case: light(case) is Light.RED and case["kind"] == "ordinary"),
    ({"light": "red", "stage": ["handling"]}, lambda case: light(case) is Light.RED and case["stage"] == "handling"),
    ({"light": "red", "unit": "unit-lead"}, lambda case: light(case) is Light.RED and case["lead"] == "unit-lead"),
    ({"light": "red", "officer": "officer"}, lambda case: light(case) is Light.RED and case["officer"] == "officer"),
    ({"light": "red", "open": False}, lambda case: False),
    *(
        ({"light": ["yellow", "red", "red"], **where}, lambda case, where=where: overdue_soon(case, **where))
        for where in ({}, {"territory": "street"}, {"territory": "grid"})
    ),
    ({"light": [*Light]}, lambda case: light(case) is not None),
    ({"light": [*Light], "territory": "grid"}, lambda case: light(case) is not None and lies_in("grid")(case)),
    (
        {"territory": "street", "kind": "ordinary", "open": True},
        lambda case: case["kind"] == "ordinary" and case["open"],
    ),
]


def pages(views: Views, asked: Case, scope: Scope | None = None) -> Iterator[DocketPage]:
    query = DocketQuery.model_validate(asked)
    while True:
        page = docket(views, scope or Scope.all(), query, NOW)
        yield page
        if page.next is None:
            return
        query = query.model_copy(update={"cursor": page.next})


@pytest.mark.parametrize(("asked", "holds"), ASKED, ids=lambda value: str(value) if isinstance(value, dict) else "")
def test_all_pages_together_are_exactly_what_was_asked_for(
    views: Views, cases: dict[str, Case], asked: Case, holds: Holds
) -> None:
    expected = {case_id for case_id, case in cases.items() if holds(case)}
    for sort in SORTS:
        found = list(pages(views, {**asked, "sort": sort, "limit": 7}))
        ids = [row.incident_id for page in found for row in page.items]
        assert len(ids) == len(expected)
        assert set(ids) == expected
        assert {(page.count, page.capped) for page in found} == {(len(expected), False)}


@pytest.mark.parametrize("sort", [sort for sort in SORTS if "light" not in sort])
def test_pages_come_in_the_order_asked_for(views: Views, sort: str) -> None:
    column = sort.removeprefix("-")
    found = [getattr(row, column) for page in pages(views, {"sort": sort, "limit": 9}) for row in page.items]
    there = [value for value in found if value is not None]
    assert there == sorted(there, reverse=sort.startswith("-"))
    assert found == there + [None] * (len(found) - len(there)), "what is not due comes last, either way"


def test_a_row_says_what_the_case_file_says(views: Views, cases: dict[str, Case]) -> None:
    for page in pages(views, {}):
        for row in page.items:
            expected = cases[row.incident_id]
            said = row.model_dump() | row.place.model_dump()
            assert {name: said[name] for name in expected.keys() & said.keys()} == {
                **{name: expected[name] for name in expected.keys() & said.keys()},
                "reworks": expected["reworks"] or 0,
                "returns": expected["returns"] or 0,
            }
            assert (row.stage_label, row.kind_label) == (row.stage.label, row.kind.label)


def test_a_case_is_found_by_its_number(views: Views, cases: dict[str, Case]) -> None:
    numbers = {case["number"]: case_id for case_id, case in cases.items() if case["number"]}
    assert numbers
    for number, case_id in numbers.items():
        [page] = pages(views, {"number": number})
        assert [row.incident_id for row in page.items] == [case_id]


@pytest.mark.parametrize(
    ("scope", "holds"),
    [
        (Scope.of("grid", Level.GRID), lies_in("grid")),
        (Scope.of("estate", Level.ESTATE), lies_in("estate")),
        (Scope.of("building", Level.BUILDING), lies_in("building")),
        (Scope.of("street", Level.STREET), lies_in("street")),
        (Scope.of("another-street", Level.STREET), lambda case: False),
        (Scope.of("city", Level.CITY), lambda case: True),
    ],
)
def test_nobody_sees_or_counts_beyond_their_scope(
    views: Views, cases: dict[str, Case], scope: Scope, holds: Holds
) -> None:
    for asked, wanted in ASKED:
        expected = {case_id for case_id, case in cases.items() if holds(case) and wanted(case)}
        found = list(pages(views, {**asked, "limit": 20}, scope))
        assert {row.incident_id for page in found for row in page.items} == expected
        assert found[0].count == len(expected)


@pytest.mark.parametrize("sort", SORTS)
def test_whoever_pages_while_cases_come_in_misses_none_that_was_there(room: Room, sort: str) -> None:
    events = history(5)
    files = CaseFiles(env=MEMORY_ENV)
    first, later = events[: len(events) // 2], events[len(events) // 2 :]
    store(files, first)
    with closing(Views(files, room.open())) as views:
        views.catch_up()
        there = [row.incident_id for page in pages(views, {}) for row in page.items]
        seen = []
        for page in pages(views, {"limit": 2, "sort": sort}):
            seen += [row.incident_id for row in page.items]
            store(files, later[:1])
            later = later[1:]
            views.catch_up()
    assert len(seen) == len(set(seen)) or "updated" in sort, "a case that moves on may be met again where it went"
    assert set(seen) >= set(there) or sort == "-updated_at", "the latest first: who moves on has been passed"


def test_counting_stops_at_ten_thousand_and_says_so(views: Views, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.docket_search.COUNTED_UP_TO", 5)
    page = docket(views, Scope.all(), DocketQuery(category="0101"), NOW)
    assert (page.count, page.capped) == (5, True)
    page = docket(views, Scope.all(), DocketQuery(stage=tuple(Stage)), NOW)
    assert (page.count > 5, page.capped) == (True, False)


def test_a_garbled_cursor_is_refused(views: Views) -> None:
    query = DocketQuery(limit=3)
    cursor = docket(views, Scope.all(), query, NOW).next
    assert cursor
    for at, letter in enumerate(cursor):
        other = "B" if letter == "A" else "A"
        garbled = cursor[:at] + other + cursor[at + 1 :]
        with pytest.raises(BadCursor):
            docket(views, Scope.all(), query.model_copy(update={"cursor": garbled}), NOW)
    for word in ("", "!", "W10", "bnVsbA", "电", cursor[:-1], cursor + "A", cursor + "=="):
        if word:
            with pytest.raises(BadCursor):
                docket(views, Scope.all(), query.model_copy(update={"cursor": word}), NOW)


def test_a_cursor_serves_its_own_query_only(views: Views) -> None:
    cursor = docket(views, Scope.all(), DocketQuery(limit=3), NOW).next
    assert docket(views, Scope.all(), DocketQuery(limit=5, cursor=cursor), NOW).items, "the length of a page may change"
    for other in ({"sort": "reported_at"}, {"kind": "dispute"}, {"territory": "grid"}):
        with pytest.raises(BadCursor):
            docket(views, Scope.all(), DocketQuery.model_validate({"cursor": cursor, **other}), NOW)


class Explained:
    """Views that note how SQLite goes about each query."""

    dialect = DIALECT

    def __init__(self, views: Views) -> None:
        self._views, self.plans = views, list[str]()

    @contextmanager
    def reading(self) -> Iterator[Any]:
        with self._views.reading() as transaction:
            self._transaction = transaction
            yield self

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        steps = self._transaction.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        self.plans.append("; ".join(step[-1] for step in steps))
        return self._transaction.execute(statement, values)

    def by_index(self) -> None:
        self._transaction.by_index()


def is_bounded(query: DocketQuery) -> bool:
    """Whether what is asked for is never too much to be sorted; of a span of time no more than is counted."""
    span = "updated_at" in query.order and (query.reported_from or query.reported_to)
    narrow = query.officer is not None or query.territory in NARROW
    return bool(span) or narrow or Light.UNDETERMINED in query.light


WHOLE = re.compile(r"SCAN docket\.v2~\d+(?! counted| USING)")


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("sorted_up_to", [-1, 2_000])
def test_no_page_needs_a_reading_of_the_whole_docket(
    sqlite_views: Views, sort: str, sorted_up_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flat from ten thousand cases to a million: by an index, and sorted only where it cannot be many."""
    monkeypatch.setattr("projections.docket_search.SORTED_UP_TO", sorted_up_to)
    for asked, _ in ASKED:
        first = DocketQuery.model_validate({**asked, "sort": sort, "limit": 2})
        if not first.stages:
            continue  # nothing is read at all
        after = docket(sqlite_views, Scope.of("district", Level.DISTRICT), first, NOW).next
        for query in (first, first.model_copy(update={"cursor": after})):
            explained = Explained(sqlite_views)
            docket(explained, Scope.of("district", Level.DISTRICT), query, NOW)
            assert not any(map(WHOLE.search, explained.plans)), (asked, explained.plans)
            assert (
                sorted_up_to > 0 or is_bounded(query) or not any("TEMP B-TREE" in plan for plan in explained.plans)
            ), (asked, explained.plans)


def test_the_light_is_that_of_the_first_page_however_long_one_reads(views: Views, cases: dict[str, Case]) -> None:
    expected = {case_id for case_id, case in cases.items() if light(case) is Light.GREEN}
    query, seen, now = DocketQuery(light=(Light.GREEN,), sort="due_at", limit=1), [], NOW
    while True:
        page = docket(views, Scope.all(), query, now)
        assert page.count == len(expected)
        seen += [row.incident_id for row in page.items]
        assert {row.light for row in page.items} == {Light.GREEN}
        if page.next is None:
            break
        query, now = query.model_copy(update={"cursor": page.next}), now + timedelta(days=1)
    assert len(seen) == len(expected) > 1
    assert set(seen) == expected
    assert docket(views, Scope.all(), DocketQuery(light=(Light.GREEN,)), now).count < len(expected)


@pytest.mark.parametrize("wanted", Light)
def test_a_light_turns_at_the_very_moment(views: Views, cases: dict[str, Case], wanted: Light) -> None:
    turns = {case[name] for case in cases.values() for name in ("yellow_at", "due_at") if case[name]}
    moment = timedelta(microseconds=1)
    for turn in sorted(turns)[::4]:
        for now in (turn - moment, turn, turn + moment):
            expected = sorted(case_id for case_id, case in cases.items() if light(case, now) is wanted)
            page = docket(views, Scope.all(), DocketQuery(light=(wanted,), limit=200), now)
            assert sorted(row.incident_id for row in page.items) == expected
            assert {row.light for row in page.items} <= {wanted}
            assert page.count == len(expected)
