"""What of an event may leave the house: its plain fields as attributes, its ids as references to objects.

Read from the event models. A field that is personal is neither, and a resident's id is never an attribute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel

from domain.model import Identifies
from domain.privacy import privacy_of
from domain.territory import Place

Kind = Literal["string", "integer", "float", "boolean", "time"]
Value = str | int | float | bool | datetime
DATA = "data."
"""How the names of an event's own fields begin, as in the history of a case; the rest is said of every event."""

SOMEBODY = "somebody"
"""A resident, or a member of staff or a unit: only those who know the others can tell."""
PLACE = "place"
REFERENCES = {
    **dict.fromkeys(("lead", "co_handlers", "unit", "unit.id", "post.unit", "attendance.unit"), "unit"),
    **dict.fromkeys(("officer", "from_officer", "to", "staff", "successor", "post.id", "shift.staff"), "staff"),
    **dict.fromkeys(("into", "duplicate", "incident"), "case"),
    **dict.fromkeys(("person", "affected.subject", "affected.answers", "head.person.subject"), "resident"),
    **dict.fromkeys(("subject", "keys.subject"), "resident"),
    **dict.fromkeys(("reporter.subject", "on_behalf_of.subject", "on_behalf_of.guardian.subject"), "resident"),
    **dict.fromkeys(("whom", "advancer"), SOMEBODY),
    **dict.fromkeys(("node", "node.id", "node.parent", "parent", "successors"), PLACE),
    **dict.fromkeys(("post.scope", "head.building", "building", "shift.node"), PLACE),
    "also_grids": "grid",
}
"""Path of a field → the type of the object it names. A field of a `Place` names one of its own level."""
_BOXES = ("standing", "place", "node", "post", "shift", "head", "id")
NAMES_A_PLACE = {"territory.node_moved": ("was",)}
"""Fields that are references in one event only."""


class Leaf(NamedTuple):
    """One field, by the names that lead to it: an attribute of this kind, or a reference to objects of a type.

    `many` says that there may be several values: of references each counts, of an attribute they are joined.
    """

    path: tuple[str, ...]
    kind: Kind
    refers_to: str | None
    many: bool

    @property
    def name(self) -> str:
        return ".".join(self.path)

    @property
    def qualifier(self) -> str:
        """What a reference says of the event and the object: the path, without the boxes it lies in."""
        return ".".join(name for name in self.path if name not in _BOXES) or self.path[-1]


class UnknownPerson(TypeError):
    """A field that may hold a resident's id is not listed in `REFERENCES`: nobody said what it refers to."""


@cache
def leaves(model: type[BaseModel]) -> tuple[Leaf, ...]:
    """The fields of an event that may be told. Raises `UnknownPerson`."""
    levels, stored_name = privacy_of(model), model.model_fields["type"].default
    extra = dict.fromkeys(NAMES_A_PLACE.get(stored_name, ()), PLACE)
    found = dict.fromkeys(_leaves(model, (), {**REFERENCES, **extra}, many=False))
    return tuple(leaf for leaf in found if leaf.name != "type" and levels[leaf.name] is None)


def attributes(model: type[BaseModel]) -> dict[str, Kind]:
    """The attributes of an event by name; what each of several parts says is none."""
    return {f"{DATA}{leaf.name}": leaf.kind for leaf in leaves(model) if leaf.refers_to is None}


def told(event: BaseModel) -> dict[str, Value]:
    """The attributes that an event has."""
    found: dict[str, Value] = {}
    for leaf in leaves(type(event)):
        if leaf.refers_to is None and (said := values(event, leaf)):
            found[f"{DATA}{leaf.name}"] = " ".join(map(str, said)) if leaf.many else said[0]
    return found


def values(event: BaseModel, leaf: Leaf) -> list[Any]:
    """What an event says there: nothing, one value, or several."""
    found: Iterable[Any] = (event,)
    for name in leaf.path:
        found = [part for value in found for part in _parts(getattr(value, name, None))]
    return list(found)


def _parts(value: Any) -> tuple[Any, ...]:
    if isinstance(value, tuple):
        return value
    return () if value is None else (value,)


def _leaves(
    model: type[BaseModel], above: tuple[str, ...], references: dict[str, str], *, many: bool
) -> Iterator[Leaf]:
    for name, field in model.model_fields.items():
        path, several = (*above, name), many or _is_tuple(field.annotation)
        nested = [kind for kind in _kinds(field.annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
        for inner in nested:
            yield from _leaves(inner, path, references, many=several)
        if nested:
            continue
        refers_to = name if model is Place else references.get(".".join(path))
        if refers_to is None and any(isinstance(mark, Identifies) for mark in field.metadata):
            raise UnknownPerson(".".join(path))
        kind = _kind(field.annotation)
        if refers_to or (kind and not many):
            yield Leaf(path, kind or "string", refers_to, several)


def _kinds(annotation: Any) -> Iterator[Any]:
    """The plain types a field may hold, one by one."""
    if get_origin(annotation) in (Union, UnionType, tuple):
        for part in get_args(annotation):
            if part not in (type(None), Ellipsis):
                yield from _kinds(part)
    elif get_origin(annotation) in (Annotated, Literal):
        first = get_args(annotation)[0]
        yield from _kinds(first if get_origin(annotation) is Annotated else type(first))
    else:
        yield datetime if annotation is AwareDatetime else annotation


def _is_tuple(annotation: Any) -> bool:
    return get_origin(annotation) is tuple


def _kind(annotation: Any) -> Kind | None:
    """What tools are told a value is; None for what is no plain value."""
    if _is_tuple(annotation):
        return "string"
    told: tuple[tuple[type, Kind], ...] = (
        (bool, "boolean"),
        (int, "integer"),
        (float, "float"),
        (datetime, "time"),
        (date, "string"),
        (str, "string"),
    )
    kinds = list(_kinds(annotation))
    if len(kinds) != 1 or not isinstance(kinds[0], type):
        return None
    return next((kind for of, kind in told if issubclass(kinds[0], of)), None)
