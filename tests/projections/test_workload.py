"""工作量: every roll-up adds up to what is in the case files."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any, get_args

import pytest

from domain.territory import Level
from projections.engine import Views
from projections.projection import KEY
from projections.scope import Scope
from projections.workload import DOCKET_COLUMN, WORK, By, Workload, WorkloadQuery, workload
from tests.projections import recomputation
from tests.projections.recomputation import Lines

KEYS = [*Workload.merging(KEY), "what"]
Cases = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def done(case_files: list[Lines]) -> list[dict[str, Any]]:
    """Each kind of work by all its keys, as it should be."""
    found = recomputation.workload(case_files)
    return [dict(zip(KEYS, keys, strict=True)) | {"n": n} for keys, n in found.items()]


def asked(views: Views, scope: Scope | None = None, **query: Any) -> dict[tuple[str | None, date | None], Counter[str]]:
    rows = workload(views, scope or Scope.all(), WorkloadQuery.model_validate(query))
    order = [(row.key or "", str(row.day)) for row in rows]
    assert order == sorted(order)
    return {(row.key, row.day): +Counter({what: getattr(row, what) for what in WORK}) for row in rows}


@pytest.mark.parametrize("by", get_args(By))
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("territory", [None, "grid", "estate", "community", "street", "district", "nowhere"])
def test_the_work_of_every_grid_officer_and_unit(
    views: Views, done: list[dict[str, Any]], by: str, split: bool, territory: str | None
) -> None:
    expected: dict[tuple[str | None, date | None], Counter[str]] = {}
    for one in done:
        if territory in (None, *(one.get(level) for level in recomputation.PATH)):
            key = (one[by] or None, date.fromisoformat(one["day"]) if split else None)
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
def test_what_is_in_hand_now_stands_beside_it(views: Views, cases: Cases, by: By) -> None:
    expected = Counter(case[DOCKET_COLUMN[by]] for case in cases.values() if case["open"])
    rows = workload(views, Scope.all(), WorkloadQuery(by=by, from_day=date(2027, 1, 1)))
    assert {row.key: row.open_now for row in rows} == expected, "also where nothing was done in the time asked for"
    rows = workload(views, Scope.all(), WorkloadQuery(by=by, split_by_day=True))
    assert {row.open_now for row in rows} == {None}


def test_nobody_counts_beyond_their_scope(views: Views) -> None:
    within = asked(views, Scope.of("grid", Level.GRID))
    assert within == asked(views, territory="grid")
    assert within != asked(views)
    assert asked(views, Scope.of("grid", Level.GRID), territory="grid-2") == {}
    at_home = asked(views, Scope.of("building", Level.BUILDING))
    assert not any(at_home.values()), "work is kept by grid: whoever is responsible for less sees none of it"


def test_residents_are_nobodys_officers(views: Views) -> None:
    keys = {key for key, _ in asked(views, by="officer")}
    assert {"officer", "secretary", None} <= keys
    assert not any(key and key.startswith("s-") for key in keys)
