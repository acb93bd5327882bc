"""Random histories: whatever comes to somebody's mind is asked, and what the rules refuse is not done.

Everything is drawn from one seed, so a history that breaks something can be walked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random

from domain.incident import commands as c
from domain.incident.events.coordination import Promise
from domain.incident.events.handling import RefusalToMeet, Settlement
from domain.incident.state import Incident
from domain.incident.words import Answer, Capacity, Kind, OutcomeCode
from domain.model import Minor, Role
from domain.territory import Level
from tests.rules.recipes import PROMISED, RECIPES
from tests.rules.scene import (
    AUDITOR,
    CASE,
    CHECKER,
    COLLEAGUE,
    DISTRICT,
    LEAD,
    LIN,
    MEETING,
    MORNING,
    NEIGHBOUR,
    OFFICER,
    OTHER,
    RESIDENT,
    SECOND,
    SECRETARY,
    STREET,
    THIRD,
    ZENG,
    Actor,
    Asked,
    Move,
    days,
    hours,
    minutes,
    report,
)

NAMES = (CASE, OTHER, THIRD)
PEOPLE = (OFFICER, COLLEAGUE, SECRETARY, STREET, DISTRICT, LEAD, CHECKER, AUDITOR, RESIDENT, NEIGHBOUR)
ONWARD = {
    *("accept", "arrive", "hold-meeting", "sign-for", "resolve", "pass-check", "follow-up", "close", "archive"),
    *("appeal-timeout", "exempt-timeout"),
}
ASKED = [command for command in c.ALL if command is not c.RedactText]
"""All but what is asked of a case for somebody's sake who is to be forgotten."""
CHILD = Minor(subject="s-child", name="小林", guardian=LIN)
STRANGERS = {"reporter": None}, {"reporter": ZENG}, {"reporter": LIN}, {"reporter": ZENG, "on_behalf_of": CHILD}
FAILED = MEETING.model_copy(update={"agreement": "", "failed": True})
DELAYS = (minutes(0), *[minutes(3)] * 12, *[minutes(50)] * 4, hours(5), days(1), days(9))
CLAIMS = (*[None] * 9, minutes(-5), minutes(-29), minutes(-40), minutes(-300), 30 * SECOND, 90 * SECOND)

Varied = Callable[[Random, Incident], Asked]


def _amount(draw: Random, of: int) -> int:
    return draw.choice((1, 700, 10000, of or 5))


def _action(draw: Random, case: Incident) -> Asked:
    settled = Settlement(parties=("甲", "乙"), terms="各让一步")
    extra = draw.choice(({}, {"settlement": settled}, {"refusal": RefusalToMeet(capacity=Capacity.PARTY)}))
    return c.TakeAction.model_validate({"note": "处置", **extra})


def _promises(draw: Random, case: Incident) -> Asked:
    promise = Promise(who="改门业主", what="恢复原门", due=MORNING + days(3))
    return draw.choice((PROMISED, MEETING, FAILED, PROMISED.model_copy(update={"commitments": (promise, promise)})))


def _correction(draw: Random, case: Incident) -> Asked:
    changes = {"kind": draw.choice(list(Kind)), "urgency": draw.randint(1, 4), "grid": draw.choice(("grid", "grid-2"))}
    field = draw.choice(list(changes))
    return c.RequestCorrection.model_validate({field: changes[field], "reason": "登记有误"})


def _answer(draw: Random, case: Incident) -> Asked:
    person, answer = draw.choice(list(case.voices)), draw.choice(list(Answer))
    if answer in (Answer.UNREACHABLE, Answer.NOT_APPLICABLE):
        return c.FollowUp(person=person, answer=answer)
    more = Random(f"{person} {case.advanced_at}")  # its own, so that the histories of all seeds stay what they are
    responded, solved = (more.choice((None, True, False)) for _ in range(2))
    return c.FollowUp(person=person, answer=answer, responded=responded, solved=solved)


