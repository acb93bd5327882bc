"""How cases go in a district: who does what, how long after, told as deeds drawn from a seeded source.

A course is lazy: before each deed it sees the case as it stands. A deed that a rule refuses is simply
not done. How often something happens is a guess of the right order, not a statistic.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from domain.casework.open_cases import OpenCase
from domain.incident import commands as c
from domain.incident.events.coordination import Attendance, Promise
from domain.incident.events.handling import Settlement
from domain.incident.state import Incident
from domain.incident.voices import ANONYMOUS, Voice
from domain.incident.words import MUST_ATTEND, Answer, Capacity, Card, HelpFrom, Kind, OutcomeCode, Source, Stage
from domain.model import Person
from domain.territory import Level, Staff
from tests.bench.deeds import DAY, Deed
from tests.bench.district import Crew
from tests.bench.requests import CATEGORIES, URGENCY, appealed, corrected, delayed

KINDS = {Kind.EMERGENCY: 2, Kind.HARDSHIP: 1, Kind.DISPUTE: 2, Kind.ORDINARY: 6}
TROUBLES = (
    "楼栋化粪池外溢，污水流到路面，住户出入困难，联系不到维修师傅",
    "楼道堆放杂物堵塞消防通道，多次劝说无效，请尽快协调处理",
    "地下室积水已有半米，水泵损坏，担心影响楼栋安全",
    "独居老人家中漏水，被褥被浸湿，需要帮助联系物业和亲属",
)
ARRIVE = c.Arrive(note="到场查看，先做好安全防护")
NOTES = ("联系维修师傅到场疏通管道，先拉警戒线，提醒住户绕行", "已与双方分别谈话，约定当晚再次上门查看进展情况")


def report(crew: Crew, subject: str, neighbour: Incident | None, rnd: Random) -> tuple[Staff, c.Report]:
    """What a case begins with: by hotline, app or visit from somebody, or seen on patrol.

    Now and then it is what the last open case of the grid, `neighbour`, is about.
    """
    [kind] = rnd.choices(list(KINDS), list(KINDS.values()))
    [source] = rnd.choices([Source.HOTLINE, Source.APP, Source.VISIT, Source.PATROL], [4, 3, 1, 2])
    again = neighbour.standing if neighbour and rnd.random() < 0.1 else None
    patrol = source is Source.PATROL
    at_home = crew.buildings and rnd.random() < 0.6
    command = c.Report(
        kind=again.kind if again else kind,
        urgency=again.urgency if again else URGENCY[kind],
        category=again.category if again else rnd.choice(CATEGORIES),
        grid=crew.grid,
        building=rnd.choice(crew.buildings) if at_home else None,
        source=source,
        description=rnd.choice(TROUBLES),
        address=f"{crew.grid}号楼前",
        reporter=None if patrol else Person(subject=subject, name="某居民", phone="13800000000"),
    )
    return (crew.officer if patrol else crew.community), command


def course(case: OpenCase, crew: Crew, neighbour: str | None, rnd: Random) -> Iterator[Deed]:
    """Everything after the report. `neighbour` is an open case of the same grid, if there is one."""
    if rnd.random() < 0.04:
        yield Deed(rnd.uniform(2, 60), crew.community, c.Reject(reason="不属于本区管辖，已告知拨打市热线"))
    elif rnd.random() < 0.02 and case.state.reporter:
        soon = rnd.random() < 0.8
        yield Deed(rnd.uniform(5, 300 if soon else 40 * DAY), case.state.reporter, c.Withdraw(reason="已经自行解决"))
    elif rnd.random() < 0.7:
        yield Deed(rnd.uniform(1, 25), crew.community, c.Accept())
    if neighbour and rnd.random() < 0.1:
        yield from _duplicate(case, crew, neighbour, rnd)
    if rnd.random() < 0.5 and case.state.accepted:
        yield from _dispatched(case, crew, rnd)
    yield from corrected(crew, rnd)
    yield from _cycle(case, crew, rnd)
    while case.state.stage is Stage.CLOSED and rnd.random() < 0.04:
        yield Deed(rnd.uniform(1, 20) * DAY, crew.community, c.Reopen(reason="当事人反映同样的问题再次出现"))
        yield from _cycle(case, crew, rnd)
    if case.state.stage is Stage.CLOSED and rnd.random() < 0.2:
        yield from appealed(crew, rnd)
    if case.state.stage is Stage.CLOSED and rnd.random() < 0.7:
        yield Deed(rnd.uniform(1, 10) * DAY, crew.checker, c.Archive())


def _duplicate(case: OpenCase, crew: Crew, primary: str, rnd: Random) -> Iterator[Deed]:
    yield Deed(rnd.uniform(10, 120), crew.community, c.Merge(into=primary, reason="同一处问题，重复反映"))
    if rnd.random() < 0.15:
        yield Deed(rnd.uniform(10, 3 * DAY), crew.community, c.Unmerge(reason="并非同一件事，各办各的"))


def _dispatched(case: OpenCase, crew: Crew, rnd: Random) -> Iterator[Deed]:
    yield Deed(rnd.uniform(1, 25), crew.community, c.Dispatch(lead=crew.unit.unit or ""))
    if rnd.random() < 0.08:
        yield Deed(rnd.uniform(10, 300), crew.unit, c.Return(reason="属于市政管网，不在本单位职责内"))
        yield Deed(rnd.uniform(5, 60), crew.street, c.Dispatch(lead=crew.other_unit.unit or "", binding=True))
        yield Deed(rnd.uniform(5, 60), crew.other_unit, c.SignFor())
    else:
        yield Deed(rnd.uniform(5, 60), crew.unit, c.SignFor())
    yield Deed(rnd.uniform(1, 15), crew.community, c.Assign(officer=crew.officer.id))
    if rnd.random() < 0.02:
        yield Deed(rnd.uniform(5, 300), crew.community, c.HandOver(officer=crew.community.id, reason="轮休交接"))


def _cycle(case: OpenCase, crew: Crew, rnd: Random) -> Iterator[Deed]:
    """From the first step on site to the closing; a failed check sends it round again."""
    kind = case.state.standing.kind
    forgotten = kind in MUST_ATTEND and rnd.random() < 0.04
    if not forgotten and (kind in MUST_ATTEND or rnd.random() < 0.6):
        yield Deed(rnd.uniform(3, 90), crew.officer, ARRIVE)
    yield Deed(rnd.uniform(5, 120), crew.officer, c.TakeAction(note=rnd.choice(NOTES)))
    yield from _helped(case, crew, rnd)
    yield from delayed(case, crew, rnd)
    if kind is Kind.DISPUTE:
        yield from _mediated(case, crew, rnd)
    if forgotten and rnd.random() < 0.7:  # else it stays open: nobody may resolve what nobody has seen
        yield Deed(rnd.uniform(0.2, 6) * DAY, crew.officer, ARRIVE)
    if rnd.random() < 0.03:
        yield from _paid(crew, rnd)
    for _ in range(3):
        done = c.Resolve(outcome_code=OutcomeCode.SOLVED, outcome="已修复，现场清理完毕")
        yield Deed(rnd.uniform(10, 900), crew.officer, done)
        if rnd.random() < 0.94:
            yield Deed(rnd.uniform(5, 120), crew.checker, c.PassCheck(note="现场复核，情况属实"))
            break
        yield Deed(rnd.uniform(5, 120), crew.checker, c.FailCheck(reason="现场复核，仍有渗漏"))
        yield Deed(rnd.uniform(5, 300), crew.officer, c.TakeAction(note=rnd.choice(NOTES)))
    yield from _followed_up(case, crew, rnd)


def _helped(case: OpenCase, crew: Crew, rnd: Random) -> Iterator[Deed]:
    if rnd.random() < 0.08:
        reason = "超出本级处置能力，请上级协调"
        yield Deed(rnd.uniform(5, 200), crew.officer, c.Escalate(to=Level.COMMUNITY, reason=reason))
    if rnd.random() < 0.08:
        call = c.RequestHelp(source=HelpFrom.DEPARTMENT, whom=crew.unit.id, request="请派员携设备到场检测")
        yield Deed(rnd.uniform(5, 60), crew.community, call)
        answer = c.AnswerHelp(help=len(case.state.calls) or 1, came=("值班员",), finding="经检测，没有安全隐患")
        yield Deed(rnd.uniform(10, 120), crew.unit, answer)
    if rnd.random() < 0.02:
        yield Deed(rnd.uniform(60, 900), crew.street, c.Supervise(card=Card.YELLOW, demand="三日内报告处置进展"))


def _mediated(case: OpenCase, crew: Crew, rnd: Random) -> Iterator[Deed]:
    if rnd.random() < 0.3:
        settled = Settlement(parties=("甲方", "乙方"), terms="双方当场和解，各让一步")
        yield Deed(rnd.uniform(5, 60), crew.officer, c.TakeAction(note="现场调解", settlement=settled))
        return
    meets_at = case.recorded_at + timedelta(days=1)
    invited = (Capacity.PARTY, Capacity.OWNERS, Capacity.PROPERTY)
    call = c.ConveneMeeting(meets_at=meets_at, invited=invited, agenda="通行道纠纷")
    yield Deed(rnd.uniform(30, 300), crew.community, call)
    seats = tuple(Attendance(capacity=capacity, name="到会者") for capacity in invited)
    promise = Promise(who="当事人", what="拆除新门、恢复原状", due=case.recorded_at + timedelta(days=5))
    meeting = c.HoldMeeting(attendance=seats, agreement="恢复原门，让出通行道", commitments=(promise,))
    yield Deed(rnd.uniform(0.5, 2) * DAY, crew.community, meeting)
    promised = len(case.state.commitments) or 1
    kept = rnd.random() < 0.9
    step = c.KeepCommitment(commitment=promised) if kept else c.BreakCommitment(commitment=promised, note="到期未拆")
    yield Deed(rnd.uniform(1, 5) * DAY, crew.officer, step)


def _paid(crew: Crew, rnd: Random) -> Iterator[Deed]:
    fen = rnd.randrange(10_000, 200_000)
    advance = c.AdvanceCost(amount=fen, advancer=crew.officer.id, purpose="化粪池维修费")
    yield Deed(rnd.uniform(5, 60), crew.officer, advance)
    yield Deed(rnd.uniform(5, 60), crew.officer, c.PayCost(amount=fen, purpose="疏通修复", payee="维修师傅"))
    back = c.ReimburseCost(amount=fen, advancer=crew.officer.id, fund="fund-grid")
    yield Deed(rnd.uniform(0.1, 1) * DAY, crew.community, back)


def _followed_up(case: OpenCase, crew: Crew, rnd: Random) -> Iterator[Deed]:
    """Everybody affected is asked, some in vain; a duplicate merged meanwhile brings more people to ask."""
    for _ in range(3):
        for person, voice in list(case.state.voices.items()):
            yield from _asked(person, voice, crew, rnd)
        why = "已按规范处置，现有条件下不再重办"
        yield Deed(rnd.uniform(5, 60), crew.community, c.Close(reason_not_reopening=why))
        if case.state.stage is not Stage.CHECKED:
            return


def _asked(person: str, voice: Voice, crew: Crew, rnd: Random) -> Iterator[Deed]:
    if voice.answer is not None:
        return
    if voice.answers == ANONYMOUS:
        yield Deed(rnd.uniform(10, 60), crew.community, c.FollowUp(person=person, answer=Answer.NOT_APPLICABLE))
    elif rnd.random() < 0.05:
        for _ in range(3):
            yield Deed(rnd.uniform(0.6, 1) * DAY, crew.community, c.FollowUp(person=person, answer=Answer.UNREACHABLE))
    else:
        yield Deed(rnd.uniform(10, 900), voice.answers, _word(person, rnd))


def _word(person: str, rnd: Random) -> c.FollowUp:
    """What somebody says; two in three are asked whether anybody responded, and whether it is solved."""
    pleased, asked = rnd.random() < 0.9, rnd.random() < 0.67
    return c.FollowUp(
        person=person,
        answer=Answer.SATISFIED if pleased else Answer.UNSATISFIED,
        responded=rnd.random() < (0.98 if pleased else 0.7) if asked else None,
        solved=rnd.random() < (0.95 if pleased else 0.3) if asked else None,
        note="来得快，修得好" if pleased else "还是老样子",
    )
