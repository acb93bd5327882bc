"""响应时间: percentiles within one per cent of those of the durations themselves, whatever is rolled up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from math import ceil
from typing import Any

import pytest

from domain.incident.state import Incident
from domain.incident.words import Stretch as Name
from domain.territory import Level
from projections.engine import Views
from projections.percentiles import ERROR, GROWTH, Spread, seconds
from projections.response_time import ResponseTimeQuery, ResponseTimeRow, response_times
from projections.scope import Scope
from tests.projections.recomputation import PATH, Lines, day
from tests.projections.timing import MEASURES, Stretch, stretches
from tests.rules.scene import TERRITORY

KeyOf = Callable[[Incident, Stretch], str | None]
SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "max": 1}


def monday(day: str) -> str:
    found = date.fromisoformat(day)
    return (found - timedelta(days=found.weekday())).isoformat()


def ended(one: Stretch) -> str:
    return day(one.line.effective_at)


def _at(level: str) -> KeyOf:
    return lambda case, one: getattr(one.place, level)


BY: dict[str, KeyOf] = {
    "all": lambda case, one: None,
    **{level: _at(level) for level in PATH},
    "city": lambda case, one: "city",
    "kind": lambda case, one: case.standing.kind.value,
    "officer": lambda case, one: one.officer or None,
    "unit": lambda case, one: one.unit or None,
    "day": lambda case, one: ended(one),
    "week": lambda case, one: monday(ended(one)),
    "month": lambda case, one: ended(one)[:7],
}


def exact(durations: list[float], share: float) -> float:
    """The nearest rank."""
    return sorted(durations)[max(1, ceil(share * len(durations))) - 1]


def told(views: Views, scope: Scope | None = None, **query: Any) -> tuple[ResponseTimeRow, ...]:
    return response_times(views, scope or Scope.all(), ResponseTimeQuery.model_validate(query), TERRITORY)


@pytest.fixture(scope="module")
def all_of_them(varied_files: list[Lines]) -> list[tuple[Incident, Stretch]]:
    return [(case, one) for case, found in map(stretches, varied_files) for one in found]


@pytest.mark.parametrize("exactly", [False, True])
@pytest.mark.parametrize("stage", Name)
@pytest.mark.parametrize("by", BY)
def test_every_roll_up_in_every_measure(
    varied_views: Views, all_of_them: list[tuple[Incident, Stretch]], stage: Name, by: str, exactly: bool
) -> None:
    expected: dict[tuple[str | None, str | None], list[Stretch]] = {}
    for case, one in all_of_them:
        if one.stage == stage:
            key = BY[by](case, one)
            unknown = key is None and by in ("building", "grid", "estate")
            expected.setdefault((key, one.place.community if unknown else None), []).append(one)
    rows = told(varied_views, stage=stage, by=by, exact=exactly)
    assert {(row.key, row.community) for row in rows} == expected.keys()
    assert [row.key or "" for row in rows] == sorted(row.key or "" for row in rows), "in order of keys, no other"
    for row in rows:
        found = expected[row.key, row.community]
        if row.suppressed:
            assert (by, row.n) == ("kind", None)
            assert any(0 < len(few) < 3 for few in expected.values())
            continue
        assert row.n == len(found)
        for measure in MEASURES:
            durations = [took for one in found if (took := one.seconds[measure]) is not None]
            compare(getattr(row, measure), durations, exactly)
        assert row.undetermined == sum(one.seconds["worked"] is None for one in found)
        for mark in ("due", "on_time", "exempted", "claimed_not_counted", "quick"):
            assert getattr(row, mark) == sum(one.marks[mark] for one in found)
        assert row.on_time_share == (round((row.on_time or 0) / row.due, 4) if row.due else None)


def compare(told: Spread, durations: list[float], exactly: bool) -> None:
    assert told.n == len(durations)
    for name, share in SHARES.items():
        read = getattr(told, name)
        if not durations:
            assert read is None
            continue
        truth = exact(durations, share)
        within = pytest.approx(truth, rel=0 if exactly else ERROR, abs=0.01)  # written to the hundredth
        assert read == within or (not exactly and read == 0 and truth < 1)


def test_the_town_has_what_is_hard_to_count(all_of_them: list[tuple[Incident, Stretch]]) -> None:
    """Else the roll-ups would be right for want of trying."""
    took = [one.seconds for _, one in all_of_them]
    assert any(one["net"] != one["gross"] for one in took)
    assert any(one["worked"] != one["worked_net"] for one in took)
    assert any(one["worked"] != one["gross"] for one in took)
    for mark in ("due", "on_time", "claimed_not_counted"):
        assert {one.marks[mark] for _, one in all_of_them} == {True, False}
    assert any(one.exempted for _, one in all_of_them)
    assert any(one.case.cycle > 1 for _, one in all_of_them)
    assert {took is None for one in took for took in one.values()} == {True, False}


def test_a_bucket_is_never_further_off_than_said() -> None:
    for bucket in range(1, 1200):
        lowest, highest = GROWTH ** (bucket - 1), GROWTH**bucket
        assert abs(seconds(bucket) - lowest) <= ERROR * lowest * 1.000001
        assert abs(seconds(bucket) - highest) <= ERROR * highest * 1.000001
    assert seconds(1200) > 365 * 86400, "a year still has its bucket"


@pytest.mark.parametrize("exactly", [False, True])
def test_narrower_questions(varied_views: Views, all_of_them: list[tuple[Incident, Stretch]], exactly: bool) -> None:
    found = [(case, one) for case, one in all_of_them if one.stage == "accept"]
    days = sorted({ended(one) for _, one in found})

    def n(scope: Scope | None = None, **query: Any) -> int:
        return sum(row.n or 0 for row in told(varied_views, scope, stage="accept", exact=exactly, **query))

    assert n(kind="dispute") == sum(case.standing.kind == "dispute" for case, _ in found)
    assert n(officer="officer") == sum(one.officer == "officer" for _, one in found)
    for territory, level in (("grid", "grid"), ("building", "building"), ("community", "community")):
        assert n(territory=territory) == sum(getattr(one.place, level) == territory for _, one in found) > 0
    assert n(territory="city") == n() == len(found)
    assert n(from_day=days[1], to_day=days[2]) == sum(days[1] <= ended(one) <= days[2] for _, one in found)
    assert n(from_day=date.min, to_day=date.max) == n()
    assert n(Scope.of("grid", Level.GRID)) == n(territory="grid")
    assert n(Scope.of("grid", Level.GRID), territory="grid-2") == 0
    assert n(Scope.of("building", Level.BUILDING)) == n(territory="building")
    assert n(territory="nowhere") == 0


def test_rows_are_called_by_the_names_people_use(varied_views: Views) -> None:
    assert {(row.key, row.name) for row in told(varied_views, stage="accept", by="kind")} >= {
        ("dispute", "邻里矛盾纠纷")
    }
    assert ("officer", "网格员") in {(row.key, row.name) for row in told(varied_views, stage="accept", by="officer")}
    assert {row.name for row in told(varied_views, stage="accept", by="month")} == {None}
