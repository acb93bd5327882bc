"""申请与审批：whoever grants is not who asked. 更正、作废、超时申诉."""

from datetime import datetime
from typing import Any

import pytest

from domain.clocks import SHANGHAI
from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import (
    CorrectionGranted,
    CorrectionRefused,
    CorrectionRequested,
    ExtensionGranted,
    ExtensionRequested,
    IncidentEvent,
    TimeoutAppealed,
    TimeoutExempted,
    TimeoutUpheld,
    VoidGranted,
    VoidRequested,
)
from domain.incident.words import Kind, Stage
from tests.rules.rows import Row, passes, refusal, refused
from tests.rules.scene import (
    DISTRICT,
    LEAD,
    MORNING,
    OFFICER,
    RESIDENT,
    SECOND,
    SECRETARY,
    SOLVED,
    STREET,
    Move,
    Scene,
    days,
    hours,
    report,
    until,
)

HANDLING, CLOSED = until(Stage.HANDLING), until(Stage.CLOSED)
NOON = datetime(2026, 3, 2, 12, tzinfo=SHANGHAI)
ASK, GRANT, REFUSE = c.RequestExtension(reason="等配件"), c.GrantExtension(), c.RefuseExtension()
EXTENDED = (OFFICER(ASK), SECRETARY(GRANT))
SUSPEND = c.RequestSuspension(until=NOON + days(90), reason="等雨季过去")
SUSPENDED = (OFFICER(SUSPEND), SECRETARY(c.GrantSuspension()))
CORRECT = c.RequestCorrection(urgency=2, reason="险情扩大")
VOID = c.RequestVoid(reason="误报")
APPEAL = c.AppealTimeout(reason="道路中断")


def resolved_after(elapsed: Any) -> tuple[Move, ...]:
    """A case of urgency 1 (two hours to handle), resolved so long after it was accepted, and closed."""
    passed = c.PassCheck()
    closing = (DISTRICT(passed), RESIDENT(c.FollowUp(answer="satisfied")), SECRETARY(c.Close()))
    return (
        *until(Stage.REPORTED, urgency=1),
        OFFICER(c.TakeAction(note="抢修")),
        OFFICER(SOLVED, after=elapsed),
        *closing,
    )


LATE = resolved_after(hours(2) + SECOND)

ONE_ASKS = [
    refused(rules.REASON, "申请不写理由", *HANDLING, when=OFFICER(c.RequestExtension(reason=""))),
    passes(rules.REASON, "申请写明理由", *HANDLING, when=OFFICER(ASK), then=[ExtensionRequested(reason="等配件")]),
    refused(
        rules.ONE_REQUEST,
        "上一份还没批",
        *HANDLING,
        OFFICER(ASK),
        when=LEAD(ASK),
        says="已有一份待审批的延期申请，请先等待批复。",
    ),
    passes(
        rules.ONE_REQUEST,
        "上一份已驳回",
        *HANDLING,
        OFFICER(ASK),
        SECRETARY(REFUSE),
        when=OFFICER(ASK),
        then=[ExtensionRequested],
    ),
    passes(rules.ONE_REQUEST, "待批的是另一种申请", *HANDLING, OFFICER(ASK), when=OFFICER(VOID), then=[VoidRequested]),
]

ANOTHER_GRANTS = [
    refused(rules.BY_ANOTHER, "自己批自己", *HANDLING, SECRETARY(ASK), when=SECRETARY(GRANT)),
    refused(rules.BY_ANOTHER, "驳回自己的申请也不行", *HANDLING, SECRETARY(ASK), when=SECRETARY(REFUSE)),
    passes(
        rules.BY_ANOTHER, "别人来批", *HANDLING, OFFICER(ASK), when=SECRETARY(GRANT), then=[ExtensionGranted(nth=1)]
    ),
    refused(rules.REQUEST_PENDING, "没人申请", *HANDLING, when=SECRETARY(GRANT), says="没有待审批的延期申请。"),
    refused(
        rules.REQUEST_PENDING, "已经批过", *HANDLING, *EXTENDED, when=SECRETARY(GRANT), says="没有待审批的延期申请。"
    ),
    refused(
        rules.REQUEST_PENDING,
        "申请的是作废，不是挂账",
        *HANDLING,
        OFFICER(VOID),
        when=SECRETARY(c.GrantSuspension()),
        says="没有待审批的挂账申请。",
    ),
    passes(
        rules.REQUEST_PENDING, "有人申请", *HANDLING, OFFICER(VOID), when=SECRETARY(c.GrantVoid()), then=[VoidGranted()]
    ),
]

