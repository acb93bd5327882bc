"""Which fields of a model may name, describe or locate a person: read from the models, written down nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import EnumType
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from domain.model import Findable, Minor, Person, Privacy, Retention

STRICTNESS = (None, "personal", "sensitive")


def privacy_of(model: type[BaseModel]) -> dict[str, str | None]:
    """Every leaf field by its path, with its level; None means free of personal data.

    `reporter.name` is a field of a nested model, `attendance.name` that of each of several. What a
    personal field holds is personal throughout. Where a field may hold one of several models, the
    strictest answer counts.
    """
    found: dict[str, str | None] = {}
    for path, level in _leaves(model, "", None):
        found[path] = max(found.get(path), level, key=STRICTNESS.index)
    return found


def _leaves(model: type[BaseModel], prefix: str, inherited: str | None) -> Iterator[tuple[str, str | None]]:
    for name, field in model.model_fields.items():
        level = max(inherited, _level(field), key=STRICTNESS.index)
        nested = list(_models(field.annotation))
        if not nested:
            yield prefix + name, level
        for inner in nested:
            yield from _leaves(inner, f"{prefix}{name}.", level)


def _level(field: FieldInfo) -> str | None:
    mark = _mark(field)
    return mark.level if mark else None


def _mark(field: FieldInfo) -> Privacy | None:
    return next((mark for mark in field.metadata if isinstance(mark, Privacy)), None)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a value so annotated may hold, within unions and tuples too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, Annotated, tuple):
        for part in get_args(annotation):
            yield from _models(part)


ERASED = "已依法删除"
"""What is read where something was said that is no more (PIPL art. 47)."""


class Whole(NamedTuple):
    """A field that is personal as a whole, how strictly, and its own retention class (None: that of the event).

    `stand_in` is JSON that its model accepts in its place once it is erased.
    """

    level: str
    retention: Retention | None
    stand_in: Any


class Said(NamedTuple):
    """A personal field of an event's JSON, where something is said in it.

    `holder[name]` is its value, `path` what leads to it (`attendance.0.name`), `subject` the person it belongs to
    (None: it is text).
    """

    holder: dict[str, Any]
    name: str
    path: str
    subject: str | None
    whole: Whole


@dataclass(frozen=True, slots=True)
class Parts:
    """Where a model, as JSON, holds what is personal: fields that are so as a whole, and models with such fields."""

    whole: Mapping[str, Whole]
    within: Mapping[str, Parts]
    person: bool = False
    """Whether what is in it belongs to the person it describes."""

    def said(self, told: dict[str, Any], path: str = "", subject: str | None = None) -> Iterator[Said]:
        """Every personal field that is not empty, in the order of the models."""
        if self.person:
            subject = told["subject"]
        for name, whole in self.whole.items():
            if told.get(name):
                yield Said(told, name, path + name, subject, whole)
        for name, parts in self.within.items():
            inner = told.get(name)
            if isinstance(inner, dict):
                yield from parts.said(inner, f"{path}{name}.", subject)
            for nth, one in enumerate(inner if isinstance(inner, list) else ()):
                yield from parts.said(one, f"{path}{name}.{nth}.", subject)

    def at(self, path: str) -> Whole | None:
        """The personal field that a path leads to; None where nothing personal is known there."""
        name, _, rest = path.partition(".")
        if name in self.within:
            return self.within[name].at(rest)
        if name.isdecimal() and rest:
            return self.at(rest)
        return self.whole.get(name)

    def stand_in(self, path: str, says: str = ERASED) -> Any:
        """What the model accepts where this leads to: `says`, where it takes words or nothing personal is known."""
        whole = self.at(path)
        found = whole.stand_in if whole else ERASED
        if isinstance(found, list):
            return [says] * len(found)
        return says if found == ERASED else found


NOTHING = Parts({}, {})


@cache
def parts_of(model: type[BaseModel]) -> Parts:
    """Where a model holds what is personal."""
    whole, within = dict[str, Whole](), dict[str, Parts]()
    for name, field in model.model_fields.items():
        if mark := _mark(field):
            whole[name] = Whole(mark.level, mark.retention, _stand_in(model, name))
            continue
        inner = NOTHING
        for one in _models(field.annotation):
            inner = _joined(inner, parts_of(one))
        if inner != NOTHING:
            within[name] = inner
    return Parts(whole, within, issubclass(model, Person | Minor))


def _joined(one: Parts, other: Parts) -> Parts:
    """Where a field may hold one of several models: what is personal in any of them."""
    within = {
        name: _joined(one.within.get(name, NOTHING), other.within.get(name, NOTHING))
        for name in {**one.within, **other.within}
    }
    return Parts({**one.whole, **other.whole}, within, one.person or other.person)


def _stand_in(model: type[BaseModel], name: str) -> Any:
    """Says that it is erased where the field holds text, else nothing, else any code: what reads it is told apart."""
    field = model.model_fields[name]
    kind: Any = field.annotation
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[kind, *field.metadata])
    codes: list[Any] = list(kind) if isinstance(kind, EnumType) else []
    for value in (ERASED, None, [ERASED] * 2, *codes):
        with suppress(ValidationError):
            adapter.validate_python(value)
            return value
    raise TypeError(f"{model.__name__}.{name}: nothing can stand there once it is erased")


class Named(NamedTuple):
    """A name or a phone (`kind`) that a model holds, where, and of whom (None: it is text)."""

    path: str
    subject: str | None
    kind: str
    value: str


def named_in(told: BaseModel, path: str = "", subject: str | None = None) -> Iterator[Named]:
    """What staff may look for somebody by. What is sensitive is not among it: to find by it would be to read it."""
    if isinstance(told, Person | Minor):
        subject = told.subject
    for name, kind in _naming(type(told)).items():
        value = getattr(told, name)
        many = value if isinstance(value, tuple) else filter(None, [value])
        for nth, one in enumerate(many):
            if kind is not None:
                yield Named(path + name, subject, kind, one)
            elif isinstance(one, BaseModel):
                step = f"{name}.{nth}" if isinstance(value, tuple) else name
                yield from named_in(one, f"{path}{step}.", subject)


@cache
def _naming(model: type[BaseModel]) -> dict[str, str | None]:
    """The fields in which `named_in` may find anything: the kind of what they hold, None for models of their own."""
    found = dict[str, str | None]()
    for name, field in model.model_fields.items():
        mark = _mark(field)
        if mark is None and any(map(_naming, _models(field.annotation))):
            found[name] = None
        elif mark is not None and mark.level == "personal":
            found.update((name, kind) for kind in _kinds(field.annotation, field.metadata))
    return found


def names_any(model: type[BaseModel]) -> bool:
    """Whether `named_in` may find anything in such a model."""
    return bool(_naming(model))


def _kinds(annotation: Any, metadata: Iterable[Any] = ()) -> Iterator[str]:
    """By what a value so annotated may be found, within unions and tuples too."""
    yield from (mark.kind for mark in metadata if isinstance(mark, Findable))
    for part in get_args(annotation):
        yield from _kinds(part, [part])
