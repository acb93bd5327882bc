"""The words a phrase may hold in braces: how each is written in a feature, and what it says to the service."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from domain.clocks import SHANGHAI
from domain.incident.words import Answer, Capacity, Card, HelpFrom, Kind, OutcomeCode
from domain.model import CRS, Labelled
from domain.territory import Level
from tests.steps.cast import PEOPLE, PLACES, UNITS

SPANS = {
    "天": timedelta(days=1),
    "小时": timedelta(hours=1),
    "分钟": timedelta(minutes=1),
    "秒": timedelta(seconds=1),
}
QUOTED = r'"[^"]*"'


class Word(NamedTuple):
    """Its pattern (no groups), and what is made of the text that matched."""

    pattern: str
    value: Callable[[str], Any]


def one_of(known: Mapping[str, Any]) -> Word:
    """One of these, written as it is."""
    longest_first = sorted(known, key=len, reverse=True)
    return Word("|".join(map(re.escape, longest_first)), known.__getitem__)


def label_of(*vocabularies: Iterable[Labelled]) -> Word:
    """A code, written as its Chinese label."""
    return one_of({code.label: code.value for vocabulary in vocabularies for code in vocabulary})


def moment(text: str) -> datetime:
    """A time in Shanghai, such as 2026-03-02 09:00."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)


def span(text: str) -> timedelta:
    """A length of time, such as 25分钟, 1小时45分钟, 2天."""
    assert re.fullmatch(r"(\d+(天|小时|分钟|秒))+", text), f"“{text}”不是一段时间。"
    parts = re.findall(r"(\d+)(天|小时|分钟|秒)", text)
    return sum((int(number) * SPANS[unit] for number, unit in parts), timedelta())


def fen(text: str) -> int:
    """Money, such as 80.00元, in fen."""
    yuan, cents = text.removesuffix("元").split(".")
    return int(yuan) * 100 + int(cents)


def position(crs: CRS) -> Callable[[str], dict[str, Any]]:
    """Degrees east and north, such as 109.9584，27.5511."""

    def read(text: str) -> dict[str, Any]:
        longitude, latitude = map(float, text.split("，"))
        return {"longitude": longitude, "latitude": latitude, "crs": crs.value}

    return read


def quoted(value: Callable[[str], Any] = str) -> Word:
    """Anything between quotation marks."""
    return Word(QUOTED, lambda text: value(text.strip('"')))


def listed(value: Callable[[str], Any] = str) -> Word:
    """Several between quotation marks, with 、 between them."""
    return quoted(lambda text: [value(item) for item in text.split("、")])


def json_time(text: str) -> str:
    return moment(text).isoformat()


NAME = one_of({name: name for name in PEOPLE})
PERSON = one_of(PEOPLE)
UNIT = one_of(UNITS)
PLACE = quoted(PLACES.__getitem__)
TIME = quoted(json_time)
YUAN = Word(r"\d+\.\d\d元", fen)
NUMBER = Word(r"\d+", int)
LEVEL = label_of(Level)
CAPACITY = label_of(Capacity)
TEXT = quoted()
WORDS: Mapping[str, Word] = {
    # who and where
    "who": NAME,
    "reporter": NAME,
    "affected": NAME,
    "person": PERSON,
    "officer": PERSON,
    "advancer": PERSON,
    "subject": PERSON,
    "whom": one_of(PEOPLE | UNITS),
    "lead": UNIT,
    "fund": UNIT,
    "to": LEVEL,
    "grid": PLACE,
    # codes
    "kind": label_of(Kind),
    "answer": quoted(label_of(Answer).value),
    "outcome_code": quoted(label_of(OutcomeCode).value),
    "card": label_of(Card),
    "source": label_of(HelpFrom),
    "refusal__capacity": CAPACITY,
    # numbers and times
    "amount": YUAN,
    "commitment": NUMBER,
    "help": NUMBER,
    "urgency": NUMBER,
    "category": TEXT,
    "meets_at": TIME,
    "until": TIME,
    "began_at": TIME,
    # free text
    "description": TEXT,
    "case": TEXT,
    "into": TEXT,
    "note": TEXT,
    "caption": TEXT,
    "request": TEXT,
    "settlement__parties": listed(),
    "settlement__terms": TEXT,
    "redactions__version": NUMBER,
    "redactions__field": one_of({"情况说明": "description", "说明": "note"}),
    "redactions__text": TEXT,
}

CLAUSES: Mapping[str, tuple[str, Word]] = {
    # what may follow any phrase after a comma: the word, the field it fills, and how it is written
    "实际办理时间": ("occurred_at", TIME),
    "理由": ("reason", TEXT),
    "说明": ("note", TEXT),
    "看到": ("note", TEXT),
    "有人响应": ("responded", quoted({"是": True, "否": False}.__getitem__)),
    "问题解决": ("solved", quoted({"是": True, "否": False}.__getitem__)),
    "批示": ("note", TEXT),
    "结果": ("outcome", TEXT),
    "用于": ("purpose", TEXT),
    "来自": ("giver", TEXT),
    "付给": ("payee", TEXT),
    "交还": ("receiver", TEXT),
    "要求": ("demand", TEXT),
    "议题": ("agenda", TEXT),
    "邀请": ("invited", listed(CAPACITY.value)),
    "达成": ("agreement", TEXT),
    "原话": ("refusal__words", TEXT),
    "到场": ("came", listed()),
    "结论": ("finding", TEXT),
    "协办": ("co_handlers", listed(UNITS.__getitem__)),
    "不重办的理由": ("reason_not_reopening", TEXT),
    "发生在": ("grid", PLACE),
    "楼栋": ("building", PLACE),
    "只写楼栋": ("building_alone", quoted(PLACES.get)),
    "类别": ("category", TEXT),
    "坐标": ("position", quoted(position(CRS.GCJ02))),
    "GPS坐标": ("position", quoted(position(CRS.WGS84))),
    "同时知会": ("also_grids", listed(PLACES.__getitem__)),
    "事情开始于": ("began_at", TIME),
    "紧急程度": ("urgency", quoted(int)),
}