UNATTENDED = until(Stage.RESOLVED)  # ordinary: nobody had to come
CORRECTIONS = [
    refused(
        rules.CORRECTION_CHANGES,
        "与登记相同",
        *HANDLING,
        when=OFFICER(c.RequestCorrection(urgency=3, grid="grid", reason="核对")),
    ),
    refused(rules.CORRECTION_CHANGES, "什么也没改", *HANDLING, when=OFFICER(c.RequestCorrection(reason="核对"))),
    passes(rules.CORRECTION_CHANGES, "改紧急程度", *HANDLING, when=OFFICER(CORRECT), then=[CorrectionRequested]),
    passes(
        rules.CORRECTION_CHANGES,
        "只改情况说明",
        *HANDLING,
        when=OFFICER(c.RequestCorrection(description="三栋楼下", reason="说错了楼")),
        then=[CorrectionRequested],
    ),
    refused(
        rules.GRID_KNOWN,
        "改到不在册的网格",
        *HANDLING,
        when=OFFICER(c.RequestCorrection(grid="grid-9", reason="走错")),
        says="网格或楼栋“grid-9”不在册，请核对后再报。",
    ),
    refused(
        rules.CORRECTION_KEEPS_RULES,
        "没到过场就办结的，不能改成突发事件",
        *UNATTENDED,
        when=OFFICER(c.RequestCorrection(kind=Kind.EMERGENCY, reason="登记有误")),
    ),
    refused(
        rules.CORRECTION_KEEPS_RULES,
        "到过场但没协调过的，不能改成纠纷",
        *until(Stage.CLOSED, Kind.EMERGENCY),
        when=OFFICER(c.RequestCorrection(kind=Kind.DISPUTE, reason="登记有误")),
    ),
    refused(
        rules.CORRECTION_KEEPS_RULES,
        "申请时还在处置，批复时已办结",
        *HANDLING,
        OFFICER(c.RequestCorrection(kind=Kind.EMERGENCY, reason="登记有误")),
        OFFICER(SOLVED),
        when=SECRETARY(c.GrantCorrection()),
    ),
    passes(
        rules.CORRECTION_KEEPS_RULES,
        "核查不通过，退回处置，可以改成突发事件",
        *UNATTENDED,
        DISTRICT(c.FailCheck(reason="没修好")),
        when=OFFICER(c.RequestCorrection(kind=Kind.EMERGENCY, reason="登记有误")),
        then=[CorrectionRequested],
    ),
    passes(
        rules.CORRECTION_KEEPS_RULES,
        "到过场的，可以改成突发事件",
        *until(Stage.CLOSED, Kind.HARDSHIP),
        when=OFFICER(c.RequestCorrection(kind=Kind.EMERGENCY, reason="登记有误")),
        then=[CorrectionRequested],
    ),
    passes(
        rules.CORRECTION_KEEPS_RULES,
        "还在处置，可以改成突发事件",
        *HANDLING,
        when=OFFICER(c.RequestCorrection(kind=Kind.EMERGENCY, reason="登记有误")),
        then=[CorrectionRequested],
    ),
]

APPEALS = [
    refused(rules.APPEAL_WHEN_LATE, "正好两小时办结，没有超时", *resolved_after(hours(2)), when=OFFICER(APPEAL)),
    passes(
        rules.APPEAL_WHEN_LATE, "超时一秒办结", *LATE, when=OFFICER(APPEAL), then=[TimeoutAppealed(reason="道路中断")]
    ),
    refused(
        rules.APPEAL_ONCE, "维持后再申诉", *LATE, OFFICER(APPEAL), SECRETARY(c.UpholdTimeout()), when=OFFICER(APPEAL)
    ),
    passes(
        rules.APPEAL_ONCE,
        "第一次申诉，免责",
        *LATE,
        OFFICER(APPEAL),
        when=SECRETARY(c.ExemptTimeout()),
        then=[TimeoutExempted()],
    ),
    passes(
        rules.APPEAL_ONCE,
        "第一次申诉，维持",
        *LATE,
        OFFICER(APPEAL),
        when=SECRETARY(c.UpholdTimeout()),
        then=[TimeoutUpheld()],
    ),
]


@pytest.mark.parametrize("row", [*ONE_ASKS, *ANOTHER_GRANTS, *CORRECTIONS, *APPEALS], ids=str)
def test_requests(row: Row) -> None:
    row.check()


def test_a_correction_says_what_was_and_what_is() -> None:
    scene = Scene().play(*HANDLING)
    was = scene.case.standing
    moved = c.RequestCorrection(grid="grid-2", building="building-2", category="0202", reason="走错网格")
    [granted] = scene.play(OFFICER(moved)).take(SECRETARY(c.GrantCorrection()))
    assert isinstance(granted, CorrectionGranted)
    assert (granted.was, granted.standing) == (was, scene.case.standing)
    assert (granted.standing.place.grid, granted.standing.place.building) == ("grid-2", "building-2")
    assert (granted.standing.kind, granted.standing.urgency, granted.standing.category) == (
        was.kind,
        was.urgency,
        "0202",
    )
    assert scene.play(OFFICER(CORRECT)).take(SECRETARY(c.RefuseCorrection())) == [CorrectionRefused()]


@pytest.mark.parametrize("began_at", [MORNING + days(1), MORNING + days(400)], ids=["after the report", "next year"])
def test_a_correction_cannot_say_that_the_trouble_began_after_it_was_reported(began_at: datetime) -> None:
    scene = Scene().play(*HANDLING)
    assert refusal(scene, OFFICER(c.RequestCorrection(began_at=began_at, reason="记错")))[0] == rules.BEGAN_BEFORE


def test_a_void_case_says_so_and_stays_in_the_files() -> None:
    written: list[IncidentEvent] = []
    scene = Scene().play(OFFICER(report()))
    for move in (OFFICER(VOID), STREET(c.RefuseVoid()), OFFICER(VOID), STREET(c.GrantVoid())):
        written += scene.take(move)
    assert [event.type.removeprefix("incident.void_") for event in written] == [
        "requested",
        "refused",
        "requested",
        "granted",
    ]
    assert scene.case.stage is Stage.VOIDED
