"""必访完成率、年走访覆盖率、双报到参与率: after any years of visits, what is told is what a slow recount finds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from domain.clocks import SHANGHAI
from domain.territory import Level
from projections.cursor import BadCursor
from projections.engine import Views
from projections.kpi import KpiRow, kpis
from projections.kpi_cases import UnknownVersion
from projections.kpi_definition import OfRolls
from projections.kpi_definitions import OF_ROLLS
from projections.kpi_owed import CODES, Owed, OwedQuery, kpi_owed
from projections.kpi_query import KpiQuery
from projections.reading import AsOf, Snapshot
from projections.scope import Scope
from tests.projections import showing
from tests.projections.rooms import Room
from tests.rolls.recount import Due, due
from tests.rolls.walk import lines_of, years
from tests.rules.scene import CLOCKS, TERRITORY

SEEDS = range(2)
LATE = datetime(2029, 1, 10, 9, tzinfo=SHANGHAI)
"""When all that was ever owed is over."""
MIDST = datetime(2027, 7, 1, 0, 30, tzinfo=SHANGHAI)
Key = tuple[str, str]
Of: dict[str, Callable[[Due], str]] = {
    "all": lambda one: "",
    "grid": lambda one: one.place.grid or "",
    "community": lambda one: one.place.community or "",
    "month": lambda one: f"{one.last:%Y-%m}",
    "day": lambda one: one.last.isoformat(),
    "week": lambda one: (one.last - timedelta(days=one.last.weekday())).isoformat(),
}


@pytest.fixture(params=SEEDS)
def seed(request: pytest.FixtureRequest) -> int:
    seed: int = request.param
    return seed


@pytest.fixture
def views(room: Room, seed: int) -> Iterator[Views]:
    with closing(showing.cut(years(seed), Random(seed), room)) as views:
        yield views


def ask(views: Views, now: datetime, scope: Scope | None = None, **query: Any) -> list[KpiRow]:
    with views.reading() as transaction:
        at = AsOf(Snapshot(transaction, 0), now, TERRITORY, CLOCKS)
        return kpis(at, scope or Scope.all(), KpiQuery.model_validate({"kpi": CODES, **query}))


def told(rows: list[KpiRow]) -> Counter[tuple[str, str]]:
    """What stands above the line (code) and below it (/code), by key; what is withheld is left out."""
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for one in row.figures:
            found[row.key or "", one.kpi] += one.numerator or 0
            found[row.key or "", f"/{one.kpi}"] += one.denominator or 0
    return +found


def counted(seed: int, by: str, now: datetime) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for code in CODES:
        for one in due(code, lines_of(years(seed)), now.date()):
            found[Of[by](one), code] += one.done
            found[Of[by](one), f"/{code}"] += 1
    return +found


def households(seed: int, by: str, now: datetime) -> dict[str, set[str]]:
    """Those to be visited every month, by key."""
    found = defaultdict[str, set[str]](set)
    for one in due("must_visited", lines_of(years(seed)), now.date()):
        found[Of[by](one)].add(one.entry)
    return found


@pytest.mark.parametrize("now", [MIDST, LATE], ids=["midst", "late"])
def test_figures_are_what_a_recount_finds(views: Views, seed: int, now: datetime) -> None:
    for by in Of:
        rows = ask(views, now, by=by)
        hidden = {(row.key or "", one.kpi) for row in rows for one in row.figures if one.suppressed}
        expected = counted(seed, by, now)
        assert told(rows) == Counter(
            {key: n for key, n in expected.items() if (key[0], key[1].removeprefix("/")) not in hidden}
        )
        assert all(key[1] == "must_visited" for key in hidden)
        few = {key for key, those in households(seed, by, now).items() if len(those) < 3}
        assert few <= {key for key, _ in hidden}, "too few to be told"


def test_live_is_rebuilt(views: Views, seed: int) -> None:
    before = showing.shown(views)
    assert before["obligations.v1"]
    assert before["fulfilled.v1"]
    report = views.rebuild()
    assert {"obligations.v1", "fulfilled.v1"} <= set(report.equal)
    assert showing.shown(views) == before
    with closing(showing.whole(years(seed))) as whole:
        assert showing.shown(whole) == before


def test_there_is_something_of_every_figure() -> None:
    """Else equality would hold for want of trying."""
    whole: Counter[tuple[str, str]] = sum((counted(seed, "all", LATE) for seed in SEEDS), Counter())
    assert all(0 < whole["", code] < whole["", f"/{code}"] for code in CODES)


def pages(views: Views, now: datetime = LATE, **query: Any) -> list[Owed]:
    asked, found = OwedQuery.model_validate({"limit": 7, **query}), list[Owed]()
    while True:
        with views.reading() as transaction:
            page = kpi_owed(AsOf(Snapshot(transaction, 0), now, TERRITORY, CLOCKS), Scope.all(), asked)
        found += page.items
        if page.next is None:
            assert query.get("part") or page.count == len(found)
            return found
        asked, now = asked.model_copy(update={"cursor": page.next}), now + timedelta(days=40)


@pytest.mark.parametrize("code", CODES)
def test_every_figure_opens_to_what_is_behind_it(views: Views, code: str) -> None:
    [row] = ask(views, LATE)
    [one] = [figure for figure in row.figures if figure.kpi == code]
    below, above, missed = (pages(views, kpi=code, part=part) for part in ("denominator", "numerator", "missed"))
    assert (len(above), len(below)) == (one.numerator, one.denominator)
    assert sorted(above + missed, key=repr) == sorted(below, key=repr)
    assert all(item.times for item in above)
    assert not any(item.times for item in missed)
    assert len({(item.entry, item.since, item.to_day) for item in below}) == len(below)


@pytest.mark.parametrize("one", OF_ROLLS, ids=lambda one: one.code)
def test_the_sql_that_is_shown_is_the_sum_that_is_told(views: Views, one: OfRolls) -> None:
    first, last = {
        1: (date(2026, 5, 1), date(2026, 5, 31)),
        6: (date(2027, 1, 1), date(2027, 6, 30)),
        12: (date(2027, 1, 1), date(2027, 12, 31)),
    }[one.months]
    [row] = ask(views, LATE, from_day=first, to_day=last)
    [figure] = [figure for figure in row.figures if figure.kpi == one.code]
    with views.reading() as transaction:
        [summed] = transaction.execute(one.sql, (first.isoformat(), last.isoformat()))
    assert figure.suppressed or tuple(summed) == (figure.numerator, figure.denominator)


def test_what_runs_now_is_listed_when_asked_for(views: Views) -> None:
    now = MIDST - timedelta(days=10)
    over = pages(views, now, kpi="must_visited")
    whole = pages(views, now, kpi="must_visited", running="true")
    running = [one for one in whole if one not in over]
    assert running
    assert {(one.from_day, one.to_day) for one in running} == {(date(2027, 6, 1), date(2027, 6, 30))}


def test_nothing_is_owed_in_a_year_to_come(views: Views) -> None:
    for day in ("2030-01-01", "9999-12-31"):
        [row] = ask(views, LATE, from_day=day)
        assert {one.denominator for one in row.figures} == {0}
        assert pages(views, kpi="covered", from_day=day, running="true") == []


def test_cases_alone_have_unit_and_kind(views: Views) -> None:
    queries: list[dict[str, Any]] = [{"by": "kind"}, {"by": "unit"}, {"kind": "dispute"}, {"unit": "unit-lead"}]
    for query in queries:
        assert not told(ask(views, LATE, **query))
    for narrowed in (*queries[2:], {"without": "unit"}):
        assert pages(views, kpi="covered", **narrowed) == []


def test_nobody_is_told_of_what_lies_beyond_their_scope(views: Views, seed: int) -> None:
    rows = ask(views, LATE, Scope.of("grid-2", Level.GRID), by="grid")
    assert {row.key for row in rows} <= {"grid-2"}
    assert pages(views, kpi="covered", territory="grid-2") == [
        one for one in pages(views, kpi="covered") if one.place.grid == "grid-2"
    ]
    assert ask(views, LATE, Scope.of("elsewhere", Level.STREET))[0].figures[0].denominator == 0


def test_a_version_nobody_defined_and_another_lists_cursor_are_refused(views: Views) -> None:
    with pytest.raises(UnknownVersion, match="第9版"):
        pages(views, kpi="covered", version=9)
    with pytest.raises(BadCursor):
        pages(views, kpi="covered", cursor="bm90LW91cnM")
