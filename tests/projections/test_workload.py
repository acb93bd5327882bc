"""工作量: every roll-up adds up to what is in the case files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from datetime import date, timedelta
from random import Random
from typing import Any, get_args

import pytest

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.incident.words import UNRESOLVED, Kind
from domain.territory import Level
from projections.distribution import CountSpread, Spread
from projections.engine import Views
from projections.scope import Scope
from projections.workload import WORK, By, WorkloadFigures, WorkloadQuery, WorkloadRow, workload
from projections.workload_counts import COUNTS
from tests.histories import history, streams
from tests.projections import recomputation, showing
from tests.projections.recomputation import Lines
from tests.projections.rooms import Room
from tests.rules.scene import MORNING, TERRITORY

NOW = MORNING + timedelta(days=6)
KEYS = [*recomputation.WORKLOAD, "what"]
Cases = dict[str, dict[str, Any]]
HOUSEHOLDS = {"grid": 400, "grid-2": 100}
COUNTED = TERRITORY.model_copy(
    update={
        "nodes": tuple(node.model_copy(update={"households": HOUSEHOLDS.get(node.id, 0)}) for node in TERRITORY.nodes)
    }
)
"""Two of three grids are surveyed."""
WHAT = (*WORK, "overdue")
LEVELS = [level.value for level in Level]
Key = tuple[str | None, str | None]
"""What a row is about, and the community where that is not known."""
Rows = dict[tuple[Key, date | None], Counter[str]]


def told(views: Views, scope: Scope | None = None, **query: Any) -> tuple[WorkloadRow, ...]:
    return workload(views, scope or Scope.all(), WorkloadQuery.model_validate(query), TERRITORY, NOW).rows


def about(by: str, where: dict[str, Any]) -> Key:
    """The row that something counts in."""
    found = where["city" if by == "city" else by] or None
    below = by in ("building", "grid", "estate")
    return found, (where["community"] or None) if below and found is None else None


@pytest.fixture(scope="module")
def done(case_files: list[Lines]) -> list[dict[str, Any]]:
    """Each kind of work, and what ran out of time, by all their keys, as it should be."""
    found = recomputation.workload(case_files)
    ran_out = recomputation.overdue(case_files, NOW)
    found.update({(*keys, "overdue"): n for keys, n in ran_out.items()})
    return [dict(zip(KEYS, keys, strict=True)) | {"city": "city", "n": n} for keys, n in found.items()]


def figures(views: Views, **query: Any) -> WorkloadFigures:
    return workload(views, Scope.all(), WorkloadQuery.model_validate(query), COUNTED, NOW)


def asked(views: Views, scope: Scope | None = None, **query: Any) -> Rows:
    rows = told(views, scope, **query)
    order = [(row.key or "", row.community or "", str(row.day)) for row in rows]
    assert order == sorted(order)
    return {((row.key, row.community), row.day): +Counter({what: getattr(row, what) for what in WHAT}) for row in rows}


def adds_up(
    done: Iterable[dict[str, Any]], by: str, split: bool = False
) -> dict[tuple[Key, date | None], Counter[str]]:
    """The rows there should be."""
    expected: dict[tuple[Key, date | None], Counter[str]] = {}
    for one in done:
        key = (about(by, one), date.fromisoformat(one["day"]) if split else None)
        expected.setdefault(key, Counter())[one["what"]] += one["n"]
    return expected


@pytest.mark.parametrize("by", [by for by in get_args(By) if by != "kind"])
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("territory", [None, *LEVELS, "nowhere"])
def test_the_work_of_every_grid_officer_and_unit(
    views: Views, done: list[dict[str, Any]], by: str, split: bool, territory: str | None
) -> None:
    there = [one for one in done if territory in (None, "city", *(one[level] for level in recomputation.PATH))]
    found = asked(views, by=by, split_by_day=split, territory=territory)
    assert {key: counts for key, counts in found.items() if counts} == adds_up(there, by, split)


@pytest.mark.parametrize("by", get_args(By))
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("kind", [None, *Kind])
def test_of_each_kind_all_is_told_but_what_would_point_at_somebody(
    views: Views, done: list[dict[str, Any]], by: str, split: bool, kind: str | None
) -> None:
    expected = adds_up([one for one in done if kind in (None, one["kind"])], by, split)
    may_withhold = kind == "hardship" or (by == "kind" and kind is None)
    for row in told(views, by=by, kind=kind, split_by_day=split):
        there = expected.pop(((row.key, row.community), row.day), Counter())
        untold = {what for what in WHAT if getattr(row, what) is None}
        assert {what: getattr(row, what) for what in WHAT if what not in untold} == {
            what: there[what] for what in WHAT if what not in untold
        }
        sensitive = "hardship" in (kind, row.key)
        assert untold >= {what for what in WHAT if sensitive and there[what] in (1, 2)}
        assert may_withhold or not untold
        assert row.suppressed >= bool(untold)
    assert not expected


def test_some_figures_of_the_sensitive_are_told_and_some_are_not(views: Views) -> None:
    rows = [*told(views, by="grid", kind="hardship"), *told(views, by="community", kind="hardship")]
    values = [getattr(row, what) for row in rows for what in WHAT]
    assert any(value is None for value in values)
    assert any(value is not None and value >= 3 for value in values)


@pytest.mark.parametrize("drawn", ["then", "now"])
def test_the_parts_add_up(views: Views, drawn: str) -> None:
    """Over the places of any level, over kinds, and over days; so nothing is lost or told twice."""

    def total(whats: Iterable[str], **query: Any) -> Counter[str]:
        rows = told(views, drawn=drawn, **query)
        return Counter({what: sum(getattr(row, what) or 0 for row in rows) for what in whats})

    everything = total(COUNTS, by="city")
    assert everything.keys() - (+everything).keys() <= {"returned"}, "else it would add up for want of anything"
    for by in get_args(By):
        if by != "kind":
            assert total(COUNTS, by=by) == everything
            assert total(WHAT, by=by, split_by_day=True) == Counter({what: everything[what] for what in WHAT})
    each = {kind: total(COUNTS, by="city", kind=kind) for kind in Kind}
    [hardship] = told(views, drawn=drawn, by="city", kind="hardship")
    for what in COUNTS:
        untold = getattr(hardship, what) is None
        assert everything[what] - sum(counts[what] for counts in each.values()) in ((1, 2) if untold else (0,))


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
    late = Counter(about(column, case | {"city": "city"}) for case in cases.values() if ran_out(case))
    assert +Counter({(row.key, row.community): row.overdue_now for row in rows}) == late
    rows = told(views, by=by, split_by_day=True)
    assert {(row.open_now, row.overdue_now) for row in rows} == {(None, None)}


def ran_out(case: dict[str, Any]) -> bool:
    """Whether its time to handle is over now, and it is not handled."""
    due = case["handle_due_at"]
    return case["stage"] in UNRESOLVED and due is not None and due < NOW


def test_what_is_overdue_now_ran_out_of_time_some_day(views: Views) -> None:
    for row in told(views, by="community"):
        assert (row.overdue or 0) >= (row.overdue_now or 0)


def standing(level: str, territory: str | None) -> list[str]:
    """The places there are, whether anything happened there or not."""
    nodes = [node for node in COUNTED.nodes if node.level == level]
    return [node.id for node in nodes if territory in (None, *(above.id for above in COUNTED.path(node.id)))]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("territory", [None, "street", "grid"])
@pytest.mark.parametrize("kind", [None, "dispute", "hardship"])
def test_the_distribution_is_over_every_place_there_is(
    views: Views, done: list[dict[str, Any]], cases: Cases, level: str, territory: str | None, kind: str | None
) -> None:
    def lies_there(one: dict[str, Any]) -> bool:
        return territory in (None, *(one[level] for level in recomputation.PATH)) and kind in (None, one["kind"])

    had = [about(level, one)[0] or "" for one in done if lies_there(one)]
    in_hand = [case | {"city": "city"} for case in cases.values() if case["open"] and lies_there(case)]
    open_now = Counter(about(level, case)[0] or "" for case in in_hand)
    new = Counter(dict.fromkeys([*standing(level, territory), *had, *open_now], 0))
    for one in done:
        if one["what"] == "reported" and lies_there(one):
            new[about(level, one)[0] or ""] += one["n"]
    open_now.update(dict.fromkeys(new, 0))
    found = figures(views, by=level, territory=territory, kind=kind).distribution
    assert found is not None
    for spread, counts in ((found.reported, new), (found.open_now, open_now)):
        del counts[""]
        withheld = kind == "hardship" and {1, 2} & set(counts.values())
        assert spread == (None if withheld else CountSpread.of([*counts.values()]))


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


def test_rows_about_places_say_how_many_live_and_work_there(views: Views) -> None:
    rows = {row.key: row for row in figures(views, by="grid").rows}
    grid, other = rows["grid"], rows["grid-2"]
    assert (grid.households, grid.officers, other.households, other.officers) == (400, 1, 100, 1)
    assert (grid.per_officer, other.per_officer) == (grid.reported, other.reported)
    assert grid.reported is not None
    assert other.reported is not None
    assert grid.per_1000_households == grid.reported / 0.4
    assert other.per_1000_households == other.reported / 0.1
    [community] = [row for row in figures(views, by="community").rows if row.key]
    assert (community.households, community.unsurveyed, community.officers) == (500, 0, 2)
    assert community.reported is not None
    assert community.per_1000_households == pytest.approx(community.reported / 0.5)
    [street] = figures(views, by="street").rows
    assert (street.households, street.unsurveyed, street.per_1000_households) == (500, 1, None)


def test_ratios_are_spread_over_the_places_that_have_them(views: Views) -> None:
    found = figures(views, by="grid")
    assert found.distribution is not None
    for ratio in ("per_officer", "per_1000_households"):
        spread: Spread = getattr(found.distribution, ratio)
        values = sorted(value for row in found.rows if (value := getattr(row, ratio)) is not None)
        assert (spread.places, spread.min, spread.max) == (2, values[0], values[-1])
    elsewhere = figures(views, by="grid", territory="grid-of-street").distribution
    assert elsewhere is not None
    assert elsewhere.per_officer is None, "nobody works there"


def test_how_many_times_the_median(views: Views) -> None:
    found = figures(views, by="grid")
    assert found.distribution is not None
    assert found.distribution.reported is not None
    median = found.distribution.reported.median
    assert median > 0
    for row in found.rows:
        assert row.times_median == ((row.reported or 0) / median if row.key else None)


@pytest.mark.parametrize(
    "query", [{"by": "officer"}, {"by": "unit"}, {"by": "kind"}, {"by": "grid", "split_by_day": True}]
)
def test_only_places_are_compared_with_each_other(views: Views, query: dict[str, Any]) -> None:
    found = figures(views, **query)
    assert found.distribution is None
    assert {row.times_median for row in found.rows} == {None}
    if query["by"] != "grid":
        assert {row.per_officer for row in found.rows} == {row.households for row in found.rows} == {None}


@pytest.mark.parametrize("seed", range(8))
def test_what_ran_out_of_time_after_any_history_and_any_cut(room: Room, seed: int) -> None:
    files = list(streams(CaseFiles(env=MEMORY_ENV), history(seed)).values())
    expected = Counter[tuple[str | None, str]]()
    for (day, officer, *_), n in recomputation.overdue(files, NOW).items():
        expected[officer or None, day] += n
    with closing(showing.cut(history(seed), Random(seed), room)) as views:
        rows = told(views, by="officer", split_by_day=True)
        assert +Counter({(row.key, str(row.day)): row.overdue for row in rows}) == expected
