"""The sealed fields within stored bytes, found by their form alone: whoever looks for them needs no model of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from domain.casework.sealing import FORM, SealBroken, Sealed


class SealedField(NamedTuple):
    """Where a sealed text stands: `holder[name]`, with the path that leads there within the event."""

    holder: dict[str, Any] | list[Any]
    name: str | int
    path: str
    sealed: Sealed

    def put(self, value: Any) -> None:
        """Let the value stand there instead."""
        self.holder[self.name] = value  # type: ignore[index] # the name of a member, or the place in a list


def told(stored: bytes) -> dict[str, Any]:
    """Stored bytes as JSON. Raises `ValueError` unless they are an object with an event in it."""
    line = orjson.loads(stored)
    if not isinstance(line, dict) or not isinstance(line.get("event"), dict):
        raise ValueError("no event")
    return line


def sealed_fields(holder: Any, path: str = "") -> Iterator[SealedField]:
    """Every sealed field of an event."""
    for name, value in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
        if isinstance(value, dict | list):
            yield from sealed_fields(value, f"{path}{name}.")
        elif isinstance(value, str) and value.startswith(f"{FORM} "):
            with suppress(SealBroken):  # words that only begin like one
                yield SealedField(holder, name, f"{path}{name}", Sealed.parse(value))
