"""协调会、上报、吹哨报到、督办：help from beside and from above."""

import pytest

from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import (
    CommitmentBroken,
    CommitmentKept,
    Escalated,
    HelpAnswered,
    HelpRequested,
    MeetingConvened,
    MeetingHeld,
    Supervised,
)
from domain.incident.events.coordination import Attendance, Promise
from domain.incident.keys import keys_of
from domain.incident.words import Capacity, Card, HelpFrom, Stage
from domain.territory import Level
from tests.rules.rows import Row, passes, refused
from tests.rules.scene import (
    ANOTHER_UNIT,
    CLOCKS,
    DISTRICT,
    MEETING,
    MORNING,
    OFFICER,
    SECRETARY,
    STREET,
    Scene,
    days,
    until,
)

ACCEPTED, HANDLING = until(Stage.ACCEPTED), until(Stage.HANDLING)
PARTY, OWNERS = MEETING.attendance
WILL_RESTORE = Promise(who="改门业主", what="恢复原门", due=MORNING + days(3))
AGREED = c.HoldMeeting(attendance=(PARTY, OWNERS), agreement="恢复原门", commitments=(WILL_RESTORE,))
WHISTLE = c.RequestHelp(source=HelpFrom.CHECKED_IN, whom="expert-yi", request="请检测积水")
CAME = c.AnswerHelp(help=1, came=("易杰",), finding="没有隐患")
YELLOW = c.Supervise(card=Card.YELLOW, demand="三日内报告")
TO_COMMUNITY, TO_STREET = OFFICER(c.Escalate(to=Level.COMMUNITY)), SECRETARY(c.Escalate(to=Level.STREET))

MEETINGS = [
    refused(
        rules.MEETING_TWO_SIDES,
        "一方不成会",
        *HANDLING,
        when=SECRETARY(c.HoldMeeting(attendance=(PARTY,), agreement="恢复原门")),
    ),
    refused(
        rules.MEETING_TWO_SIDES,
        "两个人，同一方",
        *HANDLING,
        when=SECRETARY(
            c.HoldMeeting(attendance=(PARTY, Attendance(capacity=Capacity.PARTY, name="家属")), agreement="恢复原门")
        ),
    ),
    refused(rules.MEETING_TWO_SIDES, "没有人来", *HANDLING, when=SECRETARY(c.HoldMeeting(attendance=(), failed=True))),
    passes(
        rules.MEETING_TWO_SIDES,
        "两方到会",
        *HANDLING,
        when=SECRETARY(AGREED),
        then=[MeetingHeld(attendance=(PARTY, OWNERS), agreement="恢复原门", commitments=(WILL_RESTORE,))],
    ),
    refused(
        rules.AGREED_OR_FAILED,
        "既没达成也没说未达成",
        *HANDLING,
        when=SECRETARY(MEETING.model_copy(update={"agreement": ""})),
    ),
    refused(
        rules.AGREED_OR_FAILED,
        "达成了又说未达成",
        *HANDLING,
        when=SECRETARY(MEETING.model_copy(update={"failed": True})),
    ),
    refused(
        rules.AGREED_OR_FAILED,
        "未达成，却列了承诺",
        *HANDLING,
        when=SECRETARY(AGREED.model_copy(update={"failed": True, "agreement": ""})),
    ),
    passes(
        rules.AGREED_OR_FAILED,
        "未能达成一致",
        *HANDLING,
        when=SECRETARY(c.HoldMeeting(attendance=(PARTY, OWNERS), failed=True)),
        then=[MeetingHeld(attendance=(PARTY, OWNERS), failed=True)],
    ),
]

COMMITMENTS = [
    refused(
        rules.COMMITMENT_OPEN,
        "没有承诺过",
        *HANDLING,
        SECRETARY(MEETING),
        when=OFFICER(c.KeepCommitment(commitment=1)),
        says="没有第1项待兑现的承诺。",
    ),
    refused(
        rules.COMMITMENT_OPEN,
        "只承诺了一项",
        *HANDLING,
        SECRETARY(AGREED),
        when=OFFICER(c.BreakCommitment(commitment=2)),
        says="没有第2项待兑现的承诺。",
    ),
    refused(
        rules.COMMITMENT_OPEN,
        "已登记未兑现，不能再登记兑现",
        *HANDLING,
        SECRETARY(AGREED),
        OFFICER(c.BreakCommitment(commitment=1)),
        when=OFFICER(c.KeepCommitment(commitment=1)),
        says="没有第1项待兑现的承诺。",
    ),
    passes(
        rules.COMMITMENT_OPEN,
        "兑现唯一的承诺",
        *HANDLING,
        SECRETARY(AGREED),
        when=OFFICER(c.KeepCommitment(commitment=1)),
        then=[CommitmentKept(commitment=1)],
    ),
    passes(
        rules.COMMITMENT_OPEN,
        "两次会的承诺连着编号",
        *HANDLING,
        SECRETARY(AGREED),
        SECRETARY(AGREED),
        OFFICER(c.KeepCommitment(commitment=1)),
        when=OFFICER(c.BreakCommitment(commitment=2)),
        then=[CommitmentBroken(commitment=2)],
    ),
]

