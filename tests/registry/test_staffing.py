"""任职、离岗与楼栋长：每条规则拒绝的一行，和刚好放行的一行。"""

from __future__ import annotations

import pytest

from domain.model import Role
from domain.registry import commands as c
from domain.registry import events as e
from domain.registry import rules
from tests.registry.ledger import SPLIT, head, listing, officer
from tests.registry.rows import ONE, Row, appoint, passes, refused

RELEASE = c.ReleaseStaff(staff="ge", successor="mi")
ROWS = [
    refused(rules.POST_OF_STAFF, "居民任职", when=appoint(role=Role.RESIDENT), says="“居民”不是工作岗位。"),
    passes(rules.POST_OF_STAFF, "审计员任职", when=appoint(role=Role.AUDITOR), then=(e.StaffAppointed,)),
    refused(
        rules.SCOPE_KNOWN, "负责撤销的网格", SPLIT, when=appoint(scope="g1"), says="所负责的“g1”不在册，或已经撤销。"
    ),
    passes(rules.SCOPE_KNOWN, "负责新设的网格", SPLIT, when=appoint(scope="ga"), then=(e.StaffAppointed,)),
    refused(
        rules.POST_FITS_SCOPE, "网格员负责社区", when=appoint(scope="east"), says="网格员应负责网格，而“east”是社区。"
    ),
    passes(
        rules.POST_FITS_SCOPE, "书记负责社区", when=appoint(role=Role.COMMUNITY, scope="east"), then=(e.StaffAppointed,)
    ),
    refused(rules.UNIT_KNOWN, "单位不在册", when=appoint(role=Role.DEPARTMENT, unit="none"), says="单位“none”不在册。"),
    passes(rules.UNIT_KNOWN, "单位在册", when=appoint(role=Role.DEPARTMENT, unit="unit"), then=(e.StaffAppointed,)),
    refused(
        rules.DEPARTMENT_HAS_UNIT,
        "部门的人没有单位",
        when=appoint(role=Role.DEPARTMENT),
        says="部门单位的人员须写明所在单位。",
    ),
    passes(rules.DEPARTMENT_HAS_UNIT, "网格员没有单位", when=appoint(), then=(e.StaffAppointed,)),
    passes(rules.DEPARTMENT_HAS_UNIT, "本来就是这样", appoint(), when=appoint(), then=()),
    refused(
        rules.RELEASED_STAYS,
        "旧表里有离岗的人",
        RELEASE,
        when=listing(staff=[officer("ge", "g1")]),
        says=f"{ONE}“ge”已经离岗；重新任职请用“任职”，不能随表导入。",
    ),
    passes(
        rules.RELEASED_STAYS,
        "离岗后重新任职",
        RELEASE,
        when=appoint(staff="ge", staff_name="ge某"),
        then=(e.StaffAppointed,),
    ),
    refused(rules.STAFF_IN_OFFICE, "无此人", when=c.ReleaseStaff(staff="nobody"), says="“nobody”不在册，或已经离岗。"),
    refused(
        rules.STAFF_IN_OFFICE,
        "离岗后换接手人",
        RELEASE,
        when=c.ReleaseStaff(staff="ge"),
        says="“ge”不在册，或已经离岗。",
    ),
    passes(rules.STAFF_IN_OFFICE, "离岗", when=RELEASE, then=(e.StaffReleased,)),
    passes(rules.STAFF_IN_OFFICE, "已经离岗，没有新内容", RELEASE, when=RELEASE, then=()),
    refused(
        rules.SUCCESSOR_IN_OFFICE,
        "交给自己",
        when=c.ReleaseStaff(staff="ge", successor="ge"),
        says="接手人“ge”应是在岗的另一个人。",
    ),
    refused(
        rules.SUCCESSOR_IN_OFFICE,
        "交给离岗的人",
        RELEASE,
        when=c.ReleaseStaff(staff="mi", successor="ge"),
        says="接手人“ge”应是在岗的另一个人。",
    ),
    passes(rules.SUCCESSOR_IN_OFFICE, "没有接手人", when=c.ReleaseStaff(staff="ge"), then=(e.StaffReleased,)),
    refused(
        rules.HEAD_OF_BUILDING,
        "网格的楼栋长",
        when=listing(heads=[head("g1", "s-2")]),
        says=f"{ONE}“g1”不是在册的楼栋。",
    ),
    passes(rules.HEAD_OF_BUILDING, "一栋楼两个楼栋长", when=listing(heads=[head("b1", "s-2")]), then=(e.HeadNamed,)),
    passes(
        rules.HEAD_OF_BUILDING, "楼栋长卸任", when=c.ReleaseHead(building="b1", person="s-1"), then=(e.HeadReleased,)
    ),
    passes(rules.HEAD_OF_BUILDING, "本来就不是楼栋长", when=c.ReleaseHead(building="b2", person="s-1"), then=()),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_rule(row: Row) -> None:
    row.check()
