"""The clocks of a case as people read them: limits, lights, due times, and every interval counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field

from domain.casework.holders import Holder, holders
from domain.casework.open_cases import OpenCase
from domain.casework.recording import RecordedEvent
from domain.clocks import ClockKind, Clocks, Light
from domain.counting import Count, amount, tell_count
from domain.incident.state import Incident
from domain.incident.timing import CaseClock, due_of
from domain.incident.words import ClockName
from domain.model import Code, Model


class Span(Model):
    """一段时间，从 `begins` 到 `ends`。"""

    begins: AwareDatetime
    ends: AwareDatetime


class ClockReading(Model):
    """一个时钟：限多久、从何时起、到何时止、亮什么灯，以及计入的每一段时间。

    `due_at` 为空即未定：所需年份的工作日历还没有公布。`account` 把计时过程逐日写明，可以自己加一遍。
    """

    clock: ClockName
    label: str
    cycle: int = Field(description="第几轮；重办为新的一轮")
    nth: int = Field(description="同一轮里同名时钟的第几个")
    kind: ClockKind
    limit: str = Field(description="时限，含已同意的延期", examples=["7个工作日"])
    limit_seconds: float
    extensions: int
    started_at: AwareDatetime
    stopped_at: AwareDatetime | None
    running: bool
    light: Light
    light_label: str
    yellow_at: AwareDatetime | None
    due_at: AwareDatetime | None
    calendar: Code
    pauses: tuple[Span, ...] = Field(description="挂账期间，不计时")
    intervals: tuple[Span, ...] = Field(description="计入的每一段，加起来正是时限")
    account: tuple[str, ...]


class ClockReadings(Model):
    """一个案件在某一时刻的全部时钟，按起算先后；以及它在谁手上各停留了多久。"""

    incident_id: str
    version: int
    at: AwareDatetime = Field(description="灯色是这一刻的")
    rules: Code = Field(description="时限表版本，反映时定下")
    calendar: Code = Field(description="工作日历版本，反映时定下")
    clocks: tuple[ClockReading, ...]
    holders: tuple[Holder, ...] = Field(description="先后在谁手上，各停留多久")


class ClockThen(Model):
    """某一步上的一个时钟：亮什么灯，还剩多久。

    `left_seconds` 按它自己的计时方式算，超过时限为负（从到期起，自然时间）；未定的没有。
    """

    clock: ClockName
    label: str
    cycle: int
    nth: int
    limit: str
    started_at: AwareDatetime
    stopped_at: AwareDatetime | None
    light: Light
    light_label: str
    due_at: AwareDatetime | None
    left_seconds: float | None
    left: str = Field(description="还剩或已超多久", examples=["还剩1小时20分钟"])


def clock_then(found: ClockReading, at: datetime) -> ClockThen:
    """What a reading of that time says, and how much is left of the limit."""
    seen = min(at, found.stopped_at or at)
    left = _left(found, seen)
    over = left is not None and left < timedelta()
    working = "（工作时间）" if found.kind in (ClockKind.WORK_HOURS, ClockKind.WORK_DAYS) and not over else ""
    words = "未定" if left is None else f"{'已超' if over else '还剩'}{amount(abs(left))}{working}"
    return ClockThen(
        **found.model_dump(include={*ClockThen.model_fields}),
        left_seconds=None if left is None else left.total_seconds(),
        left=words if found.stopped_at is None else f"停住，{words}",
    )


def _left(found: ClockReading, at: datetime) -> timedelta | None:
    if found.due_at is None:
        return None
    if at > found.due_at:
        return found.due_at - at
    ahead = (max(span.ends - max(span.begins, at), timedelta()) for span in found.intervals)
    return timedelta(seconds=round(sum(ahead, timedelta()).total_seconds()))


def case_clocks(
    lines: Sequence[RecordedEvent], clocks: Clocks, now: datetime, names: Mapping[str, str]
) -> ClockReadings:
    """Every clock there was in a case with these lines, and whoever held it, as of `now`; `names` as for `holders`."""
    case = OpenCase.load(list(lines)).state
    readings = (reading(case, clock, clocks, now) for clock in case.clocks)
    return ClockReadings(
        incident_id=case.id,
        version=lines[-1].version,
        at=now,
        rules=case.rules,
        calendar=case.calendar,
        clocks=tuple(found for found in readings if found is not None),
        holders=holders(lines, now, names),
    )


def reading(case: Incident, clock: CaseClock, clocks: Clocks, now: datetime) -> ClockReading | None:
    """One of the clocks of a case; None where this kind of case has no such clock."""
    limit = clock.limit(case.standing, clocks.tables[case.rules])
    if limit is None:
        return None
    calendar = clocks.calendars[clock.calendar or case.calendar]
    turns = case.turns(clock, clocks)
    count = Count(limit, clock.started_at, calendar, clock.pauses)
    light = clock.light(turns, now)
    return ClockReading(
        clock=clock.name,
        label=clock.name.label,
        cycle=clock.cycle,
        nth=clock.nth,
        kind=limit.kind,
        limit=limit.label,
        limit_seconds=limit.seconds,
        extensions=clock.extensions,
        started_at=clock.started_at,
        stopped_at=clock.stopped_at,
        running=clock in case.running,
        light=light,
        light_label=light.label,
        yellow_at=turns[0].at if due_of(turns) else None,
        due_at=due_of(turns),
        calendar=calendar.version,
        pauses=_spans(clock.pauses),
        intervals=_spans(count.found.intervals),
        account=tuple(tell_count(count)),
    )


def _spans(intervals: Sequence[tuple[datetime, datetime]]) -> tuple[Span, ...]:
    return tuple(Span(begins=begins, ends=ends) for begins, ends in intervals)
