"""响应时间里的每一件: the cases behind a figure, all of them and no others, page by page, with the times told apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from domain.incident import commands as c
from domain.incident.state import Incident
from domain.incident.words import Stretch as Name
from domain.territory import Level
from projections.cursor import BadCursor
from projections.database import Rows
from projections.engine import Views
from projections.response_cases import ResponseCase, ResponseCases, ResponseCasesQuery, response_cases
from projections.response_time import ResponseTimeQuery, response_times
from projections.scope import Scope
from projections.sqlite import DIALECT
from tests.projections.recomputation import PATH, Lines, day
from tests.projections.timing import Stretch, stretches
from tests.projections.town import Town
from tests.rules.scene import (
    CASE,
    CHECKER,
    OFFICER,
    OTHER,
    RESIDENT,
    SATISFIED,
    SECRETARY,
    SOLVED,
    TERRITORY,
    Move,
    days,
    minutes,
    report,
)

Told = list[ResponseCase]
ASKED: Sequence[dict[str, Any]] = (
    {},
    {"claimed_not_counted": True},
    {"claimed_not_counted": False, "kind": "emergency"},
    {"quick": False},
    {"on_time": True},
    {"on_time": False},
    {"exempted": True},
    {"officer": "officer"},
    {"unit": "unit-lead"},
    {"without": "unit", "territory": "community"},
    {"without": "community"},
    {"territory": "grid-2"},
    {"territory": "building"},
    {"territory": "city", "kind": "dispute"},
    {"from_day": "2026-03-03", "to_day": "2026-03-05"},
    {"territory": "nowhere"},
)


def asked_of(views: Any, scope: Scope | None = None, **query: Any) -> ResponseCases:
    return response_cases(views, scope or Scope.all(), ResponseCasesQuery.model_validate(query), TERRITORY)


def pages(views: Views, scope: Scope | None = None, **query: Any) -> Told:
    """All pages joined."""
    found: Told = []
    while True:
        page = asked_of(views, scope, **query)
        found += page.items
        assert not page.capped
        if page.next is None:
            assert page.count == len(found)
            return found
        query["cursor"] = page.next
        assert len(found) < page.count, "pages that never end"


def holds(case: Incident, one: Stretch, asked: dict[str, Any]) -> bool:
    """Whether a stretch is what was asked for, one condition after the other."""
    nodes = {level: getattr(one.place, level) for level in PATH} | {"city": "city"}
    seen = {"kind": case.standing.kind.value, "officer": one.officer, "unit": one.unit, **one.marks}
    ended, without = day(one.line.effective_at), asked.get("without")
    return (
        one.stage == asked["stage"]
        and all(seen[name] == wanted for name, wanted in asked.items() if name in seen)
        and ("on_time" not in asked or one.marks["due"])
        and asked.get("territory") in (None, *nodes.values())
        and (without is None or not (nodes | {"unit": one.unit})[without])
        and asked.get("from_day", "0") <= ended <= asked.get("to_day", "9")
    )


@pytest.fixture(scope="module")
def whole(varied_files: list[Lines]) -> list[tuple[Incident, Stretch]]:
    return [(case, one) for case, found in map(stretches, varied_files) for one in found]


@pytest.mark.parametrize("stage", Name)
@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize("sort", ["ended_at", "-ended_at"])
def test_pages_joined_are_all_that_was_asked_for_in_order(
    varied_views: Views, whole: list[tuple[Incident, Stretch]], stage: Name, asked: dict[str, Any], sort: str
) -> None:
    expected = [one for case, one in whole if holds(case, one, {**asked, "stage": stage})]
    expected.sort(key=lambda one: (one.line.effective_at, one.line.position), reverse=sort.startswith("-"))
    found = pages(varied_views, stage=stage, sort=sort, limit=7, **asked)
    assert [(row.incident_id, row.cycle) for row in found] == [(one.line.case_id, one.case.cycle) for one in expected]
    for row, one in zip(found, expected, strict=True):
        line = one.line
        assert (row.claimed_at, row.recorded_at, row.ended_at) == (
            line.occurred_at,
            line.recorded_at,
            line.effective_at,
        )
        assert row.counted_after == (line.effective_at - line.occurred_at).total_seconds()
        assert row.recorded_after == (line.recorded_at - line.occurred_at).total_seconds()
        assert {measure: getattr(row, measure) for measure in one.seconds} == one.seconds
        assert row.on_time == (one.marks["on_time"] if one.marks["due"] else None)


@pytest.mark.parametrize("asked", [{}, {"kind": "emergency"}, {"territory": "grid-2"}, {"officer": "officer"}])
def test_they_are_as_many_as_the_figures_say(varied_views: Views, asked: dict[str, Any]) -> None:
    for stage in Name:
        query = ResponseTimeQuery.model_validate({"stage": stage, **asked})
        rows = response_times(varied_views, Scope.all(), query, TERRITORY)
        [n, due, on_time, late_claims] = [
            sum(getattr(row, mark) for row in rows) for mark in ("n", "due", "on_time", "claimed_not_counted")
        ]
        assert asked_of(varied_views, stage=stage, **asked).count == n
        assert asked_of(varied_views, stage=stage, on_time=True, **asked).count == on_time
        assert asked_of(varied_views, stage=stage, on_time=False, **asked).count == due - on_time
        assert asked_of(varied_views, stage=stage, claimed_not_counted=True, **asked).count == late_claims


def test_nobody_sees_beyond_their_scope(varied_views: Views) -> None:
    within = Scope.of("grid", Level.GRID)
    assert pages(varied_views, within) == pages(varied_views, territory="grid") != []
    assert pages(varied_views, within, territory="grid-2") == []


def test_a_cursor_serves_its_own_query(varied_views: Views) -> None:
    cursor = asked_of(varied_views, limit=1).next
    assert cursor
    for other in ({"sort": "ended_at"}, {"stage": "accept"}, {"quick": False}):
        with pytest.raises(BadCursor):
            asked_of(varied_views, limit=1, cursor=cursor, **other)


QUICKLY = (
    replace(OFFICER(report(), of=CASE), after=minutes(0)),
    OFFICER(c.Arrive(), of=CASE),
    OFFICER(SOLVED, of=CASE),
    CHECKER(c.PassCheck(), of=CASE),
    RESIDENT(SATISFIED, of=CASE),
)


@pytest.mark.parametrize(("after", "flagged"), [(6, 1), (6.01, 0)])
def test_closed_within_ten_minutes_of_the_report(town: Any, after: float, flagged: int) -> None:
    built: Town = town(*QUICKLY, CHECKER(c.Close(), of=CASE, after=minutes(after)))
    assert [row.quick for row in pages(built.views, stage="close")] == [bool(flagged)]
    assert asked_of(built.views, stage="close", quick=True).count == flagged
    [row] = response_times(built.views, Scope.all(), ResponseTimeQuery(stage=Name.CLOSE), TERRITORY)
    assert row.quick == flagged


def test_closed_again_within_ten_minutes_of_the_reopening(town: Any) -> None:
    again = (OFFICER(SOLVED), CHECKER(c.PassCheck()), RESIDENT(SATISFIED), CHECKER(c.Close()))
    reopened = SECRETARY(c.Reopen(reason="又堵了"), after=days(2))
    built: Town = town(*QUICKLY, CHECKER(c.Close(), after=minutes(30)), reopened, *again)
    assert [(row.cycle, row.quick) for row in pages(built.views, stage="close")] == [(2, True), (1, False)]


def test_a_claim_that_came_too_late(town: Any) -> None:
    built: Town = town(OFFICER(report()), OFFICER(c.Arrive(), after=minutes(50), claimed=-minutes(45)))
    [row] = pages(built.views, stage="arrive")
    assert (row.claimed_not_counted, row.counted_after, row.gross) == (True, 45 * 60, 50 * 60)
    assert row.number, "it was accepted on the way"


FAILED = (OFFICER(report()), OFFICER(c.Arrive()), OFFICER(SOLVED), CHECKER(c.FailCheck(reason="没修好")))
TWO = (OFFICER(report(), of=OTHER), OFFICER(report()), OFFICER(c.Arrive()))
MERGED = (*TWO, SECRETARY(c.Merge(into=OTHER, reason="同一处")))


@pytest.mark.parametrize(
    ("moves", "stage", "minutes_taken"),
    [
        pytest.param(FAILED, "resolve", [], id="failed its check"),
        pytest.param((*FAILED, OFFICER(SOLVED, after=minutes(10))), "resolve", [13], id="solved after all"),
        pytest.param(MERGED, "arrive", [], id="a duplicate"),
        pytest.param((*MERGED, SECRETARY(c.Unmerge(reason="不是一处"))), "arrive", [1], id="a duplicate no more"),
        pytest.param((*TWO, OFFICER(c.RequestVoid(reason="误报")), SECRETARY(c.GrantVoid())), "arrive", [], id="void"),
    ],
)
def test_what_leaves_and_comes_back(town: Any, moves: Sequence[Move], stage: str, minutes_taken: list[int]) -> None:
    built: Town = town(*moves)
    assert [row.gross for row in pages(built.views, stage=stage)] == [taken * 60 for taken in minutes_taken]


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


@pytest.mark.parametrize("varied_views", ["sqlite"], indirect=True)
@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_no_page_needs_a_reading_of_all_rows(varied_views: Views, asked: dict[str, Any]) -> None:
    """Found and sorted by an index, whatever is asked: only the page itself is put in order once more."""
    for scope in (Scope.all(), Scope.of("community", Level.COMMUNITY), Scope.of("grid", Level.GRID)):
        explained = Explained(varied_views)
        asked_of(explained, scope, limit=2, **asked)
        count, page = explained.plans
        for plan in (count, page):
            assert re.search(r"SEARCH stretches\.v1~\d+ USING INDEX", plan), plan
            assert not re.search(r"SCAN stretches", plan), plan
        assert page.count("TEMP B-TREE") <= 1, page
