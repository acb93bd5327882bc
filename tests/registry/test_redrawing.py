"""网格的拆分与合并：每条规则拒绝的一行，和刚好放行的一行。"""

from __future__ import annotations

import pytest

from domain.registry import commands as c
from domain.registry import events as e
from domain.registry import rules
from tests.registry.ledger import EAST_WEST, JOIN, SPLIT
from tests.registry.rows import JOIN_EVENTS, SPLIT_EVENTS, Row, passes, refused, split

ROWS = [
    refused(rules.GRID_OPEN, "拆分社区", when=split(grid="east"), says="“east”不是在册的网格，或已经撤销。"),
    refused(
        rules.GRID_OPEN,
        "再拆一次",
        SPLIT,
        when=split(into=(c.Part(name="丙"), c.Part(name="丁"))),
        says="“g1”不是在册的网格，或已经撤销。",
    ),
    passes(rules.GRID_OPEN, "拆分网格", when=SPLIT, then=SPLIT_EVENTS),
    refused(
        rules.BUILDING_OF_GRID,
        "划走别的网格的楼栋",
        when=split(into=(c.Part(name="甲", buildings=("b4",)), EAST_WEST[1])),
        says="“b4”不是“g1”的楼栋。",
    ),
    passes(rules.BUILDING_OF_GRID, "只划自己的楼栋", when=SPLIT, then=SPLIT_EVENTS),
    refused(
        rules.MAPPED_ONCE,
        "一栋楼划进两个网格",
        when=split(into=(EAST_WEST[0], c.Part(name="乙", buildings=("b1",)))),
        says="“b1”只能划入一个新网格。",
    ),
    passes(rules.MAPPED_ONCE, "一栋楼一个网格", when=SPLIT, then=SPLIT_EVENTS),
    refused(
        rules.OFFICER_KNOWN, "派离岗的人到新网格", c.ReleaseStaff(staff="mi"), when=SPLIT, says="“mi”不是在岗的网格员。"
    ),
    passes(
        rules.OFFICER_KNOWN,
        "派别处的网格员来",
        when=split(into=(c.Part(name="甲", officers=("zhang",)), EAST_WEST[1])),
        then=(*SPLIT_EVENTS[:7], e.StaffAppointed, e.NodeClosed),
    ),
    refused(
        rules.JOIN_ALIKE,
        "合并两个社区的网格",
        when=JOIN.model_copy(update={"grids": ("g1", "g3")}),
        says="只有同一社区的网格可以合并。",
    ),
    passes(rules.JOIN_ALIKE, "合并同一社区的网格", when=JOIN, then=JOIN_EVENTS),
    refused(
        rules.JOIN_TWO,
        "网格与自己合并",
        when=JOIN.model_copy(update={"grids": ("g1", "g1")}),
        says="合并至少要有两个不同的网格。",
    ),
    passes(rules.JOIN_TWO, "两个网格", when=JOIN, then=JOIN_EVENTS),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_rule(row: Row) -> None:
    row.check()
