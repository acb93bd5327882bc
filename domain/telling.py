"""Every event as a sentence for people: its template filled with its own fields.

In a template `{field}` is replaced by the field's words; `{field:前缀}` writes the prefix and the words,
or nothing where there is nothing to say; `{amount:元}` writes fen as yuan, `{solved:已解决|没有解决}` the first where
it is so and the second where it is not. Codes of staff, units and
places become their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.clocks import SHANGHAI
from domain.model import Event, Labelled


def tell(event: Event, names: Mapping[str, str]) -> str:
    """The event's sentence in Chinese; `names` maps ids to what they are called."""
    fields = {field: _Words(getattr(event, field), names) for field in type(event).model_fields}
    return event.sentence.format(**fields)


def said(value: Any, names: Mapping[str, str]) -> str:
    """One value as a sentence has it; empty where it says nothing."""
    return f"{_Words(value, names)}"


def yuan(fen: int) -> str:
    """Fen as people read money."""
    return f"{fen // 100}.{fen % 100:02d}"


def local(at: datetime) -> str:
    """A time as people in Shanghai read it, to the minute."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


class _Words:
    """A value that knows how to be said; whatever is missing says nothing."""

    def __init__(self, value: Any, names: Mapping[str, str]) -> None:
        self._value, self._names = value, names

    def __getattr__(self, field: str) -> _Words:
        value = self._value
        if isinstance(value, tuple):
            return _Words(tuple(getattr(item, field, None) for item in value), self._names)
        return _Words(getattr(value, field, None), self._names)

    def __format__(self, spec: str) -> str:
        if spec == "元":
            return f"{yuan(self._value)}元"
        if isinstance(self._value, bool):
            so, _, otherwise = spec.partition("|")
            return so if self._value else otherwise
        words = self._said(self._value)
        return f"{spec}{words}" if words else ""

    def _said(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, tuple):
            return "、".join(dict.fromkeys(filter(None, map(self._said, value))))
        if isinstance(value, Labelled):
            return value.label
        if isinstance(value, datetime):
            return local(value)
        return self._names.get(str(value), str(value))