ESCALATIONS = [
    refused(
        rules.ESCALATE_UPWARD,
        "已在社区，不能再报社区",
        *ACCEPTED,
        TO_COMMUNITY,
        when=SECRETARY(c.Escalate(to=Level.COMMUNITY)),
        says="只能上报到比“社区”更高、且本地设有的层级。",
    ),
    refused(
        rules.ESCALATE_UPWARD,
        "不能往下报",
        *ACCEPTED,
        TO_COMMUNITY,
        when=SECRETARY(c.Escalate(to=Level.GRID)),
        says="只能上报到比“社区”更高、且本地设有的层级。",
    ),
    refused(
        rules.ESCALATE_UPWARD,
        "小区不接上报",
        *ACCEPTED,
        when=OFFICER(c.Escalate(to=Level.ESTATE)),
        says="只能上报到比“网格”更高、且本地设有的层级。",
    ),
    refused(
        rules.ESCALATE_UPWARD,
        "街道直管的网格没有社区",
        *until(Stage.ACCEPTED, grid="grid-of-street"),
        when=OFFICER(c.Escalate(to=Level.COMMUNITY)),
        says="只能上报到比“网格”更高、且本地设有的层级。",
    ),
    passes(
        rules.ESCALATE_UPWARD,
        "网格报社区",
        *ACCEPTED,
        when=TO_COMMUNITY,
        then=[Escalated(from_level=Level.GRID, to_level=Level.COMMUNITY)],
    ),
    refused(rules.SKIP_NEEDS_REASON, "越级不说理由", *ACCEPTED, when=OFFICER(c.Escalate(to=Level.STREET))),
    passes(
        rules.SKIP_NEEDS_REASON,
        "越级写明理由",
        *ACCEPTED,
        when=OFFICER(c.Escalate(to=Level.DISTRICT, reason="险情紧急")),
        then=[Escalated(from_level=Level.GRID, to_level=Level.DISTRICT, skipped=True, reason="险情紧急")],
    ),
    passes(
        rules.SKIP_NEEDS_REASON,
        "没有社区，报街道不算越级",
        *until(Stage.ACCEPTED, grid="grid-of-street"),
        when=OFFICER(c.Escalate(to=Level.STREET)),
        then=[Escalated(from_level=Level.GRID, to_level=Level.STREET)],
    ),
]

HELP = [
    refused(rules.HELP_OPEN, "没有吹过哨", *ACCEPTED, when=ANOTHER_UNIT(CAME), says="没有第1号待回应的吹哨。"),
    refused(
        rules.HELP_OPEN,
        "已经回应过",
        *ACCEPTED,
        SECRETARY(WHISTLE),
        ANOTHER_UNIT(CAME),
        when=ANOTHER_UNIT(CAME),
        says="没有第1号待回应的吹哨。",
    ),
    passes(
        rules.HELP_OPEN,
        "应哨而来",
        *ACCEPTED,
        SECRETARY(WHISTLE),
        when=ANOTHER_UNIT(CAME),
        then=[HelpAnswered(help=1, came=("易杰",), finding="没有隐患")],
    ),
]

SUPERVISIONS = [
    refused(rules.SUPERVISE_FROM_ABOVE, "网格员督办自己", *ACCEPTED, when=OFFICER(YELLOW)),
    refused(
        rules.SUPERVISE_FROM_ABOVE,
        "案件已到街道，社区督不动",
        *ACCEPTED,
        TO_COMMUNITY,
        TO_STREET,
        when=SECRETARY(YELLOW),
    ),
    refused(rules.SUPERVISE_FROM_ABOVE, "平级督办", *ACCEPTED, TO_COMMUNITY, TO_STREET, when=STREET(YELLOW)),
    refused(rules.SUPERVISE_FROM_ABOVE, "部门没有层级", *ACCEPTED, when=ANOTHER_UNIT(YELLOW)),
    passes(
        rules.SUPERVISE_FROM_ABOVE,
        "上一级发黄牌",
        *ACCEPTED,
        TO_COMMUNITY,
        TO_STREET,
        when=DISTRICT(YELLOW),
        then=[Supervised(card=Card.YELLOW, level=Level.DISTRICT, demand="三日内报告")],
    ),
]


@pytest.mark.parametrize("row", [*MEETINGS, *COMMITMENTS, *ESCALATIONS, *HELP, *SUPERVISIONS], ids=str)
def test_coordination(row: Row) -> None:
    row.check()


def test_a_meeting_is_convened_and_calls_are_numbered() -> None:
    scene = Scene().play(*HANDLING)
    convene = c.ConveneMeeting(meets_at=MORNING + days(1), invited=(Capacity.PARTY,), agenda="改门")
    invited = MeetingConvened(meets_at=MORNING + days(1), invited=(Capacity.PARTY,), agenda="改门")
    assert scene.take(SECRETARY(convene)) == [invited]
    calls = [event for _ in range(2) for event in scene.take(SECRETARY(WHISTLE)) if isinstance(event, HelpRequested)]
    assert [call.help for call in calls] == [1, 2]
    scene.play(ANOTHER_UNIT(CAME.model_copy(update={"help": 2})))
    assert scene.case.calls == (True, False)


def test_a_case_climbs_step_by_step_to_the_city() -> None:
    scene = Scene().play(*ACCEPTED)
    for level in (Level.COMMUNITY, Level.STREET, Level.DISTRICT, Level.CITY):
        scene.play(OFFICER(c.Escalate(to=level)))
        assert keys_of(scene.case, CLOCKS).held_by is level
