"""指标: equal to a recomputation by hand, whatever is asked; every figure opens to the cycles behind it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.territory import Level
from projections.cursor import BadCursor
from projections.engine import Views
from projections.kpi import KpiRow, Sums, figure, kpis
from projections.kpi_cases import KpiCase, KpiCases, KpiCasesQuery, UnknownVersion, kpi_cases
from projections.kpi_definition import OfCycles, Unit
from projections.kpi_definitions import DEFINITIONS, OF_CYCLES, definition, in_force
from projections.kpi_query import CODES, By, KpiQuery
from projections.reading import AsOf, microseconds
from projections.scope import Scope
from tests.histories import clocks_of, history, streams
from tests.projections import counting, showing
from tests.projections.conftest import BIG
from tests.projections.counting import Cycle
from tests.projections.recomputation import Lines
from tests.projections.redrawing import Restless, views_of
from tests.projections.rooms import Room
from tests.projections.test_drawn import BEFORE
from tests.rules.scene import CLOCKS, MORNING, TERRITORY

Wanted = Callable[[Cycle, date], bool]
NOW = MORNING + timedelta(days=25)
"""When people ask: some is due by then, and some is not."""
LATE = MORNING + timedelta(days=800)
"""When all is due."""
SEEDS = range(20)
MIDDLE = date(2026, 3, 10)
ASKED: list[tuple[dict[str, Any], Wanted]] = [
    ({}, lambda cycle, day: True),
    ({"kind": "dispute"}, lambda cycle, day: cycle.kind == "dispute"),
    ({"unit": "unit-lead"}, lambda cycle, day: cycle.unit == "unit-lead"),
    ({"territory": "community"}, lambda cycle, day: cycle.place.community == "community"),
    ({"territory": "grid-2"}, lambda cycle, day: cycle.place.grid == "grid-2"),
    ({"from_day": "2026-03-10"}, lambda cycle, day: day >= MIDDLE),
    ({"to_day": "2026-03-10", "kind": "emergency"}, lambda cycle, day: day <= MIDDLE and cycle.kind == "emergency"),
]


@pytest.fixture(scope="module")
def found(case_files: list[Lines]) -> list[Cycle]:
    return counting.cycles(case_files, clocks_of(BIG["seed"], history(**BIG)))


def at(views: Views, now: datetime = NOW) -> AsOf:
    with views.snapshot() as snapshot:
        position = snapshot.position
    return AsOf(Looking(views, position), now, TERRITORY, CLOCKS)  # type: ignore[arg-type] # reads anew for each question


class Looking:
    """Views that nobody writes to."""

    def __init__(self, views: Views, position: int) -> None:
        self.reading, self.position = views.reading, position


def ask(views: Views, query: dict[str, Any], scope: Scope | None = None, now: datetime = NOW) -> list[KpiRow]:
    """Of what is counted from cycles; what is counted from rolls is asked in `test_kpi_rolls`."""
    return kpis(at(views, now), scope or Scope.all(), KpiQuery.model_validate(query), OF_CYCLES)


Counts = dict[tuple[Any, str], Counter[str]]
"""Key and community of a row → what of each figure stands above and below (`/`) the line, unless it is nothing."""


def told(rows: list[KpiRow]) -> Counts:
    return {
        (row.key or None, row.community or ""): +Counter(
            {one.kpi: one.numerator or 0 for one in row.figures}
            | {f"/{one.kpi}": one.denominator or 0 for one in row.figures}
        )
        for row in rows
    }


def expected(found: list[Cycle], by: str, now: datetime, wanted: Wanted) -> Counts:
    told = {(key or None, place): +sums for (key, place), sums in counting.counted(found, by, now, wanted).items()}
    there = {row: sums for row, sums in told.items() if sums}
    return {(None, ""): Counter[str](), **there} if by == "all" else there


def as_told(rows: list[KpiRow], counts: Counts) -> Counts:
    """What of these counts is left when what the rows withhold is not told."""
    hidden = {
        (row.key or None, row.community or ""): {one.kpi for one in row.figures if one.suppressed} for row in rows
    }
    return {
        key: Counter({name: n for name, n in sums.items() if name.removeprefix("/") not in hidden.get(key, ())})
        for key, sums in counts.items()
    }


@pytest.mark.parametrize("by", get_args(By))
@pytest.mark.parametrize(("asked", "wanted"), ASKED, ids=lambda value: str(value) if isinstance(value, dict) else "")
def test_figures_are_what_the_case_files_say(
    views: Views, found: list[Cycle], by: str, asked: dict[str, Any], wanted: Wanted
) -> None:
    for now in (NOW, LATE):
        rows = ask(views, {**asked, "by": by}, now=now)
        assert told(rows) == as_told(rows, expected(found, by, now, wanted))


def cycles_of(seed: int) -> list[Cycle]:
    files = streams(CaseFiles(env=MEMORY_ENV), history(seed)).values()
    return counting.cycles(files, clocks_of(seed, history(seed)))


@pytest.mark.parametrize("seed", SEEDS)
def test_figures_hold_whatever_the_pages_were(room: Room, seed: int) -> None:
    cycles = cycles_of(seed)
    with closing(showing.cut(history(seed), Random(seed), room)) as views:
        for by in ("grid", "kind", "week"):
            rows = ask(views, {"by": by}, now=LATE)
            assert told(rows) == as_told(rows, expected(cycles, by, LATE, lambda cycle, day: True))


def test_the_histories_have_something_of_every_figure() -> None:
    """Else equality would hold for want of trying."""
    cycles = [cycle for seed in SEEDS for cycle in cycles_of(seed)]
    [whole] = expected(cycles, "all", LATE, lambda cycle, day: True).values()
    assert {name.removeprefix("/") for name in whole} == {one.code for one in OF_CYCLES}
    assert all(0 < whole[one.code] < whole[f"/{one.code}"] for one in OF_CYCLES if one.unit is Unit.RATE)
    assert whole["/closed_on_time"] < whole["/closed"], "some timeouts were exempted"


@pytest.mark.parametrize("by", get_args(By))
def test_rates_lie_between_none_and_all_and_the_parts_add_up(views: Views, by: str) -> None:
    rows = ask(views, {"by": by})
    for one in (one for row in rows for one in row.figures):
        assert one.version == 1
        if one.kpi != "hops":
            assert 0 <= (one.numerator or 0) <= (one.denominator or 0)
            assert one.value is None or 0 <= one.value <= 1
    if not any(one.suppressed for row in rows for one in row.figures):
        parts: Counter[str] = sum(told(rows).values(), Counter())
        assert parts == sum(told(ask(views, {})).values(), Counter())


@pytest.mark.parametrize(("by", "asked"), [("kind", {}), ("grid", {"kind": "hardship"}), ("day", {"kind": "hardship"})])
def test_of_few_hardships_no_figure_is_told(views: Views, found: list[Cycle], by: str, asked: dict[str, str]) -> None:
    wanted: Wanted = lambda cycle, day: cycle.kind == asked.get("kind", cycle.kind)  # noqa: E731 - as in `ASKED`
    of_case = [
        expected([cycle for cycle in found if cycle.case == case], by, NOW, wanted)
        for case in {cycle.case for cycle in found}
    ]
    withheld = 0
    for row in ask(views, {"by": by, **asked}):
        for one in row.figures:
            key = row.key or None, row.community or ""
            cases = sum(key in counts and counts[key][f"/{one.kpi}"] > 0 for counts in of_case)
            few = "hardship" in (row.key, asked.get("kind")) and 0 < cases < 3
            assert one.suppressed or not few
            assert (one.denominator is None) is one.suppressed is (one.shown is None and one.numerator is None)
            withheld += few
        assert row.suppressed is any(one.suppressed for one in row.figures)
    assert withheld, "else nothing was tried"


def test_of_other_kinds_every_figure_is_told(views: Views) -> None:
    for by in ("grid", "day", "unit"):
        for asked in ({}, {"kind": "dispute"}):
            assert not any(one.suppressed for row in ask(views, {"by": by, **asked}) for one in row.figures)


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        (Scope.of("grid-2", Level.GRID), lambda cycle, day: cycle.place.grid == "grid-2"),
        (Scope.of("community", Level.COMMUNITY), lambda cycle, day: cycle.place.community == "community"),
        (Scope.of("elsewhere", Level.STREET), lambda cycle, day: False),
    ],
)
def test_nobody_is_told_of_what_lies_beyond_their_scope(
    views: Views, found: list[Cycle], scope: Scope, wanted: Wanted
) -> None:
    assert told(ask(views, {"by": "grid"}, scope)) == expected(found, "grid", NOW, wanted)


def pages(views: Views, query: dict[str, Any], now: datetime = NOW) -> Iterator[KpiCases]:
    asked = KpiCasesQuery.model_validate(query)
    while True:
        page = kpi_cases(at(views, now), Scope.all(), asked)
        yield page
        if page.next is None:
            return
        asked, now = asked.model_copy(update={"cursor": page.next}), now + timedelta(days=1)


def listed(views: Views, query: dict[str, Any]) -> list[KpiCase]:
    return [one for page in pages(views, {**query, "limit": 7}) for one in page.items]


@pytest.mark.parametrize("code", [one.code for one in OF_CYCLES])
@pytest.mark.parametrize(
    ("asked", "wanted"), ASKED[:4], ids=lambda value: str(value) if isinstance(value, dict) else ""
)
def test_every_figure_opens_to_its_cycles(views: Views, code: str, asked: dict[str, Any], wanted: Wanted) -> None:
    [one] = [one for row in ask(views, asked) for one in row.figures if one.kpi == code]
    below = listed(views, {**asked, "kpi": code})
    above = listed(views, {**asked, "kpi": code, "part": "numerator"})
    missed = listed(views, {**asked, "kpi": code, "part": "missed"})
    assert (sum(case.numerator for case in below), sum(case.denominator for case in below)) == (
        one.numerator,
        one.denominator,
    )
    assert sum(case.numerator for case in above) == one.numerator
    keys = [(case.incident_id, case.cycle) for case in below]
    assert len(set(keys)) == len(keys), "no cycle is told twice, however long one reads"
    assert {(case.incident_id, case.cycle) for case in missed} == {
        (case.incident_id, case.cycle) for case in below if case.numerator < case.denominator
    }
    [first, *_] = pages(views, {**asked, "kpi": code, "limit": 3})
    assert (first.count, first.numerator, first.denominator) == (len(below), one.numerator, one.denominator)


def test_the_list_of_what_has_no_key_is_what_the_row_without_one_counts(views: Views) -> None:
    rows = ask(views, {"by": "estate", "kpi": "closed"})
    nowhere = [row for row in rows if row.key is None]
    assert nowhere
    for row in nowhere:
        place = {"territory": row.community} if row.community else {}
        cases = listed(views, {"kpi": "closed", "without": "estate", **place})
        cases = [case for case in cases if (case.place.community or None) == row.community]
        assert len(cases) == row.figures[0].denominator
    [units] = [row for row in ask(views, {"by": "unit", "kpi": "closed"}) if row.key is None]
    assert len(listed(views, {"kpi": "closed", "without": "unit"})) == units.figures[0].denominator


def test_a_cursor_serves_its_own_list_only(views: Views) -> None:
    [first, *_] = pages(views, {"kpi": "closed", "limit": 3})
    with pytest.raises(BadCursor):
        next(pages(views, {"kpi": "reworked", "limit": 3, "cursor": first.next}))


def test_a_version_nobody_defined_is_refused(views: Views) -> None:
    with pytest.raises(UnknownVersion, match="第9版"):
        next(pages(views, {"kpi": "closed", "version": 9}))


def test_the_published_table() -> None:
    """应结案 972, 结案 911, 按期 737: 93.72 % and 75.82 % (domain.md §5)."""
    closed, on_time = definition("closed", 1, OF_CYCLES), definition("closed_on_time", 1, OF_CYCLES)
    assert closed
    assert on_time
    assert figure(closed, Sums(911, 972)).shown == "93.72%"
    assert figure(on_time, Sums(737, 972)).shown == "75.82%"


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_figure_is_rounded_as_people_round(above: int, more: int) -> None:
    rate = definition("closed", 1, OF_CYCLES)
    assert rate
    shown = figure(rate, Sums(above, above + more)).shown
    if above + more == 0:
        assert shown is None, "nothing divided by nothing is not a hundred per cent"
        return
    hundredths, left = divmod(10_000 * above, above + more)
    hundredths += 2 * left >= above + more
    assert shown == f"{hundredths // 100}.{hundredths % 100:02d}%"


@pytest.mark.parametrize("one", OF_CYCLES, ids=lambda one: one.code)
def test_the_sql_that_is_shown_is_the_sum_that_is_told(views: Views, one: OfCycles) -> None:
    for now in (NOW, LATE):
        days = {"from_day": "2026-03-03", "to_day": "2026-03-15"}
        [told] = [found for row in ask(views, days, now=now) for found in row.figures if found.kpi == one.code]
        with views.reading() as transaction:
            [summed] = transaction.execute(one.sql, (*days.values(), microseconds(now)))
        assert tuple(summed) == (told.numerator, told.denominator)


def test_every_definition_is_said_in_words_and_is_one_of_a_kind() -> None:
    versions = [(one.code, one.version) for one in DEFINITIONS]
    assert len(set(versions)) == len(versions)
    labels = [one.label for one in in_force(date.max, DEFINITIONS)]
    assert len(set(labels)) == len(labels) == len(CODES)
    for one in DEFINITIONS:
        for words in (one.label, one.numerator, one.denominator, one.exclusions, one.source):
            assert re.search(r"[\u4e00-\u9fff]", words)
        assert one.formula == f"{one.label} = {one.numerator} ÷ {one.denominator}"


def test_a_new_version_judges_what_ends_after_it(sqlite_views: Views) -> None:
    old = definition("closed", 1, OF_CYCLES)
    assert old
    new = replace(old, version=2, valid_from=date(2026, 3, 20), met="handled_at > 0", numerator="其中已经办结的轮次")
    both = (*DEFINITIONS, new)

    def asked(**query: Any) -> tuple[int, int | None]:
        [row] = kpis(at(sqlite_views), Scope.all(), KpiQuery.model_validate({"kpi": "closed", **query}), both)
        return row.figures[0].version, row.figures[0].numerator

    assert asked(to_day="2026-03-19")[0] == 1
    assert asked(to_day="2026-03-20")[0] == 2
    assert asked()[0] == 2
    assert (asked()[1] or 0) > told(ask(sqlite_views, {}))[None, ""]["closed"]


@pytest.mark.parametrize("seed", range(6))
def test_drawn_now_each_cycle_is_where_its_place_is_now(room: Room, seed: int) -> None:
    town = Restless(Random(seed))
    with closing(views_of(room, BEFORE, town.live)) as views:
        cycles = counting.cycles(town.files, CLOCKS)
        redrawn = [replace(cycle, place=town.territory.redrawn(cycle.place)) for cycle in cycles]
        moment = replace(at(views, LATE), territory=town.territory)
        for by in ("building", "grid", "estate", "street"):
            for drawn, there in (("then", cycles), ("now", redrawn)):
                rows = kpis(moment, Scope.all(), KpiQuery.model_validate({"by": by, "drawn": drawn}))
                assert told(rows) == expected(there, by, LATE, lambda cycle, day: True)
