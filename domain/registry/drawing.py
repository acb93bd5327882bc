"""The territory as drawn at any moment: a fold over its events, in the order in which they come into force."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from domain.registry import events as e
from domain.registry.events import TerritoryEvent
from domain.territory import Former, Head, Node, Staff, Territory, Unit


def drawn(base: Territory, events: Iterable[TerritoryEvent], at: datetime) -> Territory:
    """The base as changed by what is in force at that moment; what is still to come is in its `scheduled`.

    Of changes that come into force together, the one recorded later has the last word. A change of something
    that is not there changes nothing: a fold never fails.
    """
    ordered = sorted(events, key=lambda event: event.effective_from)
    drawing = _Drawing(base)
    scheduled: dict[str, datetime] = {}
    for event in ordered:
        if event.effective_from <= at:
            drawing.apply(event)
        elif (id := subject_of(event)) is not None:
            scheduled.setdefault(id, event.effective_from)
    return drawing.finished(base, scheduled)


def subject_of(event: TerritoryEvent) -> str | None:
    """The node, unit or member of staff that an event changes; None for heads, of whom a building has many."""
    match event:
        case e.NodeAdded(node=node):
            return node.id
        case e.UnitListed(unit=unit):
            return unit.id
        case e.StaffAppointed(post=post):
            return post.id
        case e.StaffReleased(staff=staff):
            return staff
        case e.HeadNamed() | e.HeadReleased():
            return None
        case _:
            return event.node


class _Drawing:
    """The tree while it is being drawn, by id."""

    def __init__(self, base: Territory) -> None:
        self._nodes: dict[str, Node] = dict(base.node)
        self._units: dict[str, Unit] = {unit.id: unit for unit in base.units}
        self._staff: dict[str, Staff] = dict(base.member)
        self._heads: dict[tuple[str, str], Head] = {(head.building, head.person.subject): head for head in base.heads}

    def apply(self, event: TerritoryEvent) -> None:
        match event:
            case e.NodeAdded(node=listing):
                self._nodes[listing.id] = Node.model_construct(**dict(listing))
            case e.UnitListed(unit=unit):
                self._units[unit.id] = unit
            case e.StaffAppointed(post=post):
                self._staff[post.id] = Staff.model_construct(**dict(post))
            case e.StaffReleased(staff=id, successor=successor):
                if id in self._staff:
                    left = {"released": True, "successor": successor}
                    self._staff[id] = self._staff[id].model_copy(update=left)
            case e.HeadNamed(head=head):
                self._heads[head.building, head.person.subject] = head
            case e.HeadReleased(building=building, person=person):
                self._heads.pop((building, person), None)
            case _:
                if event.node in self._nodes:
                    self._nodes[event.node] = changed(self._nodes[event.node], event)

    def finished(self, base: Territory, scheduled: dict[str, datetime]) -> Territory:
        return Territory(
            nodes=tuple(self._nodes.values()),
            units=tuple(self._units.values()),
            staff=tuple(self._staff.values()),
            heads=tuple(self._heads.values()),
            codes=base.codes,
            scheduled=scheduled,
        )


NodeChange = e.NodeRenamed | e.NodeRecoded | e.NodeMoved | e.NodeSurveyed | e.NodeClosed


def changed(node: Node, event: NodeChange) -> Node:
    """The node after a change; names and codes it had are kept with the date they ended."""
    match event:
        case e.NodeRenamed(name=name):
            ended = Former(value=node.name, until=event.effective_from)
            return node.model_copy(update={"name": name, "former_names": (*node.former_names, ended)})
        case e.NodeRecoded(code=code):
            kept = (*node.former_codes, Former(value=node.code, until=event.effective_from)) if node.code else ()
            return node.model_copy(update={"code": code, "former_codes": kept or node.former_codes})
        case e.NodeMoved(parent=parent):
            return node.model_copy(update={"parent": parent})
        case e.NodeSurveyed(households=households, rural=rural):
            return node.model_copy(update={"households": households, "rural": rural})
        case e.NodeClosed(successors=successors):
            return node.model_copy(update={"closed": True, "successors": successors})
        case _:
            assert_never(event)
