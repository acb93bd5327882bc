"""What people call each trait of a case, and how they say what it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from domain import telling
from domain.incident.voices import ANONYMOUS
from domain.incident.words import ClockName, Request
from domain.telling import local, yuan
from domain.territory import Level

LABELS: Mapping[str, str] = {
    "number": "案号",
    "description": "情况说明",
    "began_at": "事情开始",
    "reported_at": "反映时间",
    "rules": "时限表",
    "calendar": "工作日历",
    "reporter": "反映人",
    "stage": "阶段",
    "accepted": "已立案",
    "standing/kind": "性质",
    "standing/urgency": "紧急程度",
    "standing/category": "类别",
    "standing/rural": "农村网格",
    **{f"standing/place/{level.value}": f"所在{level.label}" for level in Level},
    "held_by": "现办层级",
    "lead": "首接负责",
    "binding": "上级指定承办",
    "signed": "已签收",
    "officer": "经办人",
    "returns": "退回次数",
    "returns_before": "其中以前各轮",
    "arrived": "有人到过现场",
    "settled_on_site": "现场调解成功",
    "refused_to_meet": "有一方拒绝协调",
    "meeting_agreed": "协调会达成一致",
    "meeting_failed": "协调会未能一致",
    "handlers": "经手办理的人",
    "commitments/*": "第{0}项承诺待兑现",
    "calls/*": "第{0}号吹哨待回应",
    **{f"pending/{request.value}": f"待批的{request.label}由谁申请" for request in Request},
    "landings": "来件待通知",
    "extensions": "已延期次数",
    "suspensions": "已挂账次数",
    "pauses": "挂账时段",
    "appealed": "已申诉超时",
    "outcome": "结果",
    "resolved_at": "办结时间",
    "check_failed": "核查未通过",
    "reworks": "返工次数",
    "cycle": "第几轮",
    "cycle_began_at": "本轮起算",
    "purse/advanced": "垫资",
    "purse/contributed": "捐款",
    "purse/granted": "拨款",
    "purse/paid": "支付",
    "purse/refunded": "退款",
    "purse/given_back": "退还捐款",
    "purse/handed_to_funds": "余款转出",
    "purse/contributions": "捐款笔数",
    "purse/owed/*": "未报销的{0}垫资",
    "voices/*/answers": "当事人{0}由谁答复",
    "voices/*/answer": "{0}的答复",
    "voices/*/responded": "{0}说有人响应",
    "voices/*/solved": "{0}说问题已解决",
    "voices/*/tried_on": "联系过{0}的日子",
    "duplicates/*": "重复件{0}的当事人",
    "merged_into": "并入主案",
    "merged_at": "并案时间",
    "stage_before_merge": "并案前的阶段",
    "halted": "并案期间停住的时钟",
    "clocks/*/started_at": "{0}时钟起算",
    "clocks/*/stopped_at": "{0}时钟停止",
    "clocks/*/pauses": "{0}时钟停走时段",
    "clocks/*/extensions": "{0}时钟延期次数",
    "clocks/*/complex": "{0}属复杂事项",
    "clocks/*/whom": "{0}找的是",
    "clocks/*/judged": "{0}仍按更正前的登记计时",
    "clocks/*/told": "{0}已通知的灯",
    "clocks/*/calendar": "{0}改按工作日历",
}
"""Path (an id, a number or a clock in it as *) → what people call it; {0} is what the * stands for."""
MONEY = frozenset(path for path in LABELS if path.startswith("purse/")) - {"purse/contributions"}
"""Whose numbers are fen."""
LISTED = frozenset({"commitments", "calls", "voices", "duplicates", "clocks"})
"""What there are several of, each told apart by the next part of the path."""
ORDER = {path: place for place, path in enumerate(LABELS)}


def in_order(paths: Iterable[str]) -> list[str]:
    """Paths in the order in which `LABELS` has them."""
    return sorted(paths, key=lambda path: (ORDER[pattern(path)], path))


def label(path: str, names: Mapping[str, str]) -> str:
    """What people call a trait; `names` maps ids to names."""
    first, whose, *_ = [*path.split("/"), ""]
    if first == "purse" and "owed" in path:
        whose = path.split("/")[2]
    return LABELS[pattern(path)].format(_clock(whose) if first == "clocks" else _called(whose, names))


def said(path: str, value: Any, names: Mapping[str, str]) -> str:
    """What stands at a path, in words; empty where nothing does."""
    match value:
        case bool():
            return "是" if value else "否"
        case int() if pattern(path) in MONEY:
            return f"{yuan(value)}元"
        case tuple() if path == "landings":
            return "、".join(f"{local(at)}{f'给{_called(whom, names)}' if whom else ''}" for at, whom in value)
        case tuple() if path == "halted":
            return "、".join(map(_clock, value))
        case (kind, urgency) if path.endswith("/judged"):
            return f"{kind.label}，紧急程度{urgency}"
        case tuple() if path.endswith("pauses"):
            return "、".join(f"{local(begins)}至{local(ends)}" for begins, ends in value)
        case str() if value == ANONYMOUS:
            return _called(value, names)
        case _:
            return telling.said(value, names)


def pattern(path: str) -> str:
    """The path with a * for what is this case's own."""
    first, *rest = path.split("/")
    if first == "purse" and rest[0] == "owed":
        return "purse/owed/*"
    return "/".join([first, "*", *rest[1:]]) if first in LISTED else path


def _called(id: str, names: Mapping[str, str]) -> str:
    return "匿名人" if id == ANONYMOUS else names.get(id, id)


def _clock(key: str) -> str:
    """第2轮处置, 第2次吹哨响应: how people tell the clocks of a case apart."""
    name, cycle, nth = key.split("-")
    return (
        f"{f'第{cycle}轮' if cycle != '1' else ''}{f'第{nth}次' if nth != '1' else ''}{ClockName[name.upper()].label}"
    )
