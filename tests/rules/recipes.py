"""For every command on a case: what it takes that it may be asked, and who asks."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.incident import commands as c
from domain.incident.events.coordination import Promise
from domain.incident.words import Card, HelpFrom, Stage
from domain.territory import Level
from tests.rules.scene import (
    ANOTHER_UNIT,
    CHECKER,
    DISPATCH,
    DISTRICT,
    FORGOTTEN,
    LEAD,
    MEETING,
    MERGE,
    MORNING,
    OFFICER,
    OTHER,
    RESIDENT,
    SATISFIED,
    SECRETARY,
    SOLVED,
    STREET,
    SYSTEM,
    UNSATISFIED,
    Meanwhile,
    Move,
    days,
    until,
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """`first`: asked just before, in the same stage; `meanwhile`: on the way there."""

    move: Move
    first: tuple[Move, ...] = ()
    meanwhile: Meanwhile = field(default_factory=dict)

    def leading_to(self, stage: Stage) -> tuple[Move, ...]:
        """The life of a case up to this stage, in which the command wants nothing but to be allowed there."""
        done = stage in (Stage.MERGED, Stage.ARCHIVED) or (stage is Stage.VOIDED and self.meanwhile == asked(VOID))
        return until(stage, meanwhile={} if done else self.meanwhile)


PROMISED = MEETING.model_copy(
    update={"commitments": (Promise(who="改门业主", what="恢复原门", due=MORNING + days(3)),)}
)
CALL = SECRETARY(c.RequestHelp(source=HelpFrom.CHECKED_IN, whom="expert-yi", request="请检测积水"))
EXTENSION = OFFICER(c.RequestExtension(reason="等配件"))
SUSPENSION = OFFICER(c.RequestSuspension(until=MORNING + days(300), reason="等雨季过去"))
CORRECTION = OFFICER(c.RequestCorrection(urgency=2, reason="险情扩大"))
VOID = OFFICER(c.RequestVoid(reason="误报"))
APPEAL = OFFICER(c.AppealTimeout(reason="道路中断"))
LATE = {Stage.HANDLING: (OFFICER(c.TakeAction(note="配件到了"), after=days(60)),)}
ASSIGNED = SECRETARY(c.Assign(officer=OFFICER.id))
APPEALED = {**LATE, Stage.CLOSED: (APPEAL,)}
GIFT = SECRETARY(c.ReceiveContribution(amount=10000, giver="党员中心户"))
ADVANCE = SECRETARY(c.AdvanceCost(amount=10000, advancer=OFFICER.id))
PAYMENT = OFFICER(c.PayCost(amount=10000, purpose="买水泵"))


def asked(request: Move) -> Meanwhile:
    return {Stage.REPORTED: (request,)}


ALL = (
    Recipe(DISTRICT(c.Accept())),
    Recipe(DISTRICT(c.Reject(reason="不归本区"))),
    Recipe(RESIDENT(c.Withdraw(reason="已自行清走"))),
    Recipe(DISTRICT(DISPATCH)),
    Recipe(ASSIGNED),
    Recipe(OFFICER(c.HandOver(officer="colleague")), meanwhile={Stage.ACCEPTED: (ASSIGNED,)}),
    Recipe(LEAD(c.SignFor())),
    Recipe(LEAD(c.Return(reason="属于市政管网"))),
    Recipe(OFFICER(c.Arrive(note="到了"))),
    Recipe(OFFICER(c.TakeAction(note="先拉警戒线"))),
    Recipe(SECRETARY(c.ConveneMeeting(meets_at=MORNING + days(1)))),
    Recipe(SECRETARY(MEETING)),
    Recipe(OFFICER(c.KeepCommitment(commitment=1)), first=(SECRETARY(PROMISED),)),
    Recipe(OFFICER(c.BreakCommitment(commitment=1)), first=(SECRETARY(PROMISED),)),
    Recipe(OFFICER(c.Escalate(to=Level.COMMUNITY))),
    Recipe(CALL),
    Recipe(ANOTHER_UNIT(c.AnswerHelp(help=1, came=("易杰",), finding="没有隐患")), first=(CALL,)),
    Recipe(STREET(c.Supervise(card=Card.YELLOW, demand="三日内报告"))),
    Recipe(EXTENSION),
    Recipe(SECRETARY(c.GrantExtension()), first=(EXTENSION,)),
    Recipe(SECRETARY(c.RefuseExtension()), meanwhile=asked(EXTENSION)),
    Recipe(SUSPENSION),
    Recipe(SECRETARY(c.GrantSuspension()), first=(SUSPENSION,)),
    Recipe(SECRETARY(c.RefuseSuspension()), meanwhile=asked(SUSPENSION)),
    Recipe(OFFICER(c.Resume()), first=(SUSPENSION, SECRETARY(c.GrantSuspension()))),
    Recipe(CORRECTION),
    Recipe(SECRETARY(c.GrantCorrection()), first=(CORRECTION,)),
    Recipe(SECRETARY(c.RefuseCorrection()), meanwhile=asked(CORRECTION)),
    Recipe(VOID),
    Recipe(SECRETARY(c.GrantVoid()), first=(VOID,)),
    Recipe(SECRETARY(c.RefuseVoid()), meanwhile=asked(VOID)),
    Recipe(ADVANCE),
    Recipe(GIFT),
    Recipe(SECRETARY(c.GrantFund(amount=200, fund="fund-grid"))),
    Recipe(PAYMENT, first=(GIFT,)),
    Recipe(OFFICER(c.RefundPayment(amount=500)), first=(GIFT, PAYMENT)),
    Recipe(SECRETARY(c.ReturnContribution(amount=500)), first=(GIFT,)),
    Recipe(SECRETARY(c.ReimburseCost(amount=10000, advancer=OFFICER.id, fund="fund-grid")), first=(ADVANCE,)),
    Recipe(OFFICER(SOLVED)),
    Recipe(CHECKER(c.PassCheck())),
    Recipe(CHECKER(c.FailCheck(reason="仍有渗漏"))),
    Recipe(RESIDENT(SATISFIED)),
    Recipe(SECRETARY(c.Close()), first=(RESIDENT(SATISFIED),)),
    Recipe(SECRETARY(c.Reopen(reason="又外溢")), first=(RESIDENT(UNSATISFIED),)),
    Recipe(APPEAL, meanwhile=LATE),
    Recipe(SECRETARY(c.ExemptTimeout()), meanwhile=APPEALED),
    Recipe(SECRETARY(c.UpholdTimeout()), meanwhile=APPEALED),
    Recipe(CHECKER(c.Archive())),
    Recipe(SECRETARY(MERGE), first=until(Stage.HANDLING, of=OTHER)),
    Recipe(SECRETARY(c.Unmerge(reason="不是同一处"))),
    Recipe(
        RESIDENT(c.AddEvidence(digest="0" * 64, media_type="image/jpeg", size=204800)),
    ),
    Recipe(SECRETARY(c.RedactText(subject=FORGOTTEN))),
    Recipe(SYSTEM(c.CallDuty())),
    Recipe(SYSTEM(c.Redraw())),
    Recipe(SYSTEM(c.DetermineDeadlines())),
)
RECIPES = {recipe.move.command.name: recipe for recipe in ALL}
