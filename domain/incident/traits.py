"""特征: a case as a flat list of what can be said of it, so that what a step changed can be read line by line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any

from domain.clocks import Light
from domain.incident import events as e
from domain.incident.events.duplicates import AffectedPerson
from domain.incident.state import Asked, Incident
from domain.incident.timing import CaseClock
from domain.incident.trait_words import in_order
from domain.incident.words import ClockOfCase, Standing
from domain.territory import Place

Traits = Mapping[str, Any]
"""Path → what stands there: codes, ids, numbers, times, or a tuple of them. What says nothing is not there."""
UNTOLD = frozenset({"id", "affected", "advanced_at", "held_since", "ended", "held", "voices_before_merge"})
"""Of an `Incident`: what the times of its steps and what was said say as well, and what is kept to be put back."""
WRITTEN = frozenset({"number", "description", "began_at"})
"""What a case says that its rules never ask about."""


def traits(case: Incident) -> Traits:
    """Everything a case is, but for what is `UNTOLD` and `WRITTEN`."""
    told = ((field.name, getattr(case, field.name)) for field in fields(case) if field.name not in UNTOLD)
    return {path: value for name, whole in told for path, value in _leaves(whole, name)}


@cache
def before() -> Traits:
    """What a case is taken for before its report: whatever its models have for a default. It has no stage yet."""
    given = [field for field in fields(Incident) if field.name not in {*UNTOLD, "stage"}]
    values = {field.name: field.default for field in given if field.default is not MISSING}
    values |= {field.name: field.default_factory() for field in given if field.default_factory is not MISSING}
    return {path: value for name, whole in values.items() for path, value in _leaves(whole, name)}


def written(event: e.IncidentEvent) -> Traits:
    """What an event, as somebody may read it, writes of the `WRITTEN` traits."""
    found: dict[str, Any] = {}
    if isinstance(event, e.Accepted):
        found["number"] = event.number
    if isinstance(event, e.Reported | e.CorrectionGranted):
        found |= {"description": event.description, "began_at": event.began_at}
    return {path: value for path, value in found.items() if value}


def changed(was: Traits, now: Traits) -> list[str]:
    """The paths at which two differ."""
    return in_order(path for path in {**was, **now} if was.get(path) != now.get(path))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """What stands at a path, taken apart as far as people would tell it apart; what says nothing is left out."""
    parts = _parts(value, path)
    if parts is not None:
        for name, inner in parts:
            yield from _leaves(inner, f"{path}/{name}")
    elif (told := _plain(value)) is not None and (told != () or path.startswith("duplicates/")):
        yield path, told


def _parts(value: Any, path: str) -> Iterable[tuple[Any, Any]] | None:
    match value:
        case Mapping():
            return value.items()
        case tuple() if path in ("commitments", "calls"):
            return enumerate(value, start=1)
        case tuple() if path == "clocks":
            return ((_key(clock.key), clock) for clock in value)
        case CaseClock():
            rest = {name: told for name, told in vars(value).items() if name not in OF_KEY}
            return ((name, told) for name, told in rest.items() if told != DEFAULTS.get(name))
        case Standing() | Place() if path.startswith("standing"):
            return ((name, told) for name, told in value if told != type(value).model_fields[name].default)
        case _ if is_dataclass(value):
            return ((field.name, getattr(value, field.name)) for field in fields(value))
        case _:
            return None


def _plain(value: Any) -> Any:
    """Values alone: of a request who asks, of people their ids, of clocks their names, sets in order."""
    match value:
        case Asked():
            return value.by
        case AffectedPerson():
            return value.subject
        case ClockOfCase():
            return _key(value)
        case Standing():
            return value.kind, value.urgency
        case frozenset():
            return tuple(sorted(map(_plain, value), key=_place))
        case tuple():
            return tuple(map(_plain, value))
        case _:
            return value


def _place(one: Any) -> Any:
    """Turns in the order of the lights."""
    return (list(Light).index(one[0]), one[1]) if isinstance(one, tuple) else one


def _key(clock: ClockOfCase) -> str:
    return f"{clock.clock.value}-{clock.cycle}-{clock.nth}"


OF_KEY = frozenset({"name", "cycle", "nth"})
DEFAULTS = {field.name: field.default for field in fields(CaseClock)}
