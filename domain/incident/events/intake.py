"""登记与立案：a report arrives, and becomes a case or not."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from domain.incident.words import Source, Standing
from domain.model import Code, Event, Minor, Person, Personal, Point, Shared, Text, Words


class Reported(Event):
    type: Literal["incident.reported"] = "incident.reported"
    label: ClassVar[str] = "反映"
    sentence: ClassVar[str] = (
        "{standing.kind}，{standing.place.grid}：{description}{address:　地点：}"
        "{reporter.name:　反映人：}{on_behalf_of.name:　代：}"
    )

    standing: Standing
    also_grids: tuple[Code, ...] = ()
    source: Source
    description: Shared[Words]
    address: Shared[Text] = ""
    position: Shared[Point | None] = None
    cell: Code | None = None
    """The coarse square it lies in (`domain.incident.cells`): wider than a grid, so no more than the grid says."""
    reporter: Person | None = None
    on_behalf_of: Person | Minor | None = None
    began_at: AwareDatetime | None = None
    rules: Code
    calendar: Code


class Accepted(Event):
    type: Literal["incident.accepted"] = "incident.accepted"
    label: ClassVar[str] = "受理立案"
    sentence: ClassVar[str] = "立案，案号{number}"

    number: Code
    self_handled: bool = False


class Rejected(Event):
    type: Literal["incident.rejected"] = "incident.rejected"
    label: ClassVar[str] = "不予受理"
    sentence: ClassVar[str] = "不予受理，理由：{reason}"

    reason: Shared[Words]


class Withdrawn(Event):
    type: Literal["incident.withdrawn"] = "incident.withdrawn"
    label: ClassVar[str] = "撤回"
    sentence: ClassVar[str] = "反映人撤回{reason:，理由：}"

    reason: Personal[Text] = ""
