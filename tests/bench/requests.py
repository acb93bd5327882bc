"""What is asked for in a case and granted or refused by somebody else, told as deeds; see `courses`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from domain.casework.open_cases import OpenCase
from domain.incident import commands as c
from domain.incident.words import Kind
from tests.bench.deeds import DAY, Deed
from tests.bench.district import Crew

CATEGORIES = [f"{main:02d}{sub:02d}" for main in range(1, 14) for sub in range(1, 7)]
URGENCY = {Kind.EMERGENCY: 1, Kind.HARDSHIP: 2, Kind.DISPUTE: 3, Kind.ORDINARY: 4}
WRONG = "登记时选错，经核实更正"


def corrected(crew: Crew, rnd: Random) -> Iterator[Deed]:
    """A wrong category, kind, urgency or grid; or no case at all."""
    if rnd.random() < 0.04:
        yield Deed(rnd.uniform(10, 200), crew.officer, _correction(crew, rnd))
        granted = rnd.random() < 0.9
        answer = c.GrantCorrection(note="情况属实") if granted else c.RefuseCorrection(note="登记无误")
        yield Deed(rnd.uniform(10, 200), crew.community, answer)
    if rnd.random() < 0.012:
        yield Deed(rnd.uniform(10, 200), crew.officer, c.RequestVoid(reason="测试误报，无此事"))
        granted = rnd.random() < 0.9
        void = c.GrantVoid(note="情况属实") if granted else c.RefuseVoid(note="确有其事")
        yield Deed(rnd.uniform(10, 200), crew.community, void)


def _correction(crew: Crew, rnd: Random) -> c.RequestCorrection:
    [what] = rnd.choices(["category", "kind", "grid"], [4, 2, 4])
    if what == "category":
        return c.RequestCorrection(category=rnd.choice(CATEGORIES), reason=WRONG)
    if what == "grid":
        return c.RequestCorrection(grid=crew.beside, reason=WRONG)
    kind = rnd.choice(list(Kind))
    return c.RequestCorrection(kind=kind, urgency=URGENCY[kind], reason=WRONG)


def delayed(case: OpenCase, crew: Crew, rnd: Random) -> Iterator[Deed]:
    """More time, or none that counts for a while."""
    if rnd.random() < 0.05:
        yield Deed(rnd.uniform(5, 60), crew.officer, c.RequestExtension(reason="配件须从外地调运，三日内到货"))
        granted = rnd.random() < 0.9
        answer = c.GrantExtension(note="同意") if granted else c.RefuseExtension(note="现有配件可用")
        yield Deed(rnd.uniform(5, 60), crew.community, answer)
    if rnd.random() < 0.025:
        until = case.recorded_at + timedelta(days=rnd.uniform(5, 60))
        yield Deed(
            rnd.uniform(5, 60), crew.officer, c.RequestSuspension(until=until, reason="须待雨季过后才能开挖管沟")
        )
        granted = rnd.random() < 0.9
        reply = c.GrantSuspension(note="同意") if granted else c.RefuseSuspension(note="可先行处置")
        yield Deed(rnd.uniform(5, 60), crew.community, reply)
        if granted and rnd.random() < 0.5:
            yield Deed(rnd.uniform(1, 30) * DAY, crew.officer, c.Resume(note="天气转晴，提前开工"))


def appealed(crew: Crew, rnd: Random) -> Iterator[Deed]:
    """Only a case that was late comes through with it."""
    yield Deed(rnd.uniform(0.5, 3) * DAY, crew.officer, c.AppealTimeout(reason="暴雨红色预警期间道路中断"))
    answer = c.ExemptTimeout(note="情况属实") if rnd.random() < 0.5 else c.UpholdTimeout(note="理由不足")
    yield Deed(rnd.uniform(0.5, 3) * DAY, crew.community, answer)
