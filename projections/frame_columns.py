"""What becomes a column of the frame: the places of a case, and of events every field that names no person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, get_args

from pydantic import AwareDatetime, BaseModel

from domain.privacy import privacy_of
from domain.territory import Place

PATH = tuple(Place.model_fields)
"""The levels a case lies under, from the district down."""
SCALARS = {str: "VARCHAR", bool: "BOOLEAN", int: "BIGINT", datetime: "TIMESTAMPTZ"}


def data_columns(models: Iterable[type[BaseModel]]) -> dict[str, str]:
    """The scalar fields of all events that name no person, with their SQL types.

    A name that is personal in one event stays out for all. Raises `TypeError` when two events give one
    name two types: the newer of the two needs another name.
    """
    found: dict[str, str] = {}
    personal: set[str] = set()
    for model in models:
        levels = privacy_of(model)
        for name, field in model.model_fields.items():
            sql = _scalar(field.annotation)
            if levels.get(name, "nested") is not None:
                personal.add(name)
            elif sql and name != "type" and found.setdefault(name, sql) != sql:
                raise TypeError(f"{model.__name__}.{name} is {sql}, but {found[name]} in another event")
    return {name: sql for name, sql in found.items() if name not in personal}


def _scalar(annotation: Any) -> str | None:
    kinds = [kind for kind in get_args(annotation) or (annotation,) if kind is not type(None)]
    kind = datetime if kinds == [AwareDatetime] else getattr(kinds[0], "__origin__", kinds[0])  # of Annotated
    if len(kinds) > 1 or not isinstance(kind, type):
        return None
    return next((sql for scalar, sql in SCALARS.items() if issubclass(kind, scalar)), None)
