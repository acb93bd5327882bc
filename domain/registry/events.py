"""What happens to the territory. Every change names the moment from which it holds; nothing is ever deleted."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

from pydantic import AwareDatetime

from domain.model import Code, Event, Name, Retention, Subject
from domain.territory import Head, NodeListing, OfficialCode, Post, Unit


class _Change(Event):
    """In force from `effective_from` on, also when that is still to come."""

    retention: ClassVar[Retention] = Retention.REGISTER
    effective_from: AwareDatetime


class NodeAdded(_Change):
    type: Literal["territory.node_added"] = "territory.node_added"
    label: ClassVar[str] = "新设"
    sentence: ClassVar[str] = "新设{node.level}“{node.name}”{node.parent:，属}"

    node: NodeListing


class NodeRenamed(_Change):
    type: Literal["territory.node_renamed"] = "territory.node_renamed"
    label: ClassVar[str] = "更名"
    sentence: ClassVar[str] = "“{was}”更名为“{name}”{effective_from:，自}起"

    node: Code
    was: Name
    name: Name


class NodeRecoded(_Change):
    """The official code changes; whoever knew the place by its id need not know."""

    type: Literal["territory.node_recoded"] = "territory.node_recoded"
    label: ClassVar[str] = "换码"
    sentence: ClassVar[str] = "“{node}”的代码{was:由}改为{code}{effective_from:，自}起"

    node: Code
    was: OfficialCode
    code: OfficialCode


class NodeMoved(_Change):
    type: Literal["territory.node_moved"] = "territory.node_moved"
    label: ClassVar[str] = "划归"
    sentence: ClassVar[str] = "“{node}”{was:由}划归“{parent}”{effective_from:，自}起"

    node: Code
    was: Code | None = None
    parent: Code | None = None


class NodeSurveyed(_Change):
    """What was counted there: households, and whether the place is rural."""

    type: Literal["territory.node_surveyed"] = "territory.node_surveyed"
    label: ClassVar[str] = "摸底"
    sentence: ClassVar[str] = "“{node}”摸底：{households}户{rural:，农村网格}"

    node: Code
    households: int
    rural: bool


class NodeClosed(_Change):
    """Stays in the tree for old cases. The only successor takes everything over; of several, none does by itself."""

    type: Literal["territory.node_closed"] = "territory.node_closed"
    label: ClassVar[str] = "撤销"
    sentence: ClassVar[str] = "撤销“{node}”{successors:，改设}{effective_from:，自}起"

    node: Code
    successors: tuple[Code, ...] = ()


class UnitListed(_Change):
    type: Literal["territory.unit_listed"] = "territory.unit_listed"
    label: ClassVar[str] = "单位入册"
    sentence: ClassVar[str] = "单位“{unit.name}”入册"

    unit: Unit


class StaffAppointed(_Change):
    """Holds this post from now on, instead of the one before, if any."""

    type: Literal["territory.staff_appointed"] = "territory.staff_appointed"
    label: ClassVar[str] = "任职"
    sentence: ClassVar[str] = "{post.name}任{post.role}，负责{post.scope}{post.unit:，单位：}"

    post: Post


class StaffReleased(_Change):
    """Their open cases go to the successor, case by case, each in its own file."""

    type: Literal["territory.staff_released"] = "territory.staff_released"
    label: ClassVar[str] = "离岗"
    sentence: ClassVar[str] = "{staff}离岗{effective_from:，自}起{successor:，接手人：}"

    staff: Code
    successor: Code | None = None


class HeadNamed(_Change):
    type: Literal["territory.head_named"] = "territory.head_named"
    label: ClassVar[str] = "推选楼栋长"
    sentence: ClassVar[str] = "{head.person.name}为{head.building}楼栋长"

    head: Head


class HeadReleased(_Change):
    """No longer head of the building: from here on shown to nobody."""

    type: Literal["territory.head_released"] = "territory.head_released"
    label: ClassVar[str] = "楼栋长卸任"
    sentence: ClassVar[str] = "{building}一名楼栋长卸任"

    building: Code
    person: Subject


TerritoryEvent = (
    NodeAdded
    | NodeRenamed
    | NodeRecoded
    | NodeMoved
    | NodeSurveyed
    | NodeClosed
    | UnitListed
    | StaffAppointed
    | StaffReleased
    | HeadNamed
    | HeadReleased
)
BY_TYPE: dict[str, type[Event]] = {cls.model_fields["type"].default: cls for cls in get_args(TerritoryEvent)}
"""Stored name → model."""
