"""Which fields of a model may name, describe or locate a person: read from the models, written down nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from domain.model import Privacy

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
    return next((mark.level for mark in field.metadata if isinstance(mark, Privacy)), None)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that a value so annotated may hold, within unions and tuples too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType, Annotated, tuple):
        for part in get_args(annotation):
            yield from _models(part)
