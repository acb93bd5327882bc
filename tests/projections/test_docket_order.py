"""台账's order: whatever is asked, its pages joined are what sorting all rows would give, while the clock goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, get_args
from unicodedata import normalize

import pytest

from domain.clocks import Light
from domain.incident.categories import MainCategory
from domain.incident.words import Kind, Stage
from projections import statements
from projections.docket import Docket, DocketQuery, Sort, docket
from projections.frame_columns import PATH
from projections.lights import light_of
from projections.reading import microseconds
from projections.scope import Scope
from projections.sqlite import SQLiteDatabase
from projections.tables import Tables
from tests.bench.district import district
from tests.bench.lights import NOW, rows
from tests.projections.rooms import KINDS, SQLITE, Room

Case = dict[str, Any]
COARSE = int(timedelta(hours=6).total_seconds()) * 1_000_000
"""Times fall on few moments, so that many cases share one."""
URGENT_FIRST = ["red", "yellow", "undetermined", "green"]
COLUMN = {"unit": "lead"}
TERRITORY = district().territory
WORDS = ["第3社区", "3社区", "社区", "第1街道", "街道", "第7网格", "网格", "第1小区", "区", "市", "第7单位", "单位"]
WORDS += ["突发事件", "事件", "处置", "已归档", "红灯", "黄", "灯", "未定", "公用设施", "市容环境", "其他", "３", "1"]
WORDS += ["20260601", "20260601-0001", "20260601-000123", "20260602", "蓬莱", "第"]


def coarse(case: Case) -> Case:
    """The same case, reported on the hour; its limits stay as long."""
    earlier = case["reported_at"] % COARSE
    moved = {name: case[name] - earlier for name in ("reported_at", "due_at", "yellow_at") if case[name]}
    category = f"{case['opened'] % 13 + 1:02d}{case['opened'] % 6 + 1:02d}"
    return case | moved | {"updated_at": case["updated_at"] // COARSE * COARSE, "category": category}


@pytest.fixture(scope="module")
def town() -> list[Case]:
    return [coarse(dict(zip(Docket.columns, row, strict=True))) for row in rows(Random(8), 600)]


@pytest.fixture(scope="module", params=KINDS)
def tables(request: pytest.FixtureRequest, town: list[Case]) -> Iterator[Tables]:
    url = SQLITE if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    room = Room(Path("the order"), url) if url else None
    with closing(Tables(room.open() if room else None, (Docket,))) as tables:
        with tables.writing() as transaction:
            tables.put(transaction, Docket, 1, [tuple(case.values()) for case in town], statements.merge)
        yield tables


def shown(case: Case, now: datetime) -> Light | None:
    return light_of(case["due_at"], case["yellow_at"], case["undetermined"], microseconds(now))


def holds(case: Case, asked: Case, now: datetime) -> bool:
    """Whether a case is what was asked for, one condition after the other."""
    equal = {COLUMN.get(name, name): value for name, value in asked.items() if name in ("kind", "urgency", "unit")}
    return (
        all(case[column] == value for column, value in equal.items())
        and ("territory" not in asked or asked["territory"] in case.values())
        and ("light" not in asked or shown(case, now) in asked["light"])
        and ("stage" not in asked or case["stage"] in asked["stage"])
        and ("open" not in asked or case["open"] == asked["open"])
        and all(means(word, case, now) for word in asked.get("q", "").split())
    )


def means(word: str, case: Case, now: datetime) -> bool:
    """Whether a word is, or stands in, what anything about the case is called."""
    light, named = shown(case, now), TERRITORY.names
    called = [named.get(case[column], "") for column in (*PATH, "lead")]
    called += [Kind[case["kind"].upper()].label, Stage[case["stage"].upper()].label, light.label if light else ""]
    called += [main.label for main in MainCategory if case["category"].startswith(main.value)]
    numbered = re.fullmatch(r"\d{8}(-\d*)?", word) and case["number"].startswith(word)
    everywhere = word in named["city"]
    return bool(numbered or everywhere or any(normalize("NFKC", word) in name for name in called))


def place(case: Case, sort: str, now: datetime) -> tuple[int, ...]:
    """What to sort by. What has no light, and then what has no due time, is last, forward and backward."""
    column, sign = sort.removeprefix("-"), -1 if sort.startswith("-") else 1
    ends = (sign * case["reported_at"], sign * case["opened"])
    light = shown(case, now)
    by_due = (case["due_at"] == 0, sign * case["due_at"], *ends)
    by_light = (light is None, sign * URGENT_FIRST.index(light) if light else 0, *by_due)
    by_time = (sign * case.get(column, 0), ends[1])
    return {"light": by_light, "due_at": by_due}.get(column, by_time)


def drawn(rnd: Random) -> Case:
    """A question: each condition as often as not left out."""
    conditions: Case = {
        "territory": rnd.choice(["district", "street-1", "community-03", "grid-001", "nowhere"]),
        "kind": rnd.choice(list(Kind)),
        "urgency": rnd.randint(1, 4),
        "unit": "unit-01",
        "light": rnd.choices(list(Light), k=rnd.randint(1, 4)),
        "stage": [Stage.HANDLING, rnd.choice(list(Stage))],
        "open": rnd.random() < 0.5,
        "q": " ".join(rnd.choices(WORDS, k=rnd.randint(1, 3))),
    }
    often = {"territory": 0.4, "light": 0.4, "q": 0.6}
    return {name: value for name, value in conditions.items() if rnd.random() < often.get(name, 0.15)}


@pytest.mark.parametrize("sort", get_args(Sort))
@pytest.mark.parametrize("sorted_up_to", [-1, 2_000])
def test_pages_joined_are_all_rows_sorted(
    tables: Tables, town: list[Case], sort: str, sorted_up_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.docket_search.SORTED_UP_TO", sorted_up_to)
    rnd = Random(f"{sort} {sorted_up_to}")
    for _ in range(40 if isinstance(tables.database, SQLiteDatabase) else 8):  # a page costs PostgreSQL much more
        asked, now = drawn(rnd), NOW + timedelta(hours=rnd.randint(-100, 100))
        expected = sorted((case for case in town if holds(case, asked, now)), key=lambda case: place(case, sort, now))
        query = DocketQuery.model_validate({**asked, "sort": sort, "limit": rnd.choice([7, 20, 200])})
        assert told(tables, query, now, len(expected)) == [case["id"] for case in expected], asked


def told(tables: Tables, query: DocketQuery, now: datetime, count: int) -> list[str]:
    """All pages joined, each with the right count; between two of them many a light turns."""
    found: list[str] = []
    while True:
        page = docket(tables, Scope.all(), query, now, TERRITORY)
        found += [row.incident_id for row in page.items]
        assert (page.count, page.capped) == (count, False)
        assert len(found) <= count, "pages that never end"
        if page.next is None:
            return found
        query, now = query.model_copy(update={"cursor": page.next}), now + timedelta(hours=7)
