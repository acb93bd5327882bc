"""月报: each of its rows is what the views answer to the same question; places in the order of the tree, no person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from domain.incident.words import Stretch
from domain.territory import Level, Node, Territory
from projections.drawn import RollUpRow
from projections.engine import Views
from projections.kpi import KpiRow, kpis
from projections.kpi_definitions import OF_CYCLES
from projections.kpi_query import KpiQuery
from projections.monthly import BELOW, MonthlyQuery, MonthlySheet, NoSheet, monthly, months_before
from projections.reading import AsOf
from projections.response_time import ResponseTimeQuery, response_times
from projections.scope import Scope
from projections.workload import WorkloadFigures, WorkloadQuery, workload
from projections.workload_counts import COUNTS
from tests.rules.scene import CLOCKS, MORNING, TERRITORY

NOW = MORNING + timedelta(days=100)
PLACES = [node.id for node in TERRITORY.nodes]
MONTHS = {"2026-03": ("2026-03-01", "2026-03-31"), "2026-04": ("2026-04-01", "2026-04-30")}
ASKED = [(place, month) for place in PLACES for month in MONTHS]


def told(views: Views, place: str, month: str, scope: Scope | None = None, now: datetime = NOW) -> MonthlySheet:
    with views.snapshot() as snapshot:
        at = AsOf(snapshot, now, TERRITORY, CLOCKS)
        return monthly(at, scope or Scope.all(), MonthlyQuery(territory=place, month=month))


def asked(place: str, month: str, **more: Any) -> dict[str, Any]:
    from_day, to_day = MONTHS[month]
    return {"territory": place, "from_day": from_day, "to_day": to_day, **more}


def by_key(rows: Iterable[RollUpRow]) -> dict[Any, RollUpRow]:
    return {(row.key, row.community): row for row in rows}


@pytest.mark.parametrize(("place", "month"), ASKED)
def test_every_row_is_what_the_views_answer(views: Views, place: str, month: str) -> None:
    sheet = told(views, place, month)
    own, below = sheet.rows[0], sheet.rows[1:]
    with views.snapshot() as snapshot:
        at = AsOf(snapshot, NOW, TERRITORY, CLOCKS)

        def figures(**more: Any) -> list[KpiRow]:
            return kpis(at, Scope.all(), KpiQuery.model_validate(asked(place, month, **more)))

        def work(**more: Any) -> WorkloadFigures:
            query = WorkloadQuery.model_validate(asked(place, month, **more))
            return workload(snapshot, Scope.all(), query, TERRITORY, NOW)

        def times(**more: str) -> dict[Any, RollUpRow]:
            query = ResponseTimeQuery.model_validate(asked(place, month, **more, exact=True))
            return by_key(response_times(snapshot, Scope.all(), query, TERRITORY))

        assert [own.kpis] == figures()
        assert own.workload == next(iter(work(by=own.place.level).rows), None)
        assert own.response_times == {stage: times(stage=stage).get((None, None)) for stage in Stretch}
        assert list(sheet.kpis_by_kind) == figures(by="kind", kpi=[one.code for one in OF_CYCLES])
        assert sheet.workload_by_kind == work(by="kind").rows
        assert sheet.days == work(by=own.place.level, split_by_day=True).rows
        if sheet.grids:
            assert sheet.distribution == work(by="grid").distribution
        level = BELOW.get(own.place.level)
        assert (sheet.below, bool(below)) == (level, level is not None)
        if level is None:
            return
        rows = {(row.place.key, row.place.community): row for row in below}
        assert len(rows) == len(below)
        assert {about: row.kpis for about, row in rows.items() if row.kpis} == by_key(figures(by=level))
        assert {about: row.workload for about, row in rows.items() if row.workload} == by_key(work(by=level).rows)
        for stage in Stretch:
            found = {about: row.response_times[stage] for about, row in rows.items() if row.response_times[stage]}
            assert found == times(by=level, stage=stage)


@pytest.mark.parametrize(("place", "month"), ASKED)
def test_the_rows_below_add_up_to_the_place_itself(views: Views, place: str, month: str) -> None:
    own, *below = told(views, place, month).rows
    if not below:
        return
    parts, whole = Counter[str](), Counter[str]()
    untold = {one.kpi for row in (own, *below) if row.kpis for one in row.kpis.figures if one.suppressed}
    for counted, rows in ((whole, [own]), (parts, below)):
        for row in rows:
            for one in (one for one in (row.kpis.figures if row.kpis else ()) if one.kpi not in untold):
                counted.update({f"{one.kpi}/": one.numerator, f"/{one.kpi}": one.denominator})
            counted.update({name: getattr(row.workload, name) for name in COUNTS if row.workload})
            counted.update({stage: found.n for stage, found in row.response_times.items() if found})
    assert +parts == +whole


def test_there_is_something_to_tell(views: Views) -> None:
    """Else equality would hold for want of trying."""
    sheet = told(views, "community", "2026-03")
    assert all(found for found in sheet.rows[0].response_times.values())
    assert {row.place.name for row in sheet.rows if row.kpis and row.workload} > {"community", "grid", "grid-2"}
    assert [row.place.key for row in sheet.rows] == ["community", "grid", "grid-2", "grid-joined", None]
    assert sheet.rows[-1].place.name == "网格不明"
    assert told(views, "community", "2026-04").rows[0].workload


def test_every_place_that_stands_has_a_row_in_the_order_of_the_tree(views: Views) -> None:
    """Whether anything happened there or not, and whatever did."""
    order = [node.id for node in TERRITORY.nodes]
    for place, month in ASKED:
        sheet = told(views, place, month)
        keys = [row.place.key for row in sheet.rows[1:] if row.place.key in order]
        assert keys == sorted(keys, key=order.index)
        under = [node.id for node in TERRITORY.nodes if node.level is sheet.below]
        assert {id for id in under if place in {above.id for above in TERRITORY.path(id)}} == set(keys)


def test_a_grid_where_nothing_happened_is_told_as_well(views: Views) -> None:
    grid = Node(id="grid-calm", level=Level.GRID, name="无事网格", parent="community")
    territory = Territory(nodes=(grid, *TERRITORY.nodes))
    with views.snapshot() as snapshot:
        at = AsOf(snapshot, NOW, territory, CLOCKS)
        sheet = monthly(at, Scope.all(), MonthlyQuery(territory="community", month="2026-03"))
    [calm] = [row for row in sheet.rows if row.place.key == "grid-calm"]
    assert (calm.workload, calm.kpis, set(calm.response_times.values())) == (None, None, {None})
    assert ("无事网格", None) in [(one.place.name, one.workload) for one in sheet.grids]


def test_of_people_there_is_nothing(views: Views) -> None:
    for place, month in ASKED:
        text = told(views, place, month).model_dump_json()
        assert [member.id for member in TERRITORY.staff if f'"{member.id}"' in text or f'"{member.name}"' in text] == []
        assert '"officer"' not in text


def test_nobody_is_told_of_what_lies_beyond_their_scope(views: Views) -> None:
    sheet = told(views, "community", "2026-03", Scope.of("grid-2", Level.GRID))
    [own], [theirs] = (one.rows[:1] for one in (sheet, told(views, "grid-2", "2026-03")))
    counts = [[getattr(row.workload, name) for name in COUNTS] for row in (own, theirs)]
    assert counts[0] == counts[1]
    assert [row.place.key for row in sheet.rows[1:] if row.workload] == ["grid-2"]


def test_a_month_that_has_not_begun_is_refused_and_one_that_has_is_told_as_unfinished(views: Views) -> None:
    with pytest.raises(NoSheet, match="还没有到这个月"):
        told(views, "grid", "2026-04", now=MORNING)
    assert not told(views, "grid", "2026-03", now=MORNING).complete
    assert told(views, "grid", "2026-03").complete


def test_the_trend_is_that_of_the_twelve_months_to_this_one(views: Views) -> None:
    sheet = told(views, "district", "2026-04")
    assert [row.key for row in sheet.months][-2:] == ["2026-03", "2026-04"]
    assert {row.figures[0].kpi for row in sheet.months} == {"handled_on_time"}
    last = [one for one in sheet.rows[0].kpis.figures if one.kpi == "handled_on_time"]  # type: ignore[union-attr]
    assert list(sheet.months[-1].figures) == last


@pytest.mark.parametrize(
    ("first", "months", "before"),
    [("2026-03-01", 0, "2026-03-01"), ("2026-03-01", 11, "2025-04-01"), ("2026-12-01", -1, "2027-01-01")],
)
def test_months_before(first: str, months: int, before: str) -> None:
    assert months_before(date.fromisoformat(first), months) == date.fromisoformat(before)
