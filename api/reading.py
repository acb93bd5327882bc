"""Who may read a case file, and what stays covered in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic.fields import FieldInfo

from api.identity import Identity
from api.problems import FORBIDDEN, NOT_FOUND, Problem
from domain.casework.case_file import people_of
from domain.casework.recording import RecordedEvent
from domain.incident import events as e
from domain.model import Identifies, Minor, Model, Person, Privacy, Role
from domain.territory import Territory
from projections.scope import Scope

Lines = Sequence[RecordedEvent]
M = TypeVar("M", bound=Model)
Mark = TypeVar("Mark", Identifies, Privacy)
COVERED = "***"


def scope_of(asker: Identity, territory: Territory) -> Scope:
    """The part of the territory whose cases somebody may list and count. Raises `Problem` (403) for none."""
    level = territory.level(asker.scope)
    if asker.role is Role.RESIDENT or asker.scope is None or level is None:
        raise Problem(FORBIDDEN)
    return Scope.of(asker.scope, level)


def everywhere_for(asker: Identity, territory: Territory) -> Scope:
    """Every case, for staff: for briefs that name nobody, and for what is theirs wherever it lies.

    Raises `Problem` (403) for whoever is responsible for no place.
    """
    scope_of(asker, territory)
    return Scope.all()


def require_readable(lines: Lines, asker: Identity, territory: Territory) -> None:
    """Raise `Problem` (404: not even that it exists) unless the asker has to do with the case."""
    concerned = _is_theirs(lines, asker) if asker.role is Role.RESIDENT else _is_in_charge(lines, asker, territory)
    if not concerned:
        raise Problem(NOT_FOUND)


def require_concerned(lines: Lines, resident: Identity) -> None:
    """Raise `Problem` (404) unless a resident may read the case, or is asked about it as reporter of a duplicate."""
    asked = {
        person.answers
        for line in lines
        if isinstance(line.event, e.DuplicateAttached)
        for person in line.event.affected
    }
    if resident.actor not in asked and not _is_theirs(lines, resident):
        raise Problem(NOT_FOUND)


def _is_theirs(lines: Lines, resident: Identity) -> bool:
    """Whether a resident reported the case, or it is about them, or they answer for somebody it is about."""
    first = lines[0]
    if not isinstance(first.event, e.Reported):
        return False
    people = [person for person in (first.event.reporter, first.event.on_behalf_of) if person is not None]
    return resident.actor == first.actor or any(resident.actor in _subjects(person) for person in people)


def _is_in_charge(lines: Lines, staff: Identity, territory: Territory) -> bool:
    """Whether a case lies where somebody is responsible, or was handed to them or their unit."""
    keys, first = lines[-1].keys, lines[0].event
    lowest = [keys.standing.place.lowest, *(first.also_grids if isinstance(first, e.Reported) else ())]
    above = {node.id for place in lowest for node in territory.path(place)}
    places = above | set(keys.standing.place.model_dump(exclude_none=True).values())
    called = {line.event.whom for line in lines if isinstance(line.event, e.HelpRequested)}
    handed = {keys.officer, keys.lead} | called
    return (staff.scope or "") in places or staff.actor in handed or (staff.unit or "") in handed


@dataclass(frozen=True, slots=True)
class Eyes:
    """Who reads a case: staff, or one resident and whoever they answer for."""

    names: Mapping[str, str]
    """What to call whoever they may know of: the registry's before a resident's."""
    own: frozenset[str] | None = None
    """The subjects a resident speaks for; None for staff."""

    def theirs(self, subject: str) -> bool:
        return self.own is None or subject in self.own

    def knows(self, id: str) -> bool:
        """Staff are known by name to everybody they work for."""
        return self.theirs(id) or id in self.names


def eyes_of(asker: Identity, lines: Lines, registry: Mapping[str, str]) -> Eyes:
    """With which eyes somebody reads a case they may read."""
    people = people_of(lines)
    if asker.role is not Role.RESIDENT:
        return Eyes({**people, **registry})
    own = frozenset({asker.actor, *_wards(lines, asker.actor)})
    return Eyes({**{subject: name for subject, name in people.items() if subject in own}, **registry}, own)


def as_read(lines: Lines, eyes: Eyes) -> list[RecordedEvent]:
    """The lines as these eyes may see them (PIPL art. 6, 28): what is sensitive is `***` for everybody.

    A resident reads their own words, what is about them, and what is shared with everybody the case affects;
    other people's words, names and numbers are `***`.
    """
    return [
        line.model_copy(
            update={
                "event": covered(line.event, eyes, theirs=eyes.theirs(line.actor)),
                "actor": line.actor if eyes.knows(line.actor) else COVERED,
            }
        )
        for line in lines
    ]


def covered(told: M, eyes: Eyes, *, theirs: bool) -> M:
    """The same model without what these eyes may not see; `theirs`: whether they said it themselves."""
    fields = type(told).model_fields
    about = [getattr(told, name) for name, field in fields.items() if _marks(field, Identifies)]
    theirs = theirs or any(eyes.theirs(id) for id in about)
    return told.model_copy(
        update={name: _seen(getattr(told, name), field, eyes, theirs) for name, field in fields.items()}
    )


def _seen(value: Any, field: FieldInfo, eyes: Eyes, theirs: bool) -> Any:
    if not value:
        return value
    if any(not mark.told for mark in _marks(field, Privacy)):
        return COVERED if theirs else None
    if any(mark.level == "sensitive" or not (theirs or mark.shared) for mark in _marks(field, Privacy)):
        return (COVERED,) if isinstance(value, tuple) else COVERED
    if _marks(field, Identifies) and not eyes.knows(value):
        return COVERED
    if isinstance(value, Person | Minor) and not any(map(eyes.theirs, _subjects(value))):
        return None
    if isinstance(value, Model):
        return covered(value, eyes, theirs=theirs)
    if isinstance(value, tuple):
        return tuple(covered(item, eyes, theirs=theirs) if isinstance(item, Model) else item for item in value)
    return value


def _marks(field: FieldInfo, kind: type[Mark]) -> list[Mark]:
    return [mark for mark in field.metadata if isinstance(mark, kind)]


def _subjects(person: Person | Minor) -> list[str]:
    """Who somebody is, and who answers for them."""
    return [person.subject, *([person.guardian.subject] if isinstance(person, Minor) else [])]


def _wards(lines: Lines, guardian: str) -> list[str]:
    """The child of a case whose guardian this is."""
    first = lines[0].event
    child = first.on_behalf_of if isinstance(first, e.Reported) else None
    return [child.subject] if isinstance(child, Minor) and child.guardian.subject == guardian else []
