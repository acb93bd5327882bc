"""`replace` for states: the same as `dataclasses.replace`, many times faster, since no `__init__` runs.

Every event makes a new state out of some forty fields of which a few change.
"""

from __future__ import annotations

from typing import Any, TypeVar

S = TypeVar("S")


def replace(state: S, /, **changes: Any) -> S:
    """The state with these fields changed. Raises `TypeError` for a field it does not have."""
    fields = vars(state)
    if not changes.keys() <= fields.keys():
        raise TypeError(f"{type(state).__name__} has no {', '.join(sorted(changes.keys() - fields.keys()))}")
    copy = object.__new__(type(state))
    copy.__dict__.update(fields, **changes)
    return copy
