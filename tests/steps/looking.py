"""What can be read in a case file, and by which word a feature asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from domain.clocks import SHANGHAI
from domain.incident.words import Answer, Capacity, Card, HelpFrom, OutcomeCode, Request
from domain.model import Labelled
from domain.telling import yuan
from domain.territory import Level
from projections.percentiles import ERROR
from tests.drivers import Json
from tests.steps.cast import NAMES
from tests.steps.words import SPANS, span

Look = Callable[[Json], Any]
NOTHING = "无"
KEPT = {True: "已兑现", False: "未兑现", None: "待兑现"}


def at(*path: str) -> Look:
    """What stands there; nothing where the path ends early."""

    def look(found: Json) -> Any:
        value: Any = found
        for step in path:
            value = value.get(step) if value is not None else None
        return value

    return look


def label(vocabulary: Iterable[Labelled], *path: str) -> Look:
    """The Chinese word for a code."""
    look, labels = at(*path), {code.value: code.label for code in vocabulary}
    return lambda found: labels[code] if (code := look(found)) is not None else None


def each(name: str, look: Look) -> Look:
    """What is seen in each of several."""
    return lambda found: [look(item) for item in found[name]]


def name(*path: str) -> Look:
    """What somebody or something is called."""
    look = at(*path)
    return lambda found: NAMES.get(code, code) if (code := look(found)) is not None else None


def time(*path: str) -> Look:
    look = at(*path)
    return lambda found: datetime.fromisoformat(moment) if (moment := look(found)) else None


def money(*path: str) -> Look:
    look = at("money", *path)
    return lambda found: f"{yuan(look(found))}元"


def lasting(*path: str) -> Look:
    look = at("response_seconds", *path)
    return lambda found: duration(seconds) if (seconds := look(found)) is not None else None


def duration(seconds: float) -> str:
    """Seconds as people say them: 1小时5分钟."""
    left, words = timedelta(seconds=round(seconds)), ""
    for unit, size in SPANS.items():
        count, left = divmod(left, size)
        words += f"{count}{unit}" if count else ""
    return words or "0秒"


ITEMS: Mapping[str, Look] = {
    "案号": at("number"),
    "现处于": at("stage_label"),
    "性质": at("kind_label"),
    "紧急程度": at("urgency"),
    "类别": at("category"),
    "网格": at("place_names", "grid"),
    "楼栋": at("place_names", "building"),
    "小区": at("place_names", "estate"),
    "社区": at("place_names", "community"),
    "街道": at("place_names", "street"),
    "知会": lambda found: [NAMES[grid] for grid in found["also_grids"]],
    "情况说明": at("description"),
    "反映人": at("reporter", "name"),
    "代谁反映": at("on_behalf_of", "name"),
    "监护人": at("on_behalf_of", "guardian", "name"),
    "经办人": at("officer_name"),
    "首接负责": at("lead_name"),
    "协办": lambda found: [NAMES[unit] for unit in found["co_handlers"]],
    "现办层级": label(Level, "held_by"),
    "退回次数": at("returns"),
    "返工次数": at("reworks"),
    "第几轮": at("cycle"),
    "挂账至": time("suspended_until"),
    "结果": label(OutcomeCode, "outcome_code"),
    "处置结果": at("outcome"),
    "重复件": lambda found: len(found["duplicates"]),
    "材料": each("evidence", at("caption")),
    "待批申请": each("pending", label(Request, "request")),
    "事情开始": time("times", "began"),
    "反映时间": time("times", "reported"),
    "首次到场": time("times", "arrived"),
    "办结时间": time("times", "resolved"),
    "结案时间": time("times", "closed"),
    "反映到受理": lasting("accept"),
    "反映到到场": lasting("arrive"),
    "反映到办结": lasting("resolve"),
    "办结到结案": lasting("close"),
    "垫资": money("advanced"),
    "捐款": money("contributed"),
    "拨款": money("granted"),
    "退款": money("refunded"),
    "支付": money("paid"),
    "退还和转出": money("returned"),
    "余额": money("balance"),
    "未报销垫资": money("outstanding"),
}
"""案卷里写着: one case file."""

STEPS: Mapping[str, Look] = {
    "时间": time("effective_at"),
    "实际": time("occurred_at"),
    "登记": time("recorded_at"),
    "计时": time("effective_at"),
    "谁": name("actor"),
    "事项": at("label"),
    "经过": at("sentence"),
}
"""案卷最后记着: its history, line by line."""

NOTES: Mapping[str, tuple[str, Mapping[str, Look]]] = {
    "协调会": (
        "meetings",
        {
            "时间": time("held_at"),
            "到会": each("attendance", label(Capacity, "capacity")),
            "达成": lambda note: "未达成" if note["failed"] else note["agreement"],
        },
    ),
    "承诺": (
        "commitments",
        {
            "第几项": at("commitment"),
            "谁": at("who"),
            "做什么": at("what"),
            "何时前": time("due"),
            "兑现": lambda note: KEPT[note["kept"]],
        },
    ),
    "吹哨": (
        "calls",
        {
            "第几号": at("help"),
            "哪类力量": label(HelpFrom, "source"),
            "请谁": at("whom_name"),
            "请求": at("request"),
            "报到": time("answered_at"),
            "到场": at("came"),
            "结论": at("finding"),
        },
    ),
    "督办": ("cards", {"级别": label(Card, "card"), "发自": label(Level, "level"), "要求": at("demand")}),
    "回访": ("follow_ups", {"谁": name("person"), "答复": label(Answer, "answer"), "原话": at("note")}),
}
"""案卷里的…是: the lists within a case file."""


def said(value: Any, like: str) -> str:
    """A value as a feature writes it: a time as short as there, a view's seconds no more exact than the view is."""
    if value is None or value in ("", []):
        return NOTHING
    if isinstance(value, datetime):
        local = value.astimezone(SHANGHAI)
        return f"{local:%H:%M}" if len(like) == len("09:00") else f"{local:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        near = bool(like) and abs(value - (exact := span(like).total_seconds())) <= ERROR * exact
        return like if near else duration(value)
    return "、".join(value) if isinstance(value, list) else str(value)


def rows(found: Sequence[Json], looks: Mapping[str, Look], table: Sequence[Sequence[str]]) -> list[list[str]]:
    """What was found, in the columns and the manner of the expected table (header first)."""
    header, *expected = table
    likes = [*expected, *[[""] * len(header)] * len(found)]
    return [
        [said(looks[column](row), like) for column, like in zip(header, likes[number], strict=True)]
        for number, row in enumerate(found)
    ]


def rows_of(found: Sequence[Json], looks: Mapping[str, Look], table: Sequence[Sequence[str]]) -> list[list[str]]:
    """As `rows`, where the order is the reader's choice: that of the first column in the expected table."""
    first, order = looks[table[0][0]], [line[0] for line in table]

    def place(row: Json) -> int:
        word = said(first(row), "")
        return order.index(word) if word in order else len(order)

    return rows(sorted(found, key=place), looks, table)
