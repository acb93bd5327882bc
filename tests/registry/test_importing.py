"""导入辖区与生效时间：每条规则拒绝的一行，和刚好放行的一行。"""

from __future__ import annotations

import pytest

from domain.register import RowsRefused
from domain.registry import commands as c
from domain.registry import events as e
from domain.registry import rules
from domain.territory import Level, Unit
from tests.registry.ledger import DAY, EAST_WEST, JOIN, LISTED, SPLIT, Ledger, listing, node
from tests.registry.rows import (
    JOIN_EVENTS,
    LATER_SPLIT,
    ONE,
    RENAME,
    SPLIT_EVENTS,
    TOMORROW,
    Row,
    appoint,
    passes,
    refused,
    split,
)
from tests.rules.scene import MORNING

WHEN = [
    refused(
        rules.REDRAW_NOT_PAST,
        "昨天起生效",
        when=RENAME.model_copy(update={"effective_from": MORNING - DAY}),
        says="生效时间不能早于现在；不填即刻生效。",
    ),
    passes(
        rules.REDRAW_NOT_PAST,
        "明天起生效",
        when=RENAME.model_copy(update={"effective_from": TOMORROW}),
        then=(e.NodeRenamed,),
    ),
    refused(
        rules.CHANGE_PENDING,
        "已定明天拆分的网格再更名",
        LATER_SPLIT,
        when=RENAME,
        says="“g1”已定于2026-03-03 09:00调整，调整生效之前不能再改。",
    ),
    refused(
        rules.CHANGE_PENDING,
        "明天要撤的网格下新增楼栋",
        LATER_SPLIT,
        when=listing(node("b9", Level.BUILDING, "g1")),
        says=f"{ONE}“g1”已定于2026-03-03 09:00调整，调整生效之前不能再改。",
    ),
    refused(
        rules.CHANGE_PENDING,
        "明天才有的编号今天先用",
        LATER_SPLIT,
        when=c.JoinGrids(grids=("g2", "g1"), into=c.NewGrid(id="ga", name="抢先")),
        says="“g1”已定于2026-03-03 09:00调整，调整生效之前不能再改。",
    ),
    passes(
        rules.CHANGE_PENDING,
        "别的网格照常",
        LATER_SPLIT,
        when=c.RenameNode(node="g2", new_name="新"),
        then=(e.NodeRenamed,),
    ),
    passes(rules.CHANGE_PENDING, "原样再导入一遍", LATER_SPLIT, when=LISTED, then=()),
]
NODES = [
    refused(
        rules.ROWS_FIT,
        "两行不对，一行也不导入",
        when=listing(node("g8", Level.GRID, "none"), node("g9", Level.GRID, "west"), node("b9", Level.BUILDING, None)),
        says="有2行不符合要求，没有导入任何内容。第一处：上级“none”不在册，或已经撤销。",
    ),
    passes(rules.ROWS_FIT, "行行都对", when=listing(node("g8", Level.GRID, "east")), then=(e.NodeAdded,)),
    refused(
        rules.ID_ONCE,
        "同一编号两行",
        when=listing(node("g8", Level.GRID, "east"), node("g8", Level.GRID, "west")),
        says=f"{ONE}编号“g8”在表中出现了不止一次。",
    ),
    passes(
        rules.ID_ONCE,
        "两个编号",
        when=listing(node("g8", Level.GRID, "east"), node("g9", Level.GRID, "west")),
        then=(e.NodeAdded, e.NodeAdded),
    ),
    refused(
        rules.ID_FREE,
        "拆出的网格用了现有编号",
        when=split(into=(EAST_WEST[0], c.Part(id="g2", name="乙"))),
        says="编号“g2”已经用在别处，请换一个。",
    ),
    refused(
        rules.ID_FREE,
        "节点用了人员的编号",
        when=listing(node("ge", Level.GRID, "east")),
        says=f"{ONE}编号“ge”已经用在别处，请换一个。",
    ),
    refused(
        rules.ID_FREE,
        "单位用了节点的编号",
        when=c.ImportTerritory(units=(Unit(id="g1", name="某局"),)),
        says=f"{ONE}编号“g1”已经用在别处，请换一个。",
    ),
    refused(rules.ID_FREE, "人员用了单位的编号", when=appoint(staff="unit"), says="编号“unit”已经用在别处，请换一个。"),
    passes(rules.ID_FREE, "都是新编号", when=SPLIT, then=SPLIT_EVENTS),
    refused(rules.NODE_OPEN, "给撤销的网格更名", SPLIT, when=RENAME, says="“g1”不在册，或已经撤销。"),
    passes(rules.NODE_OPEN, "给在册的更名", when=RENAME, then=(e.NodeRenamed,)),
    passes(rules.NODE_OPEN, "名称本来如此", RENAME, when=RENAME, then=()),
    refused(
        rules.CLOSED_STAYS,
        "导入已撤销的网格",
        SPLIT,
        when=listing(node("g1", Level.GRID, "west")),
        says=f"{ONE}“g1”已经撤销，不能再改；新设的请用新编号。",
    ),
    passes(
        rules.CLOSED_STAYS,
        "导入新设的网格",
        SPLIT,
        when=listing(node("ga", Level.GRID, "west")),
        then=(e.NodeRenamed, e.NodeMoved),
    ),
    refused(
        rules.LEVEL_FIXED,
        "网格改成社区",
        when=listing(node("g1", Level.COMMUNITY, "street")),
        says=f"{ONE}“g1”登记的层级是网格，不能改。",
    ),
    passes(rules.LEVEL_FIXED, "仍是网格，换了社区", when=listing(node("g3", Level.GRID, "east")), then=(e.NodeMoved,)),
    refused(
        rules.PARENT_REQUIRED,
        "街道不写上级",
        when=listing(node("s9", Level.STREET, None)),
        says=f"{ONE}街道须写明上级。",
    ),
    passes(
        rules.PARENT_REQUIRED,
        "市没有上级",
        when=listing(node("city", Level.CITY, None, rural=True)),
        then=(e.NodeSurveyed,),
    ),
    refused(
        rules.ONE_ROOT,
        "第二个市",
        when=listing(node("c9", Level.CITY, None)),
        says=f"{ONE}一个案卷库只管一个市：最上级已是“city”，“c9”须属于它，或另建一个库。",
    ),
    refused(
        rules.ONE_ROOT,
        "不属于这个市的区",
        when=listing(node("d9", Level.DISTRICT, None)),
        says=f"{ONE}一个案卷库只管一个市：最上级已是“city”，“d9”须属于它，或另建一个库。",
    ),
    passes(
        rules.ONE_ROOT,
        "同一个市的另一个区",
        when=listing(node("d9", Level.DISTRICT, "city")),
        then=(e.NodeAdded,),
    ),
    refused(
        rules.PARENT_KNOWN,
        "上级已撤销",
        SPLIT,
        when=listing(node("b9", Level.BUILDING, "g1")),
        says=f"{ONE}上级“g1”不在册，或已经撤销。",
    ),
    passes(
        rules.PARENT_KNOWN,
        "上级在同一张表里",
        when=listing(node("b9", Level.BUILDING, "g9"), node("g9", Level.GRID, "west")),
        then=(e.NodeAdded, e.NodeAdded),
    ),
    refused(
        rules.PARENT_ABOVE,
        "两个网格互为上级",
        when=listing(node("g8", Level.GRID, "g9"), node("g9", Level.GRID, "west")),
        says=f"{ONE}上级“g9”是网格，不高于网格。",
    ),
    passes(
        rules.PARENT_ABOVE,
        "没有小区和社区，直属街道",
        when=listing(node("g9", Level.GRID, "street")),
        then=(e.NodeAdded,),
    ),
    refused(
        rules.CODE_DIGITS,
        "网格代码少一位",
        when=listing(node("g9", Level.GRID, "west", code="43120200100200")),
        says=f"{ONE}网格的代码应为15位数字，现为“43120200100200”。",
    ),
    passes(
        rules.CODE_DIGITS,
        "小区没有规定的代码",
        when=listing(node("e9", Level.ESTATE, "west", code="77")),
        then=(e.NodeAdded,),
    ),
    refused(
        rules.CODE_NESTED,
        "代码不随社区",
        when=listing(node("g9", Level.GRID, "estate", code="431202001002001")),
        says=f"{ONE}代码“431202001002001”应以所属社区的代码“431202001001”开头。",
    ),
    passes(
        rules.CODE_NESTED,
        "代码随社区",
        when=listing(node("g9", Level.GRID, "estate", code="431202001001009")),
        then=(e.NodeAdded,),
    ),
    refused(
        rules.CODE_FREE,
        "代码已有人用",
        when=listing(node("g9", Level.GRID, "east", code="431202001001002")),
        says=f"{ONE}代码“431202001001002”已由“g2”使用。",
    ),
    passes(
        rules.CODE_FREE,
        "合并后沿用其一的代码",
        when=JOIN.model_copy(update={"into": c.NewGrid(id="joined", name="大", code="431202001001002")}),
        then=JOIN_EVENTS,
    ),
]
ROWS = (*WHEN, *NODES)


def test_of_two_cities_in_the_first_sheet_of_all_the_second_is_refused() -> None:
    cities = listing(node("here", Level.CITY, None), node("there", Level.CITY, None))
    with pytest.raises(RowsRefused) as no:
        Ledger().ask(cities)
    assert [(fault.row, fault.rule) for fault in no.value.faults] == [(1, "one-root")]


def test_a_district_that_began_alone_may_come_under_its_city() -> None:
    ledger = Ledger().take(listing(node("district", Level.DISTRICT, None)))
    both = listing(node("district", Level.DISTRICT, "city"), node("city", Level.CITY, None))
    assert [type(event) for event in ledger.ask(both)] == [e.NodeMoved, e.NodeAdded]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_rule(row: Row) -> None:
    row.check()
