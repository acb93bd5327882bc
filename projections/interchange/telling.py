"""Each stored event as it is told outside: attributes, the objects it is about, and what it says of these."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from domain.casework.recording import AnyLine, RecordedEvent, RollLine
from domain.incident.life import activity
from domain.incident.voices import ANONYMOUS
from domain.model import Role
from projections.interchange.fields import PLACE, Kind, Value, leaves, told, values
from projections.interchange.objects import Link, Object, State, links, lowest, states

OF_EVERY_EVENT: Mapping[str, Kind] = {
    "label": "string",
    "position": "integer",
    "leaf": "integer",
    "version": "integer",
    "command": "string",
    "role": "string",
    "level": "string",
    "occurred_at": "time",
    "effective_at": "time",
}
OF_CASE_EVENTS: Mapping[str, Kind] = {
    "activity": "string",
    "stage": "string",
    "cycle": "integer",
    "kind": "string",
    "urgency": "integer",
    "category": "string",
}


class Told(NamedTuple):
    """One event. `time` is when it was recorded, in UTC: in that order a case was decided on."""

    position: int
    type: str
    time: datetime
    actor: Object
    attributes: dict[str, Value]
    relations: dict[tuple[Object, str], None]
    """Object and qualifier, in order."""
    states: list[State]
    """What is true of objects from here on."""
    links: list[Link]


def tell(line: AnyLine) -> Told:
    """The event of a line."""
    about, actor = about_of(line), actor_of(line)
    relations = dict.fromkeys([(about, about.type), (actor, "actor")])
    if line.unit:
        relations[Object("unit", line.unit), "acting_for"] = None
    if isinstance(line, RecordedEvent) and (where := lowest(line.keys.standing.place)):
        relations[where, PLACE] = None
    for leaf in leaves(type(line.event)):
        if leaf.refers_to is not None:
            named = dict.fromkeys(values(line.event, leaf))
            relations |= dict.fromkeys((Object(leaf.refers_to, id), leaf.qualifier) for id in named if _known(id))
    return Told(
        position=line.position,
        type=line.event.type,
        time=line.recorded_at.astimezone(UTC),
        actor=actor,
        attributes={**_said_of_every(line), **told(line.event)},
        relations=relations,
        states=list(states(line, about)),
        links=list(dict.fromkeys(links(line, about))),
    )


def about_of(line: AnyLine) -> Object:
    """What the line is of: a case, an entry of a roll, or a register."""
    if isinstance(line, RecordedEvent):
        return Object("case", line.case_id)
    if isinstance(line, RollLine):
        return Object(line.event.type.partition(".")[0], line.entry)
    return Object("register", line.event.type.partition(".")[0])


def actor_of(line: AnyLine) -> Object:
    return Object({Role.RESIDENT: "resident", Role.SYSTEM: "service"}.get(line.role, "staff"), line.actor)


def _known(id: str) -> bool:
    """`voices.ANONYMOUS` stands for nobody; no id of a person has a dot."""
    return id != ANONYMOUS


def _said_of_every(line: AnyLine) -> dict[str, Value]:
    said: dict[str, Value | None] = {
        "label": line.event.label,
        "position": line.position,
        "leaf": line.position - 1,  # leaves are counted from 0, positions from 1, neither has a gap
        "version": line.version,
        "command": line.command,
        "role": line.role,
        "level": line.level,
        "occurred_at": line.occurred_at,
        "effective_at": line.effective_at,
    }
    if isinstance(line, RecordedEvent):
        keys, standing = line.keys, line.keys.standing
        said |= {"activity": activity(line.event, standing), "stage": keys.stage, "cycle": keys.cycle}
        said |= {"kind": standing.kind, "urgency": standing.urgency, "category": standing.category}
    return {name: value for name, value in said.items() if value is not None}
