"""查找: what a word is taken for, and that nothing sent as one does harm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.clocks import Light
from domain.incident.categories import MainCategory
from domain.incident.words import Kind, Stage
from domain.model import UNPRINTABLE, Role
from domain.territory import Former, Level, Node, Staff, Territory, Unit
from projections import statements
from projections.cursor import BadCursor
from projections.docket import Docket, DocketPage, DocketQuery, docket
from projections.docket_words import LONGEST, MOST, Words
from projections.scope import Scope
from projections.tables import Tables
from tests.bench.district import COMMUNITIES, GRIDS, district
from tests.bench.lights import NOW, rows
from tests.projections.rooms import KINDS, SQLITE, Room

CASES = 120
CHANGED = datetime(2025, 1, 1, tzinfo=UTC)
TOWN = Territory(
    nodes=(
        Node(id="city", level=Level.CITY, name="怀化市"),
        Node(id="district", level=Level.DISTRICT, name="鹤城区", parent="city"),
        Node(id="street", level=Level.STREET, name="河西街道", parent="district"),
        Node(id="community", level=Level.COMMUNITY, name="河西社区", parent="street"),
        Node(
            id="grid",
            level=Level.GRID,
            name="阳光网格",
            parent="community",
            former_names=(Former(value="河西第一网格", until=CHANGED), Former(value="ABC花园", until=CHANGED)),
        ),
        Node(id="old", level=Level.GRID, name="纺织厂网格", parent="community", closed=True),
        Node(id="elsewhere", level=Level.COMMUNITY, name="河东社区", parent="district"),
    ),
    units=(Unit(id="unit", name="河西派出所"),),
    staff=(Staff(id="officer", name="葛岳辉", role=Role.GRID_OFFICER, scope="grid"),),
)


def meant(word: str) -> set[str]:
    [read] = Words.read(word, TOWN).told()
    assert read.count >= len(read.meanings)
    return set(read.meanings)


@pytest.mark.parametrize(
    ("word", "meanings"),
    [
        ("河东社区", {"社区 河东社区"}),
        ("河西", {"街道 河西街道", "单位 河西派出所"}),
        ("阳光", {"网格 阳光网格"}),
        ("河西第一网格", {"网格 阳光网格"}),
        ("abc花园", {"网格 阳光网格"}),
        ("ＡＢＣ花园", {"网格 阳光网格"}),
        ("纺织厂", {"网格 纺织厂网格"}),
        ("网格", {"网格 阳光网格", "网格 纺织厂网格"}),
        ("怀化", {"市 怀化市"}),
        ("派出所", {"单位 河西派出所"}),
        ("突发事件", {"性质 突发事件", "类别 09 突发事件"}),
        ("市容环境", {"类别 03 市容环境", "类别 06 市容环境"}),
        ("结案", {"阶段 待结案", "阶段 已结案"}),
        ("红灯", {"灯 红灯"}),
        ("未定", {"灯 未定"}),
        ("20260216", {"案号 20260216"}),
        ("２０２６０２１６-０００００１", {"案号 20260216-000001"}),
    ],
)
def test_a_word_is_whatever_is_called_so(word: str, meanings: set[str]) -> None:
    assert meant(word) == meanings


@pytest.mark.parametrize(
    "word", ["葛岳辉", "葛", "2026", "202602", "20260216-0000012", "officer", "unit", "community", "河_", "%", "0101"]
)
def test_nobodys_name_no_id_and_no_part_of_a_date_is_looked_up(word: str) -> None:
    assert meant(word) == set()


@pytest.mark.parametrize("code", [*Kind, *Stage, *Light, *MainCategory])
def test_every_code_is_found_by_its_label(code: Kind | Stage | Light | MainCategory) -> None:
    assert any(meaning.endswith(code.label) for meaning in meant(code.label))


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_whatever_is_asked_is_read_or_refused(asked: str) -> None:
    words, sent = asked.split(), re.sub(r"^[^\S\x1c-\x1f]+|[^\S\x1c-\x1f]+$", "", asked)
    fits = len(sent) <= LONGEST and len(set(words)) <= MOST
    if fits and not re.search(f"[{UNPRINTABLE}]", sent):
        query = DocketQuery(q=asked)
        assert [read.word for read in Words.read(query.q or "", TOWN).told()] == list(dict.fromkeys(words))
    else:
        with pytest.raises(ValidationError):
            DocketQuery(q=asked)


@pytest.mark.parametrize(
    "asked", ["长" * 10_000, "红灯\x00", "红灯\x1b[31m", "红\u202e灯", "一 二 三 四 五 六 七 八 九"]
)
def test_too_much_or_unprintable_is_refused(asked: str) -> None:
    with pytest.raises(ValidationError):
        DocketQuery(q=asked)


@pytest.fixture(scope="module", params=KINDS)
def tables(request: pytest.FixtureRequest) -> Iterator[Tables]:
    """Cases of a whole district: open ones, and half as many that are archived."""
    url = SQLITE if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    room = Room(Path("the words"), url) if url else None
    with closing(Tables(room.open() if room else None, (Docket,))) as tables:
        with tables.writing() as transaction:
            tables.put(transaction, Docket, 1, list(rows(Random(3), CASES)), statements.merge)
        yield tables


def found(tables: Tables, asked: str, scope: Scope | None = None, **more: object) -> DocketPage:
    query = DocketQuery.model_validate({"q": asked, "limit": 200, **more})
    return docket(tables, scope or Scope.all(), query, NOW, district().territory)


@pytest.mark.parametrize("asked", ["'", '"', "';--", "\\", "%", "_", "?", "{}", "$1", "红灯 %", "' OR '1'='1", "NULL"])
def test_signs_of_other_languages_are_only_signs(tables: Tables, asked: str) -> None:
    page = found(tables, asked)
    assert (page.items, page.next, page.count, page.capped) == ((), None, 0, False)
    assert [word.count for word in page.words][-1] == 0, "and it says so"


@pytest.mark.parametrize(("asked", "places"), [("社区", COMMUNITIES), ("网格", GRIDS), ("街道 社区 网格 单位", 7)])
def test_a_word_of_many_places_is_any_of_them(tables: Tables, asked: str, places: int) -> None:
    page = found(tables, asked)
    assert (page.count, page.words[0].count, len(page.words[0].meanings)) == (CASES * 3 // 2, places, min(places, 10))


def test_blanks_alone_ask_for_nothing(tables: Tables) -> None:
    page = found(tables, " \u3000 ")
    assert (page.count, page.words) == (CASES * 3 // 2, ())


@pytest.mark.parametrize("asked", ["第3社区", "社区", "红灯", "处置 社区", "事件", "第"])
def test_a_word_shows_nothing_beyond_the_scope(tables: Tables, asked: str) -> None:
    everything, scope = found(tables, asked), Scope.of("street-3", Level.STREET)
    seen = found(tables, asked, scope)
    assert {row.incident_id for row in seen.items} == {
        row.incident_id for row in everything.items if row.place.street == "street-3"
    }
    assert 0 < seen.count == len(seen.items)


def test_a_cursor_serves_its_own_words_only(tables: Tables) -> None:
    cursor = found(tables, "社区", limit=5).next
    assert found(tables, "社区", cursor=cursor, limit=5).items
    for other in ("第3社区", "网格", "社区 红灯"):
        with pytest.raises(BadCursor):
            found(tables, other, cursor=cursor)


def test_words_that_are_filters_are_counted_like_them(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.docket_search.COUNTED_UP_TO", 5)
    assert found(tables, "一般事件 处置中").capped is False, "the counts kept tell"
    assert found(tables, "社区 街道").capped is False
    assert found(tables, "公用设施").capped is True
