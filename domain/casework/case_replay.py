"""重演: a case read step by step, as it was known when it was written or as it has been corrected since."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from pydantic import AwareDatetime, Field, JsonValue
from pydantic_core import to_jsonable_python

from domain.casework.case_clocks import ClockThen, clock_then, reading
from domain.casework.moments import Moment, as_corrected, moments
from domain.casework.recording import RecordedEvent
from domain.clocks import Clocks
from domain.incident.events.duplicates import OnPrimary
from domain.incident.governing import allowed, rules_of
from domain.incident.trait_words import in_order, label, said
from domain.incident.traits import changed
from domain.model import Labelled, Model, Role
from domain.telling import local, tell

FILLED = re.compile(r"\{\w+\}")
"""What a refusal would fill into the sentence of its rule."""
ONLY_FILED = "只记入案卷，案件的登记和进程没有变化。"
WITH_DUPLICATE = "由重复件上的办理带来，两份案卷一并记下。"


class Reading(Labelled):
    """How the past is read."""

    KNOWN = "known", "当时所知"
    CORRECTED = "corrected", "更正以后"


class Change(Model):
    """这一步改动的一项：编码和说法，没有的为空。

    按更正以后读，后来更正了的，`after` 是更正后的，`corrected_by` 是更正它的那一步，`recorded` 是当时所记。
    """

    field: str
    label: str
    before: JsonValue
    after: JsonValue
    before_said: str
    after_said: str
    corrected_by: int | None = None
    recorded: JsonValue = None
    recorded_said: str = ""


class StepRule(Model):
    """这一步的命令所依的一条规则；`sentence` 是违反它时的说法，其中因案而异的写作“…”。"""

    rule: str
    sentence: str


class ReplayStep(Model):
    """一步：谁、何时、做了什么，改动了哪几项，依据哪条规则，当时哪些时钟在走、亮什么灯、还剩多久。"""

    version: int
    position: int
    type: str
    label: str
    sentence: str
    actor: str
    actor_name: str
    role: Role
    role_label: str
    command: str
    occurred_at: AwareDatetime = Field(description="自报的办理时间")
    recorded_at: AwareDatetime = Field(description="记入的时间")
    effective_at: AwareDatetime = Field(description="计时和统计所用的时间")
    timing: str = Field(description="补登的，说明按哪个时间计；当时就记的为空")
    changes: tuple[Change, ...]
    note: str = Field(description="没有改动时的说明")
    corrects: tuple[int, ...] = Field(description="按更正以后读，这一步更正了哪几步")
    allowed: str = Field(description="这个命令在哪些阶段可以办，当时是哪个阶段")
    rules: tuple[StepRule, ...]
    clocks_at: AwareDatetime = Field(description="时钟是这一刻的：当时所知按记入的时间，更正以后按计时所用的时间")
    clocks: tuple[ClockThen, ...] = Field(description="在走的，和这一步停住的")


class Replay(Model):
    """案卷重演：从第一步到最后一步。"""

    incident_id: str
    version: int
    reading: Reading
    reading_label: str
    steps: tuple[ReplayStep, ...]


def replayed(
    lines: Sequence[RecordedEvent],
    clocks: Clocks,
    names: Mapping[str, str],
    how: Reading,
    as_read: Sequence[RecordedEvent] | None = None,
) -> Replay:
    """A case with these lines (at least its first), step by step; `names` maps ids to names.

    `as_read`: the same lines as somebody may read them, if not everything.
    """
    told = as_read or lines
    found = moments(lines, told)
    if how is Reading.CORRECTED:
        found = as_corrected(found, lines)
    pairs = zip(told, found, found[1:], strict=False)
    steps = [_step(line, was, now, clocks, names, how) for line, was, now in pairs]
    return Replay(
        incident_id=lines[0].case_id,
        version=lines[-1].version,
        reading=how,
        reading_label=how.label,
        steps=tuple(step.model_copy(update={"corrects": _corrected_by(step, steps)}) for step in steps),
    )


def _step(
    line: RecordedEvent, was: Moment, now: Moment, clocks: Clocks, names: Mapping[str, str], how: Reading
) -> ReplayStep:
    at = line.effective_at if how is Reading.CORRECTED else line.recorded_at
    changes = tuple(_changes(was, now, names))
    return ReplayStep(
        **{field: getattr(line, field) for field in SAME},
        type=line.event.type,
        label=line.event.label,
        sentence=tell(line.event, names),
        actor_name=Role.SYSTEM.label if line.role is Role.SYSTEM else names.get(line.actor, line.actor),
        role_label=line.role.label,
        timing=_timing(line),
        changes=changes,
        note="" if changes else ONLY_FILED,
        corrects=(),
        allowed=WITH_DUPLICATE if isinstance(line.event, OnPrimary) else allowed(line.command, now.stage_before),
        rules=tuple(StepRule(rule=rule.id, sentence=FILLED.sub("…", rule.sentence)) for rule in rules_of(line.command)),
        clocks_at=at,
        clocks=tuple(_clocks(was, now, at, clocks)),
    )


SAME = ReplayStep.model_fields.keys() & RecordedEvent.model_fields.keys()


def _changes(was: Moment, now: Moment, names: Mapping[str, str]) -> Iterator[Change]:
    """What differs from the moment before, as it is read or as it was recorded."""
    before, after = was.traits, now.traits
    for path in in_order({*changed(before, after), *changed(was.recorded, now.recorded)}):
        old, new, recorded = before.get(path), after.get(path), now.recorded.get(path)
        told = Change(
            field=path,
            label=label(path, names),
            before=to_jsonable_python(old),
            after=to_jsonable_python(new),
            before_said=said(path, old, names),
            after_said=said(path, new, names),
        )
        if new != recorded:
            again = {"recorded": to_jsonable_python(recorded), "recorded_said": said(path, recorded, names)}
            told = told.model_copy(update={**again, "corrected_by": now.corrected[path].by})
        yield told


def _timing(line: RecordedEvent) -> str:
    """How a step that was entered later counts."""
    if line.occurred_at >= line.recorded_at:
        return ""
    counted = "办理" if line.effective_at == line.occurred_at else "记入"
    return f"自报{local(line.occurred_at)}办理，{local(line.recorded_at)}补登，按{counted}的时间计"


def _clocks(was: Moment, now: Moment, at: datetime, clocks: Clocks) -> Iterator[ClockThen]:
    """Those that run, and those that ran until this step."""
    if now.case is None:
        return
    ran = {clock.key for clock in was.case.running} if was.case else set()
    for clock in now.case.clocks:
        if clock in now.case.running or clock.key in ran:
            found = reading(now.case, clock, clocks, at)
            if found:
                yield clock_then(found, at)


def _corrected_by(step: ReplayStep, steps: Sequence[ReplayStep]) -> tuple[int, ...]:
    return tuple(one.version for one in steps if any(change.corrected_by == step.version for change in one.changes))
