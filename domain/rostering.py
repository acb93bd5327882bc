"""值班表的命令和事件: who is put on duty, and who is taken off again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from domain.act import Act
from domain.duty import Roster, Shift
from domain.model import Code, Event, Instant, Personal, Refused, Retention, Role, Rule, Text
from domain.register import RegisterCommand, RegisterName, RowFault, RowsRefused
from domain.telling import local

LONGEST = timedelta(days=7)

SHIFT_NODE = Rule("shift-node", "“{node}”不是在册的地方，不能排班。")
SHIFT_STAFF = Rule("shift-staff", "“{staff}”不是在岗的工作人员，不能排班。")
SHIFT_OWN_NODE = Rule("shift-own-node", "只能给自己所负责的地方排班，“{node}”不在其中。")
SHIFT_LASTS = Rule("shift-lasts", "班次应有始有终，最长{days}天；{staff}从{starts}起的一班不符。")
SHIFT_AHEAD = Rule("shift-ahead", "{staff}从{starts}起的一班已经过去，不能再改。")
SHIFT_ONCE = Rule("shift-once", "{staff}从{starts}起的一班与此人别的班次重叠。")
SHIFT_KNOWN = Rule("shift-known", "没有{staff}从{starts}起的班次。")
RULES: dict[str, Rule] = {rule.id: rule for rule in globals().copy().values() if isinstance(rule, Rule)}


class ShiftAssigned(Event):
    type: Literal["duty.shift_assigned"] = "duty.shift_assigned"
    label: ClassVar[str] = "排班"
    sentence: ClassVar[str] = "{shift.staff}值守{shift.node}，{shift.starts}起，{shift.ends}止"

    shift: Shift


class ShiftCancelled(Event):
    """Not on duty from `ends` on: a shift that had begun is cut short, another never takes place."""

    type: Literal["duty.shift_cancelled"] = "duty.shift_cancelled"
    retention: ClassVar[Retention] = Retention.REGISTER
    label: ClassVar[str] = "撤班"
    sentence: ClassVar[str] = "撤销{shift.staff}在{shift.node}{shift.starts}起的值守{reason:：}"

    shift: Shift
    ends: Instant
    reason: Personal[Text] = ""


DutyEvent = ShiftAssigned | ShiftCancelled


def rostered(base: Roster, events: Iterable[DutyEvent]) -> Roster:
    """The roster after these events."""
    shifts = dict.fromkeys(base.shifts)
    for event in events:
        if isinstance(event, ShiftAssigned):
            shifts[event.shift] = None
        else:
            shifts.pop(event.shift, None)
            if event.shift.starts < event.ends:
                shifts[event.shift.model_copy(update={"ends": event.ends})] = None
    return Roster(shifts=tuple(shifts))


class RosterCommand(RegisterCommand):
    """Whoever answers for a part of the territory keeps its roster."""

    register: ClassVar[RegisterName] = "duty"
    keepers: ClassVar[tuple[Role, ...]] = (Role.COMMUNITY, Role.STREET, Role.DISTRICT, Role.ADMIN, Role.SYSTEM)

    def require_own(self, node: str, act: Act) -> None:
        """Raise `Refused` for a node that is not theirs."""
        path = {above.id for above in act.territory.path(node)}
        SHIFT_OWN_NODE.require(act.role in (Role.ADMIN, Role.SYSTEM) or act.scope in path, node=node)


class AssignShifts(RosterCommand):
    """排班：哪里、谁、从何时到何时。整批登记，有一班不符即全部不登记。"""

    name: ClassVar[str] = "assign-shifts"
    label: ClassVar[str] = "排班"
    example: ClassVar[dict[str, JsonValue]] = {
        "shifts": [
            {
                "node": "community-sanjiaoping",
                "staff": "secretary-sanjiaoping",
                "starts": "2030-01-01T18:00:00+08:00",
                "ends": "2030-01-02T08:00:00+08:00",
            }
        ]
    }

    shifts: tuple[Shift, ...] = Field(min_length=1, description="各班次")

    def decide(self, act: Act) -> Iterator[DutyEvent]:
        """Yield `ShiftAssigned` for every shift that is not on the roster yet. Raises `RowsRefused`."""
        new, faults = self._sorted(act)
        if faults:
            first, _ = faults[0]
            raise RowsRefused(first, tuple(RowFault("shifts", at, no.rule.id, no.sentence) for no, at in faults))
        return (ShiftAssigned(shift=shift) for shift in new)

    def _sorted(self, act: Act) -> tuple[list[Shift], list[tuple[Refused, int]]]:
        """The shifts that are new and lawful, and the refusal of every other, with its place in the list."""
        new: list[Shift] = []
        faults: list[tuple[Refused, int]] = []
        known = set(act.roster.shifts)
        of_person: dict[str, list[Shift]] = {}
        for shift in act.roster.shifts:
            of_person.setdefault(shift.staff, []).append(shift)
        for at, shift in enumerate(self.shifts):
            if shift in known:
                continue
            own = of_person.setdefault(shift.staff, [])
            try:
                self._require_lawful(shift, act)
                SHIFT_ONCE.require(not any(_overlap(shift, other) for other in own), **_said(shift))
            except Refused as no:
                faults.append((no, at))
                continue
            own.append(shift)
            known.add(shift)
            new.append(shift)
        return new, faults

    def _require_lawful(self, shift: Shift, act: Act) -> None:
        node = act.territory.node.get(shift.node)
        SHIFT_NODE.require(node is not None and not node.closed, node=shift.node)
        member = act.territory.member.get(shift.staff)
        SHIFT_STAFF.require(member is not None and not member.released, staff=shift.staff)
        self.require_own(shift.node, act)
        SHIFT_LASTS.require(timedelta() < shift.ends - shift.starts <= LONGEST, days=LONGEST.days, **_said(shift))
        SHIFT_AHEAD.require(shift.ends > act.recorded_at, **_said(shift))


class CancelShift(RosterCommand):
    """撤班：撤销一个班次；已经开始的，到现在为止。"""

    name: ClassVar[str] = "cancel-shift"
    label: ClassVar[str] = "撤班"
    example: ClassVar[dict[str, JsonValue]] = {
        "staff": "secretary-sanjiaoping",
        "starts": "2030-01-01T18:00:00+08:00",
        "reason": "请假，由他人顶班",
    }

    staff: Code = Field(description="值班人")
    starts: Instant = Field(description="班次开始时间（须带时区）")
    reason: Personal[Text] = Field(default="", description="理由")

    def decide(self, act: Act) -> Iterator[DutyEvent]:
        """Yield `ShiftCancelled`."""
        own = (shift for shift in act.roster.shifts if shift.staff == self.staff and shift.starts == self.starts)
        shift = next(own, None)
        if shift is None:
            raise SHIFT_KNOWN.refused(staff=self.staff, starts=local(self.starts))
        self.require_own(shift.node, act)
        SHIFT_AHEAD.require(shift.ends > act.recorded_at, **_said(shift))
        yield ShiftCancelled(shift=shift, ends=max(shift.starts, act.recorded_at), reason=self.reason)


def _overlap(one: Shift, other: Shift) -> bool:
    return one.starts < other.ends and other.starts < one.ends


def _said(shift: Shift) -> dict[str, str]:
    return {"staff": shift.staff, "starts": local(shift.starts)}
