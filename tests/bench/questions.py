"""What people ask the views of a district: as our query functions answer it, and as the least SQL that says the same.

Whoever asks for a community's figures is its secretary, whoever asks for the district's is the district's desk; what
is broken down by, and which month and community it is about, is drawn for each question anew. The SQL by hand knows no
drawing: it asks for places as they were stored, also where ours asks for them as drawn now.
"""

# ruff: noqa: S608 - statements are put together from our own words; every value is bound

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any, NamedTuple, get_args

from domain.territory import Level
from projections.cycles import DAYS, Cycles
from projections.docket import Docket, DocketQuery, docket
from projections.kpi import kpis
from projections.kpi_cases import KpiCasesQuery, kpi_cases
from projections.kpi_definition import BASE
from projections.kpi_definitions import OF_CYCLES, in_force
from projections.kpi_query import By, KpiQuery
from projections.reading import AsOf, microseconds
from projections.response_time import ResponseTime, ResponseTimeQuery, response_times
from projections.scope import Scope
from projections.workload import WORK, Workload, WorkloadQuery, workload
from tests.bench.district import COMMUNITIES

Statement = tuple[str, tuple[object, ...]]
KEYS = {"all": "'all'", "unit": '"lead"', "week": "substr({day}, 1, 7)", "month": "substr({day}, 1, 7)", "day": "{day}"}
HANDLED = """
    count(*), count(*) FILTER (WHERE exempted = 0), count(*) FILTER (WHERE closed_at > 0),
    count(*) FILTER (WHERE exempted = 0 AND handled_at > 0 AND handled_at <= handle_due_at),
    count(*) FILTER (WHERE exempted = 0 AND handled_at > 0 AND handled_at <= handle_due_at AND closed_at > 0
        AND checked_at > 0 AND (check_due_at = 0 OR checked_at <= check_due_at)),
    sum(reworked), sum(extended), sum(dispatched), count(*) FILTER (WHERE dispatched = 1 AND hops > 0),
    sum(hops) FILTER (WHERE dispatched = 1)"""
ATTENDED = """
    count(*), count(*) FILTER (WHERE arrived_at > 0),
    count(*) FILTER (WHERE arrived_at > 0 AND arrived_at <= arrive_due_at)"""
HEARD = "sum(asked), sum(satisfied), sum(unsatisfied), sum(responded), sum(unresponded), sum(solved), sum(unsolved)"
FIGURES = {
    "handle_due_on": (HANDLED, "(ended_at = 0 OR ended_at > handle_due_at)"),
    "arrive_due_on": (ATTENDED, "(ended_at = 0 OR ended_at > arrive_due_at OR arrived_at > 0)"),
    "handled_on": (HEARD, "asked > 0"),
}


class Period(NamedTuple):
    """From the first day to the last, and the moment of asking, in microseconds."""

    first: date
    last: date
    now: int

    @property
    def days(self) -> dict[str, Any]:
        return {"from_day": self.first, "to_day": self.last}

    @property
    def values(self) -> tuple[object, ...]:
        return self.first.isoformat(), self.last.isoformat()


@dataclass(frozen=True, slots=True)
class Question:
    """One question: `ours` answers it, the statements `by_hand` would as well."""

    ours: Callable[[AsOf], object]
    by_hand: Sequence[Statement]


class Reader(NamedTuple):
    """Who asks, and where: a level and a node of it."""

    level: Level
    node: str

    @classmethod
    def secretary(cls, rnd: Random) -> Reader:
        return cls(Level.COMMUNITY, f"community-{rnd.randrange(COMMUNITIES):02d}")

    @classmethod
    def desk(cls, rnd: Random) -> Reader:
        return cls(Level.DISTRICT, "district")

    @property
    def scope(self) -> Scope:
        return Scope.of(self.node, self.level)


Asking = Callable[[Random, Reader, Period], Question]


def figures(drawn: str) -> Asking:
    """All KPIs, by any level, unit, kind or stretch of time."""

    def ask(rnd: Random, reader: Reader, period: Period) -> Question:
        by = rnd.choice(get_args(By))
        query = KpiQuery.model_validate({"by": by, "drawn": drawn, **period.days})
        return Question(
            lambda at: kpis(at, reader.scope, query),
            [
                (
                    f"""SELECT {KEYS.get(by, by).format(day=day) if by != "city" else "'city'"}, {sums}
                        FROM "{Cycles.name}" WHERE {BASE} AND {counts} AND {reader.level.value} = ?
                        AND {day} >= ? AND {day} <= ? AND {DAYS[day]} < ? GROUP BY 1""",
                    (reader.node, *period.values, period.now),
                )
                for day, (sums, counts) in FIGURES.items()
            ],
        )

    return ask


