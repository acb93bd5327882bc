"""What events say of the objects they are about: what these are, and what they are to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from domain.casework.recording import AnyLine
from domain.household import HouseholdEnrolled
from domain.incident import events as e
from domain.membership import MemberCheckedIn
from domain.model import Event, Minor, Model, Person
from domain.registry import events as t
from domain.territory import Place
from projections.interchange.fields import PLACE, Kind, Value

_OF_PLACES: Mapping[str, Kind] = {"name": "string", "code": "string", "households": "integer", "rural": "boolean"}
LEVELS: tuple[str, ...] = tuple(Place.model_fields)
OBJECTS: Mapping[str, Mapping[str, Kind]] = {
    "case": {
        "number": "string",
        "source": "string",
        "kind": "string",
        "urgency": "integer",
        "category": "string",
        "rural": "boolean",
    },
    **dict.fromkeys(("city", *LEVELS, PLACE), _OF_PLACES),
    "unit": {"name": "string"},
    "staff": {"role": "string"},
    "resident": {},
    "service": {},
    "household": {},
    "member": {"sort": "string"},
    "register": {},
}
"""The types of objects, and the attributes of each."""


class Object(NamedTuple):
    """Something events are about; `type` may be `PLACE` or `SOMEBODY` where an event does not say which."""

    type: str
    id: str


class Link(NamedTuple):
    """What one object is to another."""

    source: Object
    target: Object
    qualifier: str


State = tuple[Object, dict[str, Value]]
_FILED = ("kind", "urgency", "category", "rural")


def states(line: AnyLine, about: Object) -> Iterator[State]:
    """What is true of objects from this event on."""
    match line.event:
        case e.Reported(standing=standing, source=source):
            yield about, {"source": source, **_plain(standing, *_FILED)}
        case e.Accepted(number=number):
            yield about, {"number": number}
        case e.CorrectionGranted(was=was, standing=standing):
            before, after = _plain(was, *_FILED), _plain(standing, *_FILED)
            yield about, {name: value for name, value in after.items() if value != before[name]}
        case MemberCheckedIn(sort=sort):
            yield about, {"sort": sort}
        case t.UnitListed(unit=unit):
            yield Object("unit", unit.id), {"name": unit.name}
        case t.StaffAppointed(post=post):
            yield Object("staff", post.id), {"role": post.role}
    yield from _states_of_places(line.event)


def _states_of_places(event: Event) -> Iterator[State]:
    match event:
        case t.NodeAdded(node=node):
            yield Object(node.level, node.id), _plain(node, *_OF_PLACES)
        case t.NodeRenamed(node=id, name=name):
            yield Object(PLACE, id), {"name": name}
        case t.NodeRecoded(node=id, code=code):
            yield Object(PLACE, id), {"code": code}
        case t.NodeSurveyed(node=id):
            yield Object(PLACE, id), _plain(event, "households", "rural")


def _plain(model: Model, *names: str) -> dict[str, Value]:
    return {name: getattr(model, name) for name in names}


def links(line: AnyLine, about: Object) -> Iterator[Link]:
    """What this event says of one object to another."""
    match line.event:
        case e.Reported(standing=standing, reporter=reporter, on_behalf_of=other):
            yield from _lies_in(about, standing.place)
            yield from _people(about, reporter, "reported_by")
            yield from _people(about, other, "on_behalf_of")
        case e.CorrectionGranted(standing=standing):
            yield from _lies_in(about, standing.place)
        case e.Redrawn(place=place) | HouseholdEnrolled(place=place) | MemberCheckedIn(place=place):
            yield from _lies_in(about, place)
        case e.Merged(into=primary):
            yield Link(about, Object("case", primary), "duplicate_of")
        case e.DuplicateDetached(duplicate=duplicate):
            yield Link(Object("case", duplicate), about, "parted_from")
        case t.NodeAdded(node=node) if node.parent:
            yield Link(Object(node.level, node.id), Object(PLACE, node.parent), "part_of")
        case t.NodeMoved(node=id, parent=str(parent)):
            yield Link(Object(PLACE, id), Object(PLACE, parent), "part_of")
        case t.StaffAppointed(post=post):
            yield Link(Object("staff", post.id), Object(PLACE, post.scope), "responsible_for")
            if post.unit:
                yield Link(Object("staff", post.id), Object("unit", post.unit), "belongs_to")


def _people(about: Object, person: Person | Minor | None, qualifier: str) -> Iterator[Link]:
    if person is None:
        return
    whom = Object("resident", person.subject)
    yield Link(about, whom, qualifier)
    if isinstance(person, Minor):
        yield Link(whom, Object("resident", person.guardian.subject), "guardian")


def _lies_in(about: Object, place: Place) -> Iterator[Link]:
    """Where it is, and the places above, as the tree stood then."""
    known = _path(place)
    if known:
        yield Link(about, known[-1], "lies_in")
    for above, below in pairwise(known):
        yield Link(below, above, "part_of")


def _path(place: Place) -> list[Object]:
    """From the district down."""
    return [Object(level, id) for level in LEVELS if (id := getattr(place, level))]


def lowest(place: Place) -> Object | None:
    """The place furthest down that is known."""
    known = _path(place)
    return known[-1] if known else None
