"""文章里的三件事: who did what, when. Times the article does not give are plausible ones, stated here only."""

from __future__ import annotations

from dataclasses import dataclass

from domain.incident import commands as c
from domain.incident.events.coordination import Attendance, Promise
from domain.incident.words import Answer, Capacity, HelpFrom, Kind, OutcomeCode, Source
from domain.model import Command, Fen, Person
from domain.territory import Level


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing done in a story: at this local time, by this person, to this case."""

    at: str
    case: str
    actor: str
    command: Command


ZENG = Person(subject="s-zeng-zhuying", name="曾竹英")
NEIGHBOUR = Person(subject="s-yunjian-neighbour", name="受阻的邻居")
RESIDENTS = [Person(subject=f"s-changwanli-{n}", name=f"长湾里居民{n}") for n in (1, 2, 3)]


def _contribution(amount: Fen, giver: str) -> c.ReceiveContribution:
    return c.ReceiveContribution(amount=amount, giver=giver)


SEWAGE = [
    Deed(
        "2020-01-24 20:10",
        "huafenchi",
        "officer-ge",
        c.Report(
            kind=Kind.EMERGENCY,
            urgency=1,
            category="0103",
            grid="grid-chuangdan-1",
            building="building-chuangdan-1-2",
            source=Source.HOTLINE,
            description="除夕夜，楼栋化粪池外溢，污水遍地，联系不到维修师傅",
            address="床单厂小区2栋楼前",
            reporter=ZENG,
        ),
    ),
    Deed("2020-01-24 20:22", "huafenchi", "officer-ge", c.Arrive(note="污水漫到单元门口，先拉绳绕行")),
    Deed("2020-01-24 20:30", "huafenchi", "officer-ge", c.TakeAction(note="多方打电话，找到一位肯来的维修师傅")),
    Deed(
        "2020-01-24 21:15",
        "huafenchi",
        "officer-ge",
        c.AdvanceCost(amount=80000, advancer="officer-ge", purpose="化粪池疏通修复"),
    ),
    Deed("2020-01-24 21:50", "huafenchi", "officer-ge", c.PayCost(amount=80000, purpose="疏通修复", payee="维修师傅")),
    Deed(
        "2020-01-24 21:55",
        "huafenchi",
        "officer-ge",
        c.Resolve(outcome_code=OutcomeCode.SOLVED, outcome="管道疏通，化粪池修好，楼前冲洗干净"),
    ),
    Deed("2020-01-24 22:20", "huafenchi", "checker-li", c.PassCheck(note="照片与现场一致")),
    Deed(
        "2020-01-25 09:10",
        "huafenchi",
        ZENG.subject,
        c.FollowUp(answer=Answer.SATISFIED, note="大过年的，葛主任很快就来了，还自己垫了钱"),
    ),
    Deed("2020-01-25 09:30", "huafenchi", "secretary-sanjiaoping", c.Close()),
    Deed(
        "2020-02-03 10:00",
        "huafenchi",
        "secretary-sanjiaoping",
        c.ReimburseCost(amount=80000, advancer="officer-ge", fund="fund-grid"),
    ),
    Deed("2020-02-03 10:20", "huafenchi", "secretary-sanjiaoping", c.Archive()),
]

DOOR = [
    Deed(
        "2020-04-13 09:05",
        "gaimen",
        "officer-zhang",
        c.Report(
            kind=Kind.DISPUTE,
            urgency=3,
            category="1102",
            grid="grid-yunjian-3",
            source=Source.PATROL,
            description="一户违规装修私自改门，公共通行道受阻，邻居多次上门协商无果",
            reporter=NEIGHBOUR,
        ),
    ),
    Deed("2020-04-13 10:30", "gaimen", "officer-zhang", c.Arrive(note="新门外开，通行道只剩半米")),
    Deed("2020-04-13 10:45", "gaimen", "officer-zhang", c.Escalate(to=Level.COMMUNITY)),
    Deed(
        "2020-04-13 15:00",
        "gaimen",
        "secretary-yunjian",
        c.ConveneMeeting.model_validate(
            {
                "meets_at": "2020-04-15T15:00:00+08:00",
                "invited": ["grid", "party", "owners", "property"],
                "agenda": "私自改门堵塞通行道",
            }
        ),
    ),
    Deed(
        "2020-04-15 16:20",
        "gaimen",
        "secretary-yunjian",
        c.HoldMeeting(
            attendance=(
                Attendance(capacity=Capacity.GRID, name="张令娣"),
                Attendance(capacity=Capacity.PARTY, name="改门业主"),
                Attendance(capacity=Capacity.OWNERS, name="业主代表"),
                Attendance(capacity=Capacity.PROPERTY, name="物业经理", unit="unit-property"),
            ),
            agreement="讲清法律政策、说明利害关系，业主同意恢复原门",
            commitments=(
                Promise.model_validate(
                    {"who": "改门业主", "what": "拆除新门，恢复原状", "due": "2020-04-19T18:00:00+08:00"}
                ),
            ),
        ),
    ),
    Deed("2020-04-17 11:00", "gaimen", "officer-zhang", c.KeepCommitment(commitment=1, note="原门已恢复，通行道畅通")),
    Deed(
        "2020-04-17 11:10",
        "gaimen",
        "officer-zhang",
        c.Resolve(outcome_code=OutcomeCode.SETTLED, outcome="违规业主已整改"),
    ),
    Deed("2020-04-17 11:50", "gaimen", "checker-li", c.PassCheck(note="到现场复看，通行道恢复原宽")),
    Deed("2020-04-18 10:00", "gaimen", NEIGHBOUR.subject, c.FollowUp(answer=Answer.SATISFIED)),
    Deed("2020-04-18 10:30", "gaimen", "secretary-yunjian", c.Close()),
]


def _flooded(reporter: Person, description: str) -> c.Report:
    return c.Report(
        kind=Kind.EMERGENCY,
        urgency=2,
        category="0101",
        grid="grid-changwanli-2",
        source=Source.VISIT,
        description=description,
        address="长湾里社区一楼栋地下层",
        reporter=reporter,
    )


BASEMENT = [
    Deed("2020-07-06 08:40", "jishui", "officer-chen", _flooded(RESIDENTS[0], "楼栋地下层积水较深，担心有安全隐患")),
    Deed("2020-07-06 09:00", "jishui", "officer-chen", c.Arrive(note="积水没过小腿，暂无法判断地基情况")),
    Deed("2020-07-06 09:30", "jishui-2", "officer-chen", _flooded(RESIDENTS[1], "地下层全是水，楼会不会有事")),
    Deed("2020-07-06 10:10", "jishui-3", "officer-chen", _flooded(RESIDENTS[2], "地下室积水多日，多次反映")),
    Deed("2020-07-06 11:00", "jishui", "officer-chen", c.Escalate(to=Level.COMMUNITY)),
    Deed(
        "2020-07-06 14:30",
        "jishui",
        "secretary-changwanli",
        c.RequestHelp(source=HelpFrom.CHECKED_IN, whom="expert-yi", request="请带队检测楼栋地下层积水是否危及安全"),
    ),
    Deed(
        "2020-07-06 14:55",
        "jishui",
        "expert-yi",
        c.AnswerHelp(help=1, came=("易杰", "矿山救援队队员"), finding="带设备检测，楼栋没有安全隐患，建议尽快抽干"),
    ),
    Deed("2020-07-06 17:00", "jishui", "secretary-changwanli", _contribution(60000, "党员中心户")),
    Deed("2020-07-06 18:30", "jishui", "secretary-changwanli", _contribution(45000, "小区住户")),
    Deed("2020-07-06 18:35", "jishui", "secretary-changwanli", _contribution(15000, "小区住户")),
    Deed("2020-07-06 19:30", "jishui", "officer-chen", c.PayCost(amount=118000, purpose="购买抽水机", payee="机电店")),
    Deed("2020-07-06 22:40", "jishui", "officer-chen", c.TakeAction(note="抽水机连续作业，积水抽干，地面清淤")),
    Deed(
        "2020-07-06 23:00",
        "jishui",
        "officer-chen",
        c.Resolve(outcome_code=OutcomeCode.SOLVED, outcome="积水抽干，检测无安全隐患"),
    ),
    Deed("2020-07-06 23:40", "jishui", "checker-li", c.PassCheck(note="地下层无积水")),
    *(
        Deed("2020-07-07 09:00", "jishui", person.subject, c.FollowUp(person=person.subject, answer=Answer.SATISFIED))
        for person in RESIDENTS
    ),
    Deed("2020-07-07 10:00", "jishui", "secretary-changwanli", c.ReturnContribution(amount=2000, fund="fund-huimin")),
    Deed("2020-07-07 10:10", "jishui", "secretary-changwanli", c.Close()),
]

MERGES = {"jishui-2": "jishui", "jishui-3": "jishui"}
"""Duplicates, merged into their primary as soon as they are reported."""

STORIES: dict[str, list[Deed]] = {
    "床单厂小区化粪池": SEWAGE,
    "云箭社区违规改门": DOOR,
    "长湾里社区地下室积水": BASEMENT,
}