def behind_a_figure(drawn: str) -> Asking:
    """The first page of the cases behind one of them, and how many there are."""

    def ask(rnd: Random, reader: Reader, period: Period) -> Question:
        one = rnd.choice(in_force(period.last, OF_CYCLES))
        query = KpiCasesQuery.model_validate({"kpi": one.code, "drawn": drawn, **period.days})
        values = (reader.node, *period.values, period.now)
        where = f"""{BASE} AND {one.counts} AND {reader.level.value} = ?
            AND {one.day} >= ? AND {one.day} <= ? AND {DAYS[one.day]} < ?"""
        listed = f"""SELECT *, (SELECT number FROM "{Docket.name}" AS docket WHERE docket.id = cycles.id)
            FROM "{Cycles.name}" AS cycles WHERE {where} ORDER BY {one.day}, {DAYS[one.day]} LIMIT 51"""
        count = f'SELECT count(*), sum({one.hit}) FILTER (WHERE {one.met}), sum({one.of}) FROM "{Cycles.name}"'
        return Question(
            lambda at: kpi_cases(at, reader.scope, query), [(f"{count} WHERE {where}", values), (listed, values)]
        )

    return ask


def docket_page(rnd: Random, reader: Reader, period: Period) -> Question:
    """The newest cases, and how many there are."""
    return Question(
        lambda at: docket(at.views, reader.scope, DocketQuery(), at.now),
        [
            (f'SELECT sum(n) FROM "{Docket.name} counted" WHERE {reader.level.value} = ?', (reader.node,)),
            (
                f"""SELECT * FROM "{Docket.name}" WHERE {reader.level.value} = ?
                    ORDER BY reported_at DESC, opened DESC LIMIT 51""",
                (reader.node,),
            ),
        ],
    )


def work(drawn: str) -> Asking:
    """The workload, by level, officer or unit."""

    def ask(rnd: Random, reader: Reader, period: Period) -> Question:
        by = rnd.choice(("grid", "estate", "building", "community", "street", "officer", "unit"))
        query = WorkloadQuery.model_validate({"by": by, "drawn": drawn, **period.days})
        sums = ", ".join(f"sum({what})" for what in WORK)
        done = f"""SELECT {by}, {sums} FROM "{Workload.name}"
            WHERE {reader.level.value} = ? AND day >= ? AND day <= ? GROUP BY 1"""
        key = '"lead"' if by == "unit" else by
        in_hand = f'SELECT {key}, count(*) FROM "{Docket.name}" WHERE {reader.level.value} = ? AND open = 1 GROUP BY 1'
        return Question(
            lambda at: workload(at.views, reader.scope, query, at.territory, at.now),
            [(done, (reader.node, *period.values)), (in_hand, (reader.node,))],
        )

    return ask


def took(drawn: str) -> Asking:
    """Response times, by level, kind or stretch of time."""

    def ask(rnd: Random, reader: Reader, period: Period) -> Question:
        by = rnd.choice(("all", "kind", "grid", "community", "street", "day", "month"))
        query = ResponseTimeQuery.model_validate({"by": by, "drawn": drawn, **period.days})
        counts = f"""SELECT {KEYS.get(by, by).format(day="day")}, gross, net, worked, worked_net, sum(counted)
            FROM "{ResponseTime.name}" WHERE stretch = ? AND {reader.level.value} = ? AND day >= ? AND day <= ?
            GROUP BY 1, 2, 3, 4, 5"""
        return Question(
            lambda at: response_times(at.views, reader.scope, query, at.territory),
            [(counts, (query.stage, reader.node, *period.values))],
        )

    return ask


ASKED = {"KPIs": figures, "cases behind a KPI": behind_a_figure, "workload": work, "response times": took}


@dataclass(frozen=True, slots=True)
class Kind:
    """Questions of one kind; cases in other months do not matter to it, unless it is about the `year`."""

    what: str
    ask: Asking
    reader: Callable[[Random], Reader]
    year: bool = False


def kinds() -> Iterator[Kind]:
    """Every kind of question, of a community and of the whole district."""
    yield Kind("docket, newest first: a community", docket_page, Reader.secretary)
    yield Kind("docket, newest first: the district", docket_page, Reader.desk)
    for what, ask in ASKED.items():
        for drawn in ("then", "now"):
            yield Kind(f"{what} of a community's month, as drawn {drawn}", ask(drawn), Reader.secretary)
            yield Kind(f"{what} of the district's month, as drawn {drawn}", ask(drawn), Reader.desk)
        yield Kind(f"{what} of the district's year, as drawn then", ask("then"), Reader.desk, year=True)


def end_of(month: int, year: int = 2026) -> tuple[date, date]:
    """The first day of a month and the last."""
    first, following = date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
    return first, date.fromordinal(following.toordinal() - 1)


def asked(kind: Kind, rnd: Random, at: AsOf, months: Sequence[int]) -> Question:
    """One question of a kind about one of these months, or the year."""
    first, last = (date(2026, 1, 1), date(2026, 12, 31)) if kind.year else end_of(rnd.choice(months))
    return kind.ask(rnd, kind.reader(rnd), Period(first, last, microseconds(at.now)))
