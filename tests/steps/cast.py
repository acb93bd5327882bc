"""Who is who in the features: staff, units and places of the demo registry, residents by name, and who is on a roll."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.model import Role
from domain.rolls import RollName
from domain.territory import Level, Territory
from tests.drivers import Who

REGISTRY = Path(__file__).parents[2] / "api" / "demo" / "registry.json"
TERRITORY = Territory.model_validate_json(REGISTRY.read_text(encoding="utf-8"))
STAFF = {member.name: member for member in TERRITORY.staff}
UNITS = {unit.name: unit.id for unit in TERRITORY.units} | {"册外单位": "unit-not-registered"}
TO_BE_DRAWN = {
    "床单厂东网格": "grid-chuangdan-east",
    "床单厂西网格": "grid-chuangdan-west",
    "床单厂联合网格": "grid-chuangdan-joint",
}
"""Grids that are not there yet."""
PLACES = {node.name: node.id for node in TERRITORY.nodes} | TO_BE_DRAWN | {"册外网格": "grid-not-registered"}


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody who lives here; a minor has a guardian, by name."""

    subject: str
    grid: str
    guardian: str | None = None


RESIDENTS = {
    "曾竹英": Resident("s-zengzhuying", "grid-chuangdan-1"),
    "刘桂香": Resident("s-liuguixiang", "grid-chuangdan-1"),
    "小满": Resident("s-xiaoman", "grid-chuangdan-1", guardian="刘桂香"),
    "对门邻居": Resident("s-duimen", "grid-yunjian-3"),
    "改门业主": Resident("s-gaimen", "grid-yunjian-3"),
    "周美兰": Resident("s-zhoumeilan", "grid-changwanli-2"),
    "黄建国": Resident("s-huangjianguo", "grid-changwanli-2"),
    "吴秀英": Resident("s-wuxiuying", "grid-changwanli-2"),
    "颜昌前": Resident("s-yanchangqian", "grid-huafeng-1"),
}


@dataclass(frozen=True, slots=True)
class OnRoll:
    """A household, or a member of 双报到: the roll knows them by an id that says nothing."""

    roll: RollName
    id: str


ENTRIES = {
    "床单厂1号户": OnRoll("household", "h-7kq2"),
    "床单厂2号户": OnRoll("household", "h-x94m"),
    "床单厂3号户": OnRoll("household", "h-2vd8"),
    "床单厂4号户": OnRoll("household", "h-p6s1"),
    "床单厂5号户": OnRoll("household", "h-c3zn"),
    "云箭1号户": OnRoll("household", "h-m5r7"),
    "易杰": OnRoll("member", "m-8fw3"),
    "田老师": OnRoll("member", "m-q1t6"),
    "城东小学": OnRoll("member", "m-z7h4"),
}
ENTRY_NAMES = {entry.id: name for name, entry in ENTRIES.items()}
PEOPLE = {**{name: member.id for name, member in STAFF.items()}, **{n: r.subject for n, r in RESIDENTS.items()}}
NAMES = {"bidao": "系统"} | {id: name for name, id in TO_BE_DRAWN.items()}
NAMES |= {**TERRITORY.names, **{resident.subject: name for name, resident in RESIDENTS.items()}}
"""Id of anybody or anything → what it is called."""


def who(name: str) -> Who:
    """Somebody in the capacity in which they act."""
    if name in RESIDENTS:
        return Who(RESIDENTS[name].subject, Role.RESIDENT)
    member = STAFF[name]
    return Who(member.id, member.role, member.scope, member.unit)


def person(name: str) -> dict[str, Any]:
    """A resident as a report names them. Staff have no such number but the one they work by."""
    if name in STAFF:
        return {"subject": STAFF[name].id, "name": name}
    resident = RESIDENTS[name]
    named: dict[str, Any] = {"subject": resident.subject, "name": name}
    return {**named, "guardian": person(resident.guardian)} if resident.guardian else named


def grid_of(name: str) -> str:
    """Where a resident lives or a grid officer works; others have to say where."""
    if name in RESIDENTS:
        return RESIDENTS[name].grid
    scope = STAFF[name].scope
    assert TERRITORY.level(scope) is Level.GRID, f"“{name}”不属于某一个网格，请写明发生在哪个网格。"
    return scope


def officer_of(grid: str) -> str:
    """The name of the grid's officer."""
    return next(name for name, member in STAFF.items() if member.scope == grid)
