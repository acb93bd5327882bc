"""台账 of a million cases: whatever is asked, no page and no count reads it whole, or sorts what has no bound."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from domain.territory import Level
from projections.cursor import Cursor
from projections.database import Database, Dialect, Rows, Transaction
from projections.docket import Docket, DocketQuery, Sort, docket
from projections.reading import microseconds
from projections.scope import Scope
from projections.sqlite import SQLiteDatabase, SQLiteTransaction
from tests.bench.district import district
from tests.projections.million import GENERATION, NOW, docket_of
from tests.projections.rooms import KINDS, SQLITE, Room

CASES = 1_000_000
TABLE = f"{Docket.name}~{GENERATION}"
TERRITORIES = (None, "community-03")
TERRITORY, SCOPE = district().territory, Scope.of("district", Level.DISTRICT)
A_WHILE_AGO = NOW - timedelta(days=600)
READ_AT_MOST = 100_000
"""Cases looked at for a page and the count above it: a tenth, whatever is asked."""
STEPS = 20
"""Of SQLite's machine, for a case that is looked at: about so many. Merely passing one takes four."""
ENTRIES = 4
"""Of an index, to be read as quickly as a case."""
ASKED: list[dict[str, Any]] = [
    {},
    *({"kind": kind} for kind in ("emergency", "ordinary")),
    *({"stage": [stage]} for stage in ("handling", "archived", "voided")),
    {"stage": ["voided", "rejected"], "kind": "hardship"},
    {"open": True},
    {"open": False},
    *({"light": light} for light in ("red", "yellow", "green", "undetermined")),
    {"light": ["red", "yellow"], "kind": "dispute"},
    {"officer": "officer-003"},
    {"unit": "unit-01"},
    {"unit": "unit-01", "open": True},
    {"category": "0602"},
    {"urgency": 1},
    {"category": "0602", "urgency": 1, "kind": "hardship"},
    {"reported_from": NOW - timedelta(days=3)},
    {"reported_from": A_WHILE_AGO, "reported_to": A_WHILE_AGO + timedelta(days=10)},
    {"number": "20230500-500000"},
    *(
        {"q": q}
        for q in ("第3社区", "社区", "第1街道 一般事件", "突发事件", "红灯 纠纷", "20230500", "公用设施 待派遣")
    ),
    *({"q": q} for q in ("第7单位 已归档", "第3网格 已作废", "3 灯")),
]


class Watched:
    """Views that note how each statement is gone about, and how many cases are looked at."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.plans, self.read = list[str](), 0.0

    @contextmanager
    def reading(self) -> Iterator[Any]:
        """The views themselves, watched."""
        if isinstance(self._database, SQLiteDatabase):
            with closing(sqlite3.connect(self._database.path)) as connection:
                connection.row_factory = sqlite3.Row
                connection.set_progress_handler(self._step, 1000)
                self._transaction: Transaction = SQLiteTransaction(connection)
                yield self
        else:
            with self._database.reading() as self._transaction:
                yield self

    @property
    def dialect(self) -> Dialect:
        return self._transaction.dialect

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        if isinstance(self._database, SQLiteDatabase):
            steps = self._transaction.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            self.plans.append("; ".join(step[-1] for step in steps))
        else:
            explain = "EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, FORMAT JSON)"
            [[[told]]] = self._transaction.execute(f"{explain} {statement}", values).fetchall()
            self._walk(told["Plan"])
        return self._transaction.execute(statement, values)

    def by_index(self) -> None:
        self._transaction.by_index()

    def _step(self) -> None:
        self.read += 1000 / STEPS

    def _walk(self, node: dict[str, Any]) -> None:
        """One node of a plan of PostgreSQL, and those below it."""
        on = node.get("Relation Name", "")
        self.plans.append(f"{node['Node Type']} {on}".strip())
        if on == TABLE or node["Node Type"] == "Bitmap Index Scan":
            passed = sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
            read = (node["Actual Rows"] + passed) * node["Actual Loops"]
            self.read += read if on else read / ENTRIES
        for below in node.get("Plans", ()):
            self._walk(below)


WHOLE = re.compile(rf"SCAN {re.escape(TABLE)}(?! counted| USING)|Seq Scan {re.escape(TABLE)}$")


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Where the cases are: a million take a minute to make, so one test of each database asks everything of them."""
    url = SQLITE if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with closing(docket_of(Room(tmp_path, url).open(), CASES)) as tables:
        yield tables.database


def pages(asked: dict[str, Any], sort: str) -> Iterator[DocketQuery]:
    """The first page, and one from the middle: of all there ever was, or of what is open."""
    query = DocketQuery.model_validate({**asked, "sort": sort})
    yield query
    ago = timedelta(days=25 if query.open or query.light else 550)
    middle, now = microseconds(NOW - ago), microseconds(NOW)
    ends = {"updated_at": (middle, CASES // 2), "due_at": (now, middle, 1), "light": (1, now, middle, 1)}
    after = ends.get(query.order[0], (middle, CASES // 2))
    yield query.model_copy(update={"cursor": Cursor(now, after).written(query.asked)})


def test_neither_page_nor_count_reads_the_whole_docket(database: Database) -> None:
    for asked, sort, territory in product(ASKED, get_args(Sort), TERRITORIES):
        for query in pages({**asked, "territory": territory}, sort):
            watched = Watched(database)
            docket(watched, SCOPE, query, NOW, TERRITORY)
            assert watched.plans
            assert not any(map(WHOLE.search, watched.plans)), (query, watched.plans)
            assert watched.read <= READ_AT_MOST, (query, watched.plans)
    with (watched := Watched(database)).reading():  # what is asserted can fail
        watched.execute(f'SELECT count(*) FROM "{Docket.name}" WHERE version + 0 = 3')  # noqa: S608 - our own names
        assert any(map(WHOLE.search, watched.plans))
        assert watched.read > READ_AT_MOST
