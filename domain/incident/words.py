"""The vocabulary of a case: kinds, stages, outcomes, and the other codes its events carry."""

from __future__ import annotations

from operator import not_

from pydantic import Field

from domain.model import Category, Labelled, Model, Urgency
from domain.territory import Place


class Kind(Labelled):
    EMERGENCY = "emergency", "突发事件"
    HARDSHIP = "hardship", "居民困难意外"
    DISPUTE = "dispute", "邻里矛盾纠纷"
    ORDINARY = "ordinary", "一般事件"


MUST_ATTEND = frozenset({Kind.EMERGENCY, Kind.HARDSHIP, Kind.DISPUTE})
"""三必到."""


class Stage(Labelled):
    REPORTED = "reported", "待受理"
    ACCEPTED = "accepted", "待派遣"
    DISPATCHED = "dispatched", "待签收"
    HANDLING = "handling", "处置中"
    RESOLVED = "resolved", "待核查"
    CHECKED = "checked", "待结案"
    CLOSED = "closed", "已结案"
    ARCHIVED = "archived", "已归档"
    REJECTED = "rejected", "不予受理"
    WITHDRAWN = "withdrawn", "已撤回"
    VOIDED = "voided", "已作废"
    MERGED = "merged", "已并案"


WORKING = frozenset({Stage.ACCEPTED, Stage.DISPATCHED, Stage.HANDLING})
UNRESOLVED = WORKING | {Stage.REPORTED}
OPEN = UNRESOLVED | {Stage.RESOLVED, Stage.CHECKED}
DONE = frozenset({Stage.RESOLVED, Stage.CHECKED, Stage.CLOSED})
UNARCHIVED = frozenset(Stage) - {Stage.ARCHIVED, Stage.MERGED}


class Source(Labelled):
    """信息来源."""

    HOTLINE = "hotline", "热线来电"
    APP = "app", "线上点单"
    VISIT = "visit", "来访走访"
    PATROL = "patrol", "网格巡查"
    TRANSFER = "transfer", "上级交办"


class Capacity(Labelled):
    """In which capacity somebody sits in a meeting."""

    PARTY = "party", "当事人"
    NEIGHBOUR = "neighbour", "邻居"
    OWNERS = "owners", "业主代表"
    PROPERTY = "property", "物业公司"
    GRID = "grid", "网格员"
    COMMUNITY = "community", "社区"
    DEPARTMENT = "department", "部门"
    MEDIATOR = "mediator", "调解员"
    EXPERT = "expert", "专业人员"


class OutcomeCode(Labelled):
    SOLVED = "solved", "已解决"
    SETTLED = "settled", "已调解"
    REFERRED = "referred", "转其他途径"
    INFEASIBLE = "infeasible", "暂不具备条件"
    UNFOUNDED = "unfounded", "情况不属实"


class Answer(Labelled):
    SATISFIED = "satisfied", "满意"
    UNSATISFIED = "unsatisfied", "不满意"
    UNREACHABLE = "unreachable", "联系不上"
    NOT_APPLICABLE = "not_applicable", "不适用"


class ClockName(Labelled):
    """What is due: each its own clock (domain.md §4)."""

    ACCEPT = "accept", "受理"
    DISPATCH = "dispatch", "派遣"
    ARRIVE = "arrive", "到场"
    HANDLE = "handle", "处置"
    HELP = "help", "吹哨响应"
    CHECK = "check", "核查"


class Stretch(Labelled):
    """What is measured from one event to another: the response times (domain.md §5)."""

    ACCEPT = "accept", "反映到受理"
    ARRIVE = "arrive", "反映到到场"
    RESOLVE = "resolve", "反映到办结"
    CLOSE = "close", "办结到结案"


class ClockOfCase(Model):
    """Which clock of a case: its name, and the how manieth of that name in which cycle."""

    clock: ClockName
    cycle: int
    nth: int


class Call(Labelled):
    """Why whoever is on duty is called."""

    LANDED = "landed", "来件"
    YELLOW = "yellow", "黄灯"
    RED = "red", "红灯"
    UNDETERMINED = "undetermined", "时限未定"


class Card(Labelled):
    YELLOW = "yellow", "黄牌"
    RED = "red", "红牌"
    BLACK = "black", "黑牌"


class HelpFrom(Labelled):
    """Whom a community can whistle for."""

    DEPARTMENT = "department", "职能部门"
    PAIRED_UNIT = "paired_unit", "结对共建单位"
    CHECKED_IN = "checked_in", "双报到党员"


class Request(Labelled):
    """What is asked for and granted by another."""

    EXTENSION = "extension", "延期"
    SUSPENSION = "suspension", "挂账"
    CORRECTION = "correction", "更正"
    VOID = "void", "作废"
    APPEAL = "appeal", "超时申诉"


class Standing(Model):
    """What a case is filed under; a correction changes it from one to another."""

    place: Place
    kind: Kind
    urgency: Urgency
    category: Category
    rural: bool = Field(default=False, exclude_if=not_)
    """Whether the grid is rural: its check may take longer."""
