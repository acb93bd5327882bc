"""登记与立案：what every command has in common, and how a report becomes a case."""

import pytest

from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import Accepted, Arrived, DuplicateDetached, Rejected, Reported, Withdrawn
from domain.incident.words import Kind, Stage
from domain.model import Minor, Person, Role
from domain.territory import Staff, Territory
from tests.rules.rows import Row, passes, refusal, refused
from tests.rules.scene import (
    AUDITOR,
    DISTRICT,
    LIN,
    MERGE,
    MORNING,
    NEIGHBOUR,
    OFFICER,
    RESIDENT,
    SECOND,
    SECRETARY,
    TERRITORY,
    ZENG,
    Scene,
    minutes,
    report,
    until,
)

REGISTERED = Person(subject="grid-2", name="曾竹英")
REPORTED, HANDLING, MERGED = until(Stage.REPORTED), until(Stage.HANDLING), until(Stage.MERGED)
NOW = MORNING + minutes(1)  # when the first move is made

COMMON = [
    refused(
        rules.STAGE,
        "已不予受理的，不能再受理",
        *until(Stage.REJECTED),
        when=DISTRICT(c.Accept()),
        says="案件现处于“不予受理”，不能受理。",
    ),
    passes(
        rules.STAGE,
        "待受理的，可以受理",
        *REPORTED,
        when=DISTRICT(c.Accept()),
        then=[Accepted(number="20260302-000001")],
    ),
    refused(
        rules.STAFF_ONLY,
        "居民不能登记到场",
        *HANDLING,
        when=RESIDENT(c.Arrive()),
        says="“到达现场”须由工作人员办理。",
    ),
    refused(
        rules.STAFF_ONLY,
        "审计人员只看不办",
        *HANDLING,
        when=AUDITOR(c.Arrive()),
        says="“到达现场”须由工作人员办理。",
    ),
    passes(rules.STAFF_ONLY, "网格员可以", *HANDLING, when=OFFICER(c.Arrive()), then=[Arrived(first=True)]),
    refused(rules.NOT_IN_FUTURE, "到场时间比现在晚61秒", *HANDLING, when=OFFICER(c.Arrive(), claimed=61 * SECOND)),
    passes(
        rules.NOT_IN_FUTURE,
        "钟快一分钟，不计较",
        *HANDLING,
        when=OFFICER(c.Arrive(), claimed=60 * SECOND),
        then=[Arrived],
    ),
    refused(rules.NOT_IN_FUTURE, "反映时间在将来", when=OFFICER(report(), claimed=61 * SECOND)),
    passes(rules.NOT_IN_FUTURE, "反映时间在昨天", when=OFFICER(report(), claimed=minutes(-1440)), then=[Reported]),
]

REPORTS = [
    refused(rules.PLACE_STATED, "没说在哪里", when=OFFICER(report(grid=None))),
    passes(
        rules.PLACE_STATED,
        "只说楼栋，网格由楼栋来定",
        when=OFFICER(report(grid=None, building="building")),
        then=[Reported],
    ),
    refused(
        rules.GRID_KNOWN,
        "没有这个网格",
        when=OFFICER(report(grid="grid-9")),
        says="网格或楼栋“grid-9”不在册，请核对后再报。",
    ),
    refused(
        rules.GRID_KNOWN,
        "社区不是网格",
        when=OFFICER(report(grid="community")),
        says="网格或楼栋“community”不在册，请核对后再报。",
    ),
    refused(
        rules.GRID_KNOWN,
        "楼栋在别的网格",
        when=OFFICER(report(building="building-2")),
        says="网格或楼栋“building-2”不在册，请核对后再报。",
    ),
    refused(
        rules.GRID_KNOWN,
        "知会的网格不在册",
        when=OFFICER(report(also_grids=("grid-2", "grid-9"))),
        says="网格或楼栋“grid-9”不在册，请核对后再报。",
    ),
    passes(
        rules.GRID_KNOWN,
        "网格、楼栋、知会的网格都在册",
        when=OFFICER(report(building="building", also_grids=("grid-2",))),
        then=[Reported],
    ),
    passes(rules.GRID_KNOWN, "没有小区的网格也是网格", when=OFFICER(report(grid="grid-2")), then=[Reported]),
    refused(
        rules.TWO_PEOPLE,
        "反映人代自己",
        when=OFFICER(report(on_behalf_of=Person(subject=ZENG.subject, name="曾竹英"))),
    ),
    refused(
        rules.TWO_PEOPLE,
        "反映人就是那个孩子",
        when=OFFICER(report(on_behalf_of=Minor(subject=ZENG.subject, name="小曾", guardian=LIN))),
    ),
    passes(rules.TWO_PEOPLE, "代邻居反映", when=OFFICER(report(on_behalf_of=LIN)), then=[Reported]),
    passes(
        rules.TWO_PEOPLE,
        "监护人代孩子反映",
        when=OFFICER(report(on_behalf_of=Minor(subject="s-child", name="小曾", guardian=ZENG))),
        then=[Reported],
    ),
    *(
        refused(
            rules.PERSON_NOT_REGISTERED,
            story,
            when=OFFICER(report(**people)),
            says="“grid-2”是在册人员、单位或地点的编号，不能当作居民的编号；请另编或不填。",
        )
        for story, people in (
            ("反映人用了在册的编号", {"reporter": REGISTERED}),
            ("所代的人用了在册的编号", {"on_behalf_of": REGISTERED}),
            ("监护人用了在册的编号", {"on_behalf_of": Minor(subject="s-child", name="小曾", guardian=REGISTERED)}),
            ("孩子用了在册的编号", {"on_behalf_of": Minor(subject="grid-2", name="小曾", guardian=LIN)}),
        )
    ),
    passes(rules.PERSON_NOT_REGISTERED, "居民有居民的编号", when=OFFICER(report(on_behalf_of=LIN)), then=[Reported]),
    refused(rules.BEGAN_BEFORE, "事情发生得比反映还晚", when=OFFICER(report(began_at=NOW + SECOND))),
    passes(rules.BEGAN_BEFORE, "一发生就反映", when=OFFICER(report(began_at=NOW)), then=[Reported]),
]