VARIED: dict[str, Varied] = {
    "dispatch": lambda draw, case: c.Dispatch(lead="unit-lead", binding=draw.random() < 0.3),
    "assign": lambda draw, case: c.Assign(officer=draw.choice(PEOPLE).id),
    "take-action": _action,
    "hold-meeting": _promises,
    "keep-commitment": lambda draw, case: c.KeepCommitment(commitment=draw.randint(1, 3)),
    "break-commitment": lambda draw, case: c.BreakCommitment(commitment=draw.randint(1, 3)),
    "escalate": lambda draw, case: c.Escalate(to=draw.choice(list(Level)), reason=draw.choice(("", "险情紧急"))),
    "answer-help": lambda draw, case: c.AnswerHelp(help=draw.randint(1, 2), came=("易杰",), finding="没有隐患"),
    "request-correction": _correction,
    "advance-cost": lambda draw, case: c.AdvanceCost(amount=_amount(draw, 0), advancer=draw.choice(PEOPLE).id),
    "pay-cost": lambda draw, case: c.PayCost(amount=_amount(draw, case.purse.balance), purpose="买水泵"),
    "refund-payment": lambda draw, case: c.RefundPayment(amount=_amount(draw, case.purse.paid)),
    "return-contribution": lambda draw, case: c.ReturnContribution(
        amount=_amount(draw, case.purse.balance), fund=draw.choice((None, "fund-grid"))
    ),
    "reimburse-cost": lambda draw, case: c.ReimburseCost(
        amount=_amount(draw, case.purse.outstanding),
        advancer=draw.choice([*case.purse.owed, "officer"]),
        fund="fund-grid",
    ),
    "resolve": lambda draw, case: c.Resolve(outcome_code=draw.choice(list(OutcomeCode)), outcome="已了结"),
    "follow-up": _answer,
    "close": lambda draw, case: c.Close(reason_not_reopening=draw.choice(("", "已说明"))),
    "merge": lambda draw, case: c.Merge(into=draw.choice(NAMES)),
}


class Walk:
    """Thinks of the next move, given how the cases stand."""

    def __init__(self, seed: int) -> None:
        self.draw = Random(seed)

    def next(self, cases: Mapping[str, Incident]) -> Move:
        draw = self.draw
        missing = [name for name in NAMES if name not in cases]
        if missing and (not cases or draw.random() < 0.1):
            return self._timed(OFFICER(self._report(), of=missing[0]))
        name = draw.choice(list(cases))
        case = cases[name]
        fitting = [known for known in ASKED if case.stage in known.stages]
        onward = [known for known in fitting if known.name in ONWARD]
        asked = (
            draw.choice(draw.choice((fitting, fitting, onward)) or ASKED)
            if draw.random() < 0.95
            else draw.choice(ASKED)
        )
        usual = RECIPES[asked.name].move
        command = VARIED[asked.name](draw, case) if asked.name in VARIED else usual.command
        return self._timed(self._somebody(usual.actor, command, case)(command, of=name))

    def _report(self) -> c.Report:
        draw = self.draw
        grid = draw.choice(("grid", "grid-2", "grid-of-street"))
        return report(draw.choice(list(Kind)), urgency=draw.randint(1, 4), grid=grid, **draw.choice(STRANGERS))

    def _somebody(self, usual: Actor, command: Asked, case: Incident) -> Actor:
        """Mostly who it falls to; sometimes anybody at all."""
        if self.draw.random() < 0.15:
            return self.draw.choice(PEOPLE)
        if not isinstance(command, c.FollowUp):
            return usual
        if command.answer in (Answer.UNREACHABLE, Answer.NOT_APPLICABLE):
            return COLLEAGUE
        return Actor(case.voices[command.person or ""].answers, Role.RESIDENT)

    def _timed(self, move: Move) -> Move:
        after: timedelta = self.draw.choice(DELAYS)
        return replace(move, after=after, claimed=self.draw.choice(CLAIMS))
