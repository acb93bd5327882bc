"""延期与挂账：nothing is stretched once it is overdue, and nothing twice over."""

from datetime import datetime
from typing import Any

import pytest

from domain.clocks import SHANGHAI, Clocks
from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import (
    ExtensionGranted,
    ExtensionRequested,
    Resumed,
    SuspensionGranted,
    SuspensionRequested,
)
from domain.incident.words import Stage
from domain.model import Rule
from tests.rules.rows import Row, assert_written, passes, refusal, refused
from tests.rules.scene import (
    CLOCKS,
    DISPATCH,
    DISTRICT,
    LEAD,
    MORNING,
    OFFICER,
    SECOND,
    SECRETARY,
    SOLVED,
    Move,
    Scene,
    days,
    hours,
    minutes,
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


URGENT = (*until(Stage.REPORTED, urgency=1), DISTRICT(c.Accept()))
EXTENSIONS = [
    refused(
        rules.NOT_OVERDUE,
        "超时一秒",
        *URGENT,
        when=OFFICER(ASK, after=hours(2) + SECOND),
        says="本案已超过处置时限，不能再申请延期。",
    ),
    refused(
        rules.NOT_OVERDUE,
        "超时也不能挂账",
        *URGENT,
        when=OFFICER(SUSPEND, after=hours(2) + SECOND),
        says="本案已超过处置时限，不能再申请挂账。",
    ),
    passes(rules.NOT_OVERDUE, "正好到时限", *URGENT, when=OFFICER(ASK, after=hours(2)), then=[ExtensionRequested]),
    passes(
        rules.NOT_OVERDUE,
        "时限按申请时判断，批得晚不碍事",
        *URGENT,
        OFFICER(ASK, after=hours(2)),
        when=SECRETARY(GRANT, after=hours(1)),
        then=[ExtensionGranted],
    ),
    passes(
        rules.NOT_OVERDUE,
        "延期加一个原时限：四小时内都不算超时",
        *URGENT,
        *EXTENDED,
        when=OFFICER(ASK, after=hours(4) - minutes(2)),
        then=[ExtensionRequested],
    ),
    passes(
        rules.NOT_OVERDUE,
        "挂账期间不走时",
        *URGENT,
        *SUSPENDED,
        when=OFFICER(ASK, after=days(80)),
        then=[ExtensionRequested],
    ),
    refused(
        rules.NOT_OVERDUE,
        "挂账到期自行恢复计时",
        *URGENT,
        *SUSPENDED,
        when=OFFICER(ASK, after=days(91)),
        says="本案已超过处置时限，不能再申请延期。",
    ),
    passes(
        rules.NOT_OVERDUE,
        "还没立案，处置时限没有起算",
        *until(Stage.REPORTED, urgency=1),
        when=OFFICER(ASK, after=days(9)),
        then=[ExtensionRequested],
    ),
    refused(
        rules.EXTENSIONS_USED_UP,
        "第三次延期",
        *HANDLING,
        *EXTENDED,
        *EXTENDED,
        when=OFFICER(ASK),
        says="本案已延期2次，不能再延。",
    ),
    passes(rules.EXTENSIONS_USED_UP, "第二次延期", *HANDLING, *EXTENDED, when=OFFICER(ASK), then=[ExtensionRequested]),
    passes(
        rules.EXTENSIONS_USED_UP,
        "驳回不占次数",
        *HANDLING,
        *EXTENDED,
        OFFICER(ASK),
        SECRETARY(REFUSE),
        when=OFFICER(ASK),
        then=[ExtensionRequested],
    ),
]

SUSPENSIONS = [
    refused(
        rules.SUSPENDED_ONCE,
        "恢复后再次挂账",
        *HANDLING,
        *SUSPENDED,
        OFFICER(c.Resume()),
        when=OFFICER(SUSPEND),
        says="本案已挂账1次，不能再次挂账。",
    ),
    passes(
        rules.SUSPENDED_ONCE,
        "驳回不占次数",
        *HANDLING,
        OFFICER(SUSPEND),
        SECRETARY(c.RefuseSuspension()),
        when=OFFICER(SUSPEND),
        then=[SuspensionRequested(until=NOON + days(90), reason="等雨季过去")],
    ),
    refused(
        rules.SUSPENSION_AHEAD,
        "挂账超过一年",
        *HANDLING,
        when=OFFICER(SUSPEND.model_copy(update={"until": MORNING + minutes(5) + days(365) + SECOND})),
    ),
    passes(
        rules.SUSPENSION_AHEAD,
        "正好一年",
        *HANDLING,
        when=OFFICER(SUSPEND.model_copy(update={"until": MORNING + minutes(5) + days(365)})),
        then=[SuspensionRequested],
    ),
    refused(
        rules.SUSPENSION_AHEAD,
        "挂账到此刻",
        *HANDLING,
        when=OFFICER(SUSPEND.model_copy(update={"until": MORNING + minutes(5)})),
    ),
    refused(
        rules.SUSPENSION_AHEAD,
        "批复时已过期",
        *HANDLING,
        OFFICER(SUSPEND),
        when=SECRETARY(c.GrantSuspension(), after=days(91)),
    ),
    refused(
        rules.SUSPENSION_AHEAD,
        "批复时正好到期",
        *HANDLING,
        OFFICER(SUSPEND),
        when=SECRETARY(c.GrantSuspension(), after=NOON + days(90) - MORNING - minutes(5)),
    ),
    passes(
        rules.SUSPENSION_AHEAD,
        "批复时还没到期",
        *HANDLING,
        OFFICER(SUSPEND),
        when=SECRETARY(c.GrantSuspension(), after=days(89)),
        then=[SuspensionGranted(until=NOON + days(90))],
    ),
]


@pytest.mark.parametrize("row", [*EXTENSIONS, *SUSPENSIONS], ids=str)
def test_time_granted(row: Row) -> None:
    row.check()


def test_a_corrected_urgency_moves_the_time_to_handle() -> None:
    scene = Scene().play(*URGENT)
    assert scene.case.overdue(scene.now + hours(3), CLOCKS)
    scene.play(OFFICER(c.RequestCorrection(urgency=2, reason="险情已缓")), SECRETARY(c.GrantCorrection()))
    assert not scene.case.overdue(scene.now + hours(3), CLOCKS)


def test_a_suspension_stops_the_clock_until_it_ends_or_work_resumes() -> None:
    resumed = Scene().play(*URGENT, *SUSPENDED, OFFICER(c.Resume(), after=days(10)))
    by_itself = Scene().play(*URGENT, *SUSPENDED)
    ran = minutes(2)  # from the acceptance to the grant
    due = by_itself.case.handle_deadline(CLOCKS)
    assert due is not None
    assert due.due == NOON + days(90) + hours(2) - ran
    due = resumed.case.handle_deadline(CLOCKS)
    assert due is not None
    assert due.due == resumed.now + hours(2) - ran
    assert resumed.ask(OFFICER(c.Resume())) == []


@pytest.mark.parametrize("claimed", [minutes(0), minutes(-20)], ids=["now", "twenty minutes ago"])
def test_work_resumes_once(claimed: Any) -> None:
    """By content: nothing new, no error (domain.md §3), whatever time the second one claims."""
    scene = Scene().play(*HANDLING, *SUSPENDED, OFFICER(c.Resume(), after=days(1)))
    assert scene.ask(OFFICER(c.Resume(), claimed=claimed)) == []


def test_work_resumes_whatever_time_is_claimed_for_it() -> None:
    scene = Scene().play(*HANDLING, *SUSPENDED)
    assert_written(scene.take(OFFICER(c.Resume(), after=minutes(5), claimed=minutes(-20))), [Resumed])
    assert not scene.case.suspended(scene.now)


def test_resolving_ends_a_suspension() -> None:
    scene = Scene().play(*HANDLING, *SUSPENDED, OFFICER(SOLVED, after=days(1)))
    assert not scene.case.suspended(scene.now)


def test_reopening_gives_the_full_limit_and_all_chances_again() -> None:
    spent = (*EXTENDED, *EXTENDED, *SUSPENDED)
    scene = Scene().play(*until(Stage.CLOSED, meanwhile={Stage.HANDLING: spent}), OFFICER(c.Reopen(reason="又外溢")))
    assert [(clock.cycle, clock.started_at) for clock in scene.case.running] == [(2, scene.now)]
    assert_written(scene.take(OFFICER(ASK)), [ExtensionRequested])
    assert_written(scene.take(OFFICER(SUSPEND)), [SuspensionRequested])


def test_returns_never_stop_the_clock_nor_does_a_failed_check() -> None:
    bounced = Scene().play(*URGENT, DISTRICT(DISPATCH), LEAD(c.Return(reason="不归我")), DISTRICT(DISPATCH))
    assert bounced.case.overdue(MORNING + hours(3), CLOCKS)
    reworked = Scene().play(*until(Stage.RESOLVED, urgency=1), DISTRICT(c.FailCheck(reason="没修好")))
    assert reworked.case.overdue(MORNING + hours(3), CLOCKS)


LENIENT = CLOCKS.table_at(MORNING).model_copy(
    update={"version": "rules-2027.1", "returns": 5, "extensions": 9, "suspensions": 9}
)
CHANGED = Clocks({**CLOCKS.tables, LENIENT.version: LENIENT}, CLOCKS.calendars)
BACK = (LEAD(c.Return(reason="不归我")),)
SPENT = {
    "returns": ((*BACK, DISTRICT(DISPATCH), *BACK), DISTRICT(DISPATCH), rules.BINDING_AFTER_RETURNS),
    "extensions": ((*EXTENDED, *EXTENDED), OFFICER(ASK), rules.EXTENSIONS_USED_UP),
    "suspensions": ((*SUSPENDED, OFFICER(c.Resume())), OFFICER(SUSPEND), rules.SUSPENDED_ONCE),
}


@pytest.mark.parametrize(("spent", "more", "guard"), SPENT.values(), ids=SPENT)
def test_a_case_keeps_the_rule_table_it_was_reported_under(spent: tuple[Move, ...], more: Move, guard: Rule) -> None:
    """domain.md §4: versions of rule table and calendar are fixed at `reported`."""
    scene = Scene().play(*until(Stage.DISPATCHED), *spent)
    scene.clocks = CHANGED
    assert refusal(scene, more)[0] == guard