REASONS = [
    refused(rules.REASON, "空格不是理由", *REPORTED, when=DISTRICT(c.Reject(reason=" 　\t"))),
    passes(
        rules.REASON,
        "写明理由，不予受理",
        *REPORTED,
        when=DISTRICT(c.Reject(reason="不归本区")),
        then=[Rejected(reason="不归本区")],
    ),
]

WITHDRAWALS = [
    refused(rules.WITHDRAW_BY_REPORTER, "邻居替人撤回", *REPORTED, when=NEIGHBOUR(c.Withdraw())),
    refused(rules.WITHDRAW_BY_REPORTER, "工作人员替人撤回", *REPORTED, when=SECRETARY(c.Withdraw())),
    refused(
        rules.WITHDRAW_BY_REPORTER,
        "匿名反映，无人可撤",
        *until(Stage.REPORTED, reporter=None),
        when=RESIDENT(c.Withdraw()),
    ),
    refused(
        rules.WITHDRAW_BY_REPORTER,
        "所代的人不是反映人",
        *until(Stage.REPORTED, on_behalf_of=LIN),
        when=NEIGHBOUR(c.Withdraw()),
    ),
    passes(rules.WITHDRAW_BY_REPORTER, "反映人本人撤回", *REPORTED, when=RESIDENT(c.Withdraw()), then=[Withdrawn()]),
    passes(
        rules.WITHDRAW_BY_REPORTER,
        "并案后，反映人仍可撤回自己那一件",
        *MERGED,
        when=RESIDENT(c.Withdraw()),
        then=[Withdrawn(), DuplicateDetached(duplicate="case")],
    ),
    refused(
        rules.WITHDRAW_NOT_EMERGENCY,
        "突发事件",
        *until(Stage.REPORTED, Kind.EMERGENCY),
        when=RESIDENT(c.Withdraw()),
    ),
    refused(
        rules.WITHDRAW_NOT_EMERGENCY,
        "并入他案的突发事件",
        *until(Stage.REPORTED, Kind.EMERGENCY, of="other"),
        *until(Stage.REPORTED, Kind.EMERGENCY),
        SECRETARY(MERGE),
        when=RESIDENT(c.Withdraw()),
    ),
    *(
        passes(
            rules.WITHDRAW_NOT_EMERGENCY,
            f"{kind.label}可以撤回",
            *until(Stage.REPORTED, kind),
            when=RESIDENT(c.Withdraw()),
            then=[Withdrawn],
        )
        for kind in (Kind.HARDSHIP, Kind.DISPUTE, Kind.ORDINARY)
    ),
]


@pytest.mark.parametrize("row", [*COMMON, *REPORTS, *REASONS, *WITHDRAWALS], ids=str)
def test_intake(row: Row) -> None:
    row.check()


def test_staff_are_not_residents_under_the_id_they_work_by() -> None:
    """Else their name would stand for somebody else's, and their word for a resident's."""
    scene = Scene()
    clerk = Staff(id="clerk", name="值班员", role=Role.COMMUNITY, scope="community", released=True)
    scene.territory = Territory(nodes=TERRITORY.nodes, staff=(clerk,))
    as_staff = OFFICER(report(reporter=Person(subject="clerk", name="曾竹英")))
    assert refusal(scene, as_staff)[0] == rules.PERSON_NOT_REGISTERED
    assert scene.take(OFFICER(report()))
