"""Who may read a case file, and what stays covered in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from api.identity import Identity
from api.problems import FORBIDDEN, NOT_FOUND, Problem
from domain.casework.case_file import people_of
from domain.casework.recording import RecordedEvent
from domain.incident import events as e
from domain.model import Minor, Model, Person, Privacy, Role
from domain.territory import Territory
from projections.scope import Scope

Lines = Sequence[RecordedEvent]
M = TypeVar("M", bound=Model)
COVERED = "***"


def scope_of(asker: Identity, territory: Territory) -> Scope:
    """The part of the territory whose cases somebody may list and count. Raises `Problem` (403) for none."""
    level = territory.level(asker.scope)
    if asker.role is Role.RESIDENT or asker.scope is None or level is None:
        raise Problem(FORBIDDEN)
    return Scope.of(asker.scope, level)


def require_readable(lines: Lines, asker: Identity, territory: Territory) -> None:
    """Raise `Problem` (404: not even that it exists) unless the asker has to do with the case."""
    concerned = _is_theirs(lines, asker) if asker.role is Role.RESIDENT else _is_in_charge(lines, asker, territory)
    if not concerned:
        raise Problem(NOT_FOUND)


def _is_theirs(lines: Lines, resident: Identity) -> bool:
    """Whether a resident reported the case, or it is about them, or they answer for somebody it is about."""
    first = lines[0]
    if not isinstance(first.event, e.Reported):
        return False
    people = [person for person in (first.event.reporter, first.event.on_behalf_of) if person is not None]
    return resident.actor == first.actor or any(_is(person, resident) for person in people)


def _is_in_charge(lines: Lines, staff: Identity, territory: Territory) -> bool:
    """Whether a case lies where somebody is responsible, or was handed to them or their unit."""
    keys, first = lines[-1].keys, lines[0].event
    grids = [keys.standing.place.grid, *(first.also_grids if isinstance(first, e.Reported) else ())]
    places = {node.id for grid in grids for node in territory.path(grid)} | {keys.standing.place.building}
    called = {line.event.whom for line in lines if isinstance(line.event, e.HelpRequested)}
    handed = {keys.officer, keys.lead} | called
    return (staff.scope or "") in places or staff.actor in handed or (staff.unit or "") in handed


def names_for(asker: Identity, lines: Lines, names: dict[str, str]) -> dict[str, str]:
    """What to call people: everybody for staff; for a resident, other residents stay what they are, an id."""
    people = people_of(lines)
    if asker.role is Role.RESIDENT:
        people = {subject: name for subject, name in people.items() if subject == asker.actor}
    return {**names, **people}


def covered(told: M, asker: Identity) -> M:
    """The same model with sensitive fields as `***` and, for a resident, without other people (PIPL art. 6, 28)."""
    return told.model_copy(update={field: _cover(told, field, asker) for field in type(told).model_fields})


def _cover(told: Model, field: str, asker: Identity) -> Any:
    value = getattr(told, field)
    kept = type(told).model_fields[field].metadata
    if value is not None and any(isinstance(mark, Privacy) and mark.level == "sensitive" for mark in kept):
        return COVERED
    if isinstance(value, Person | Minor) and asker.role is Role.RESIDENT and not _is(value, asker):
        return None
    if isinstance(value, Model):
        return covered(value, asker)
    if isinstance(value, tuple):
        return tuple(covered(item, asker) if isinstance(item, Model) else item for item in value)
    return value


def _is(person: Person | Minor, asker: Identity) -> bool:
    guardian = person.guardian.subject if isinstance(person, Minor) else None
    return asker.actor in (person.subject, guardian)
