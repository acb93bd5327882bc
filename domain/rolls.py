"""名册: households to be visited, and members who checked in. One stream of events to each entry, one way to write."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Generic, Literal, NamedTuple, TypeVar

from pydantic import AfterValidator

from domain.act import Act
from domain.model import Code, Command, Event, Model, Role, Rule
from domain.register import KEEPER_ONLY, STATED_BEFORE
from domain.territory import Place, Territory

RollName = Literal["household", "member"]
"""住户名册、双报到名册."""

ROLL_PLACE = Rule("roll-place", "“{node}”不是在册的{levels}，请核对编号。")
ROLL_OWN_PLACE = Rule("roll-own-place", "“{node}”不归您负责，不能办理“{command}”。")
ROLL_STANDING = Rule("roll-standing", "{entry}已经销册；又回来的，请先重新登记。")
ROLL_ELSEWHERE = Rule("roll-elsewhere", "{entry}已经登记在“{node}”；换了地方的，请先在那里销册。")
RULES: dict[str, Rule] = {rule.id: rule for rule in (ROLL_PLACE, ROLL_OWN_PLACE, ROLL_STANDING, ROLL_ELSEWHERE)}
RESUMES_WITHIN = timedelta(days=31)
"""So soon on a list again in the same community is on it throughout, or the late would be struck off meanwhile."""
OFFICE = (Role.COMMUNITY, Role.STREET, Role.DISTRICT, Role.ADMIN)
"""Who decides who is on a roll."""
READERS = frozenset({Role.GRID_OFFICER, *OFFICE, Role.AUDITOR})
"""Who may read what is kept there, each of the places they answer for: who is visited is nobody else's concern."""


NUMBER_OF_A_PERSON = re.compile(r"(1[3-9]\d{9}|\d{17}[\dXx])")
"""A mobile phone's or an identity card's (GB 11643-1999)."""


def _opaque(id: str) -> str:
    if NUMBER_OF_A_PERSON.fullmatch(id):
        raise ValueError("an id that says who somebody is")
    return id


EntryId = Annotated[Code, AfterValidator(_opaque)]
"""The id of an entry, by whoever enrols it."""


class Standing(Model):
    """How an entry stood after an event, stored with it, so that no view looks anything up.

    `place` is where it was enrolled, as drawn then; `enrolment` says how often it was put on the roll so far,
    `listing` how often it became one to be visited every month. What resumes counts no further.
    """

    place: Place
    enrolment: int = 1
    listing: int = 0


class Ended(NamedTuple):
    """When and where an entry ceased to be on a list."""

    at: datetime
    place: Place

    def resumes(self, place: Place, act: Act) -> bool:
        """Whether it would not have ceased at all, if it is on the list again there now."""
        before = act.territory.redrawn(self.place)
        soon = act.recorded_at - self.at <= RESUMES_WITHIN
        return soon and (before.street, before.community) == (place.street, place.community)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a roll, no more than the rules ask. Whoever was struck off stays, for old figures."""

    id: str
    standing: Standing
    ended: Ended | None = None
    """Since when it is struck off, if it is."""

    @property
    def enrolled(self) -> bool:
        return self.ended is None


E = TypeVar("E", bound=Entry)
Evolve = Callable[[Any, str, Any, datetime], Entry]
"""An entry, or None before its first event; its id; an event, and when it took effect → the entry after it."""


class RollCommand(Command):
    """A command on one entry of a roll."""

    roll: ClassVar[RollName]
    keepers: ClassVar[tuple[Role, ...]] = OFFICE
    """Who may ask, each for the places they answer for."""
    from_within: ClassVar[bool] = False
    """Whether those may ask as well who answer for a part of the place."""
    is_deed: ClassVar[bool] = False
    """Whether it tells of something done, which may be written down a little later; else it holds once it is recorded.

    Whoever is judged by who is on a roll at the end of a month does not say afterwards who was.
    """


class Enrolling(RollCommand):
    """By this an entry comes on a roll, for the first time or again."""

    @abstractmethod
    def place(self, act: Act) -> Place:
        """Where it belongs. Raises `Refused` for what is no such place."""

    @abstractmethod
    def enrolled(self, place: Place, *, resumes: bool) -> Event:
        """What is written of it; `resumes` where it is as if it had never been struck off."""


class Upkeep(RollCommand, Generic[E]):
    """This is said of an entry that is on its roll."""

    @abstractmethod
    def decide(self, entry: E, act: Act) -> Iterator[Event]:
        """Yield what follows, or raise `Refused`; nothing yielded means nothing is new."""


def decide(command: Enrolling | Upkeep[E], entry: E | None, act: Act) -> list[Event]:
    """What follows when this is asked of an entry. Raises `Refused`; an empty list changes nothing.

    Raises `LookupError` where there has to be an entry (None: there is none).
    """
    roles = "、".join(role.label for role in command.keepers)
    KEEPER_ONLY.require(act.role in command.keepers, command=command.label, roles=roles)
    STATED_BEFORE.require(act.occurred_at <= act.recorded_at + timedelta(seconds=act.table.clock_skew))
    if isinstance(command, Enrolling):
        place = command.place(act)
        _require_own(command, place, act)
        if entry is None or entry.ended:
            resumes = entry is not None and entry.ended is not None and entry.ended.resumes(place, act)
            return [command.enrolled(place, resumes=resumes)]
        there = act.territory.redrawn(entry.standing.place)
        ROLL_ELSEWHERE.require(there == place, entry=entry.id, node=_name(_around(there), act))
        return []
    if entry is None:
        raise LookupError("no such entry")
    _require_own(command, act.territory.redrawn(entry.standing.place), act)
    ROLL_STANDING.require(entry.enrolled, entry=entry.id)
    return list(command.decide(entry, act))


def _require_own(command: RollCommand, place: Place, act: Act) -> None:
    theirs = act.role is Role.ADMIN or answers_for(act.scope, place, act.territory, from_within=command.from_within)
    told = place if isinstance(command, Enrolling) else _around(place)
    ROLL_OWN_PLACE.require(theirs, node=_name(told, act), command=command.label)


def answers_for(scope: str | None, place: Place, territory: Territory, *, from_within: bool) -> bool:
    """Whether somebody answers for a place as it is drawn now or, `from_within`, for a part of it."""
    within = from_within and place.lowest in {node.id for node in territory.path(scope)}
    return within or scope in {node.id for node in territory.path(place.lowest)}


def _around(place: Place) -> Place:
    """As near as it is told to whoever does not answer for it."""
    return place.model_copy(update={"estate": None, "grid": None, "building": None})


def _name(place: Place, act: Act) -> str:
    return act.territory.names.get(place.lowest, place.lowest)
