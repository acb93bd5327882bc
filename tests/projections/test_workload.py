"""工作量: every roll-up adds up to what is in the case files."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any, get_args

import pytest

from domain.territory import Level
from projections.engine import Views
from projections.scope import Scope
from projections.workload import WORK, By, WorkloadQuery, WorkloadRow, workload
from tests.projections import recomputation
from tests.projections.recomputation import Lines
from tests.rules.scene import MORNING, TERRITORY

NOW = MORNING + timedelta(days=6)
KEYS = [*recomputation.WORKLOAD, "what"]
Cases = dict[str, dict[str, Any]]
Key = tuple[str | None, str | None]
"""What a row is about, and the community where that is not known."""


def told(views: Views, scope: Scope | None = None, **query: Any) -> tuple[WorkloadRow, ...]:
    return workload(views, scope or Scope.all(), WorkloadQuery.model_validate(query), TERRITORY, NOW).rows


def about(by: str, where: dict[str, Any]) -> Key:
    """The row that something counts in."""
    found = where["city" if by == "city" else by] or None
    below = by in ("building", "grid", "estate")
    return found, (where["community"] or None) if below and found is None else None


@pytest.fixture(scope="module")
def done(case_files: list[Lines]) -> list[dict[str, Any]]:
    """Each kind of work by all its keys, as it should be."""
    found = recomputation.workload(case_files)
    return [dict(zip(KEYS, keys, strict=True)) | {"city": "city", "n": n} for keys, n in found.items()]


def asked(views: Views, scope: Scope | None = None, **query: Any) -> dict[tuple[Key, date | None], Counter[str]]:
    rows = told(views, scope, **query)
    order = [(row.key or "", row.community or "", str(row.day)) for row in rows]
    assert order == sorted(order)
    return {((row.key, row.community), row.day): +Counter({what: getattr(row, what) for what in WORK}) for row in rows}


@pytest.mark.parametrize("by", get_args(By))
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("territory", [None, *(level.value for level in Level), "nowhere"])
def test_the_work_of_every_grid_officer_and_unit(
    views: Views, done: list[dict[str, Any]], by: str, split: bool, territory: str | None
) -> None:
    expected: dict[tuple[Key, date | None], Counter[str]] = {}
    for one in done:
        if territory in (None, "city", *(one[level] for level in recomputation.PATH)):
            key = (about(by, one), date.fromisoformat(one["day"]) if split else None)
            expected.setdefault(key, Counter())[one["what"]] += one["n"]
    found = asked(views, by=by, split_by_day=split, territory=territory)
    assert {key: counts for key, counts in found.items() if counts} == expected


def test_days_are_those_of_shanghai_and_both_ends_count(views: Views, done: list[dict[str, Any]]) -> None:
    days = sorted({one["day"] for one in done})
    for first, last in ((days[1], days[3]), (days[2], days[2])):
        expected = Counter[str]()
        for one in done:
            if first <= one["day"] <= last:
                expected[one["what"]] += one["n"]
        found = asked(views, from_day=first, to_day=last)
        assert sum(found.values(), Counter()) == expected


@pytest.mark.parametrize("by", get_args(By))
def test_what_is_in_hand_now_stands_beside_it(views: Views, cases: Cases, by: str) -> None:
    column = "lead" if by == "unit" else by
    expected = Counter(about(column, case | {"city": "city"}) for case in cases.values() if case["open"])
    rows = told(views, by=by, from_day=date(2027, 1, 1))
    assert {(row.key, row.community): row.open_now for row in rows} == expected, "also where nothing was done"
    rows = told(views, by=by, split_by_day=True)
    assert {row.open_now for row in rows} == {None}


def test_nobody_counts_beyond_their_scope(views: Views) -> None:
    for level in (Level.GRID, Level.BUILDING):
        within = asked(views, Scope.of(level.value, level))
        assert within == asked(views, territory=level.value)
        assert within != asked(views)
        assert asked(views, Scope.of(level.value, level), territory="grid-2") == {}


def test_rows_are_called_by_the_names_of_today(views: Views) -> None:
    names = {node.id: node.name for node in TERRITORY.nodes}
    for level in Level:
        assert all(row.name == names.get(row.key or row.community or "") for row in told(views, by=level.value))


def test_residents_are_nobodys_officers(views: Views) -> None:
    done = {key: counts for ((key, _), _), counts in asked(views, by="officer").items()}
    assert {"officer", "secretary", None} <= done.keys()
    for key, counts in done.items():
        assert not (key or "").startswith("s-") or counts.keys() <= {"assigned"}, "unless somebody names them as one"
