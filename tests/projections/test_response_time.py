"""响应时间: percentiles within one per cent of those of the durations themselves, whatever is rolled up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from math import ceil, floor, log
from random import Random
from typing import Any

import pytest

from domain.incident.state import Incident
from domain.territory import Level
from projections.engine import Views
from projections.response_time import (
    ERROR,
    GROWTH,
    ResponseTimeQuery,
    ResponseTimeRow,
    percentile,
    response_times,
    seconds,
)
from projections.scope import Scope
from tests.projections.recomputation import Lines, Took, durations
from tests.rules.scene import TERRITORY

KeyOf = Callable[[Incident, Took], str | None]
STAGES = ("accept", "arrive", "resolve", "close")


def monday(day: str) -> str:
    found = date.fromisoformat(day)
    return (found - timedelta(days=found.weekday())).isoformat()


BY: dict[str, KeyOf] = {
    "all": lambda case, took: None,
    "building": lambda case, took: took.place.building,
    "grid": lambda case, took: took.place.grid,
    "estate": lambda case, took: took.place.estate,
    "community": lambda case, took: took.place.community,
    "street": lambda case, took: took.place.street,
    "district": lambda case, took: took.place.district,
    "city": lambda case, took: "city",
    "kind": lambda case, took: case.standing.kind.value,
    "day": lambda case, took: took.day,
    "week": lambda case, took: monday(took.day),
    "month": lambda case, took: took.day[:7],
}


def exact(durations: list[float], share: float) -> float:
    """The nearest rank."""
    return sorted(durations)[max(1, ceil(share * len(durations))) - 1]


def told(views: Views, scope: Scope | None = None, **query: Any) -> tuple[ResponseTimeRow, ...]:
    return response_times(views, scope or Scope.all(), ResponseTimeQuery.model_validate(query), TERRITORY)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("by", BY)
def test_percentiles_of_every_roll_up(views: Views, case_files: list[Lines], stage: str, by: str) -> None:
    expected: dict[tuple[str | None, str | None], list[float]] = {}
    for lines in case_files:
        case, took = durations(lines)
        for one in took:
            if one.stage == stage:
                key = BY[by](case, one)
                unknown = key is None and by in ("building", "grid", "estate")
                expected.setdefault((key, one.place.community if unknown else None), []).append(one.seconds)
    rows = told(views, stage=stage, by=by)
    assert {(row.key, row.community): row.n for row in rows} == {key: len(found) for key, found in expected.items()}
    for row in rows:
        for read, share in ((row.p50, 0.5), (row.p90, 0.9), (row.p95, 0.95)):
            truth = exact(expected[row.key, row.community], share)
            assert read == pytest.approx(truth, rel=ERROR, abs=0.01) or (read == 0 and truth < 1)


def test_a_bucket_is_never_further_off_than_said() -> None:
    for bucket in range(1, 1200):
        lowest, highest = GROWTH ** (bucket - 1), GROWTH**bucket
        assert abs(seconds(bucket) - lowest) <= ERROR * lowest * 1.000001
        assert abs(seconds(bucket) - highest) <= ERROR * highest * 1.000001
    assert seconds(1200) > 365 * 86400, "a year still has its bucket"


def test_percentiles_of_many_durations() -> None:
    draw = Random(1)
    for n in (1, 2, 10, 999, 10_000):
        took = [draw.lognormvariate(7, 2) + 1 for _ in range(n)]
        counts = sorted(Counter(1 + floor(log(one) / log(GROWTH)) for one in took).items())
        for share in (0.01, 0.5, 0.9, 0.95, 1):
            assert percentile(counts, n, share) == pytest.approx(exact(took, share), rel=ERROR)


def test_narrower_questions(views: Views, case_files: list[Lines]) -> None:
    found = [(case, one) for case, took in map(durations, case_files) for one in took if one.stage == "accept"]
    days = sorted({one.day for _, one in found})

    def n(scope: Scope | None = None, **query: Any) -> int:
        return sum(row.n or 0 for row in told(views, scope, stage="accept", **query))

    assert n(kind="dispute") == sum(case.standing.kind == "dispute" for case, _ in found)
    for territory, level in (("grid", "grid"), ("building", "building"), ("community", "community")):
        assert n(territory=territory) == sum(getattr(one.place, level) == territory for _, one in found) > 0
    assert n(territory="city") == n() == len(found)
    assert n(from_day=days[1], to_day=days[2]) == sum(days[1] <= one.day <= days[2] for _, one in found)
    assert n(Scope.of("grid", Level.GRID)) == n(territory="grid")
    assert n(Scope.of("grid", Level.GRID), territory="grid-2") == 0
    assert n(Scope.of("building", Level.BUILDING)) == n(territory="building")
    assert n(territory="nowhere") == 0


def test_rows_are_called_by_the_names_people_use(views: Views) -> None:
    assert {(row.key, row.name) for row in told(views, stage="accept", by="kind")} >= {("dispute", "邻里矛盾纠纷")}
    assert {row.name for row in told(views, stage="accept", by="month")} == {None}
