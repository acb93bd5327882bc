"""走访: households, those of them to be visited every month (五必访), and the visits (五到家、走访全覆盖)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Literal, assert_never

from pydantic import Field, JsonValue

from domain.act import Act
from domain.model import Code, Event, Labelled, Personal, Retention, Role, Rule, Sensitive, Text, Words
from domain.rolls import OFFICE, ROLL_PLACE, Ended, Enrolling, Entry, RollName, Standing, Upkeep
from domain.territory import Level, Place

LISTED_ONLY = Rule("must-visit-listed", "{entry}没有列为这一类必访户，不能撤销。")
RULES: dict[str, Rule] = {LISTED_ONLY.id: LISTED_ONLY}


class Group(Labelled):
    """五必访: whom the community visits every month."""

    HARDSHIP_FAMILY = "hardship_family", "困难家庭"
    SERIOUS_ILLNESS = "serious_illness", "大病家庭"
    UNEMPLOYED = "unemployed", "下岗失业人员"
    EMPTY_NESTER = "empty_nester", "空巢老人"
    CORRECTIONS = "corrections", "社区矫正和刑释解教人员"


class HouseholdEnrolled(Event):
    type: Literal["household.enrolled"] = "household.enrolled"
    retention: ClassVar[Retention] = Retention.ROLL
    label: ClassVar[str] = "登记住户"
    sentence: ClassVar[str] = "{resumes:重新|}登记住户，{place.community}{place.grid:　}{place.building:　}"

    place: Place
    resumes: bool = False


class MustVisitListed(Event):
    """`first` tells that the household was in no such group before; `resumes` that this was not so for long."""

    type: Literal["household.must_visit_listed"] = "household.must_visit_listed"
    retention: ClassVar[Retention] = Retention.ROLL
    label: ClassVar[str] = "列为必访户"
    sentence: ClassVar[str] = "{resumes:重新|}列为必访户：{group}"

    group: Sensitive[Group]
    first: bool
    resumes: bool = False


class MustVisitDelisted(Event):
    """`last` tells that the household is in no such group any more."""

    type: Literal["household.must_visit_delisted"] = "household.must_visit_delisted"
    retention: ClassVar[Retention] = Retention.ROLL
    label: ClassVar[str] = "撤销必访户"
    sentence: ClassVar[str] = "不再是必访户：{group}{reason:，}"

    group: Sensitive[Group]
    last: bool
    reason: Personal[Words]


class HouseholdVisited(Event):
    """A visit counts when somebody was at home."""

    type: Literal["household.visited"] = "household.visited"
    retention: ClassVar[Retention] = Retention.ROLL
    label: ClassVar[str] = "走访"
    sentence: ClassVar[str] = "上门走访，{met:见到了住户|家中无人}{note:：}"

    met: bool
    note: Personal[Text] = ""


class HouseholdLeft(Event):
    type: Literal["household.left"] = "household.left"
    retention: ClassVar[Retention] = Retention.ROLL
    label: ClassVar[str] = "住户迁出"
    sentence: ClassVar[str] = "住户迁出：{reason}"

    reason: Personal[Words]


HouseholdEvent = HouseholdEnrolled | MustVisitListed | MustVisitDelisted | HouseholdVisited | HouseholdLeft


@dataclass(frozen=True, slots=True)
class Household(Entry):
    """一户。No more is known of it than where it lives and what it is visited for."""

    groups: frozenset[Group] = frozenset()
    delisted: Ended | None = None
    """Since when it need not be visited every month any more, if it once had to be."""


def evolve(household: Household | None, id: str, event: HouseholdEvent, at: datetime) -> Household:
    """The household after an event; the first one enrols it."""
    if isinstance(event, HouseholdEnrolled):
        return _enrolled(household or Household(id, Standing(place=event.place, enrolment=0)), event)
    if household is None:
        raise ValueError(f"what is kept of household {id} does not begin with household.enrolled")
    match event:
        case MustVisitListed(group=group):
            listing = household.standing.listing + (event.first and not event.resumes)
            standing = household.standing.model_copy(update={"listing": listing})
            return replace(household, standing=standing, groups=household.groups | {group}, delisted=None)
        case MustVisitDelisted(group=group):
            ended = Ended(at, household.standing.place) if event.last else None
            return replace(household, groups=household.groups - {group}, delisted=ended)
        case HouseholdVisited():
            return household
        case HouseholdLeft():
            return replace(household, ended=Ended(at, household.standing.place))
        case _:
            assert_never(event)


def _enrolled(household: Household, event: HouseholdEnrolled) -> Household:
    enrolment = household.standing.enrolment + (not event.resumes)
    standing = household.standing.model_copy(update={"place": event.place, "enrolment": enrolment})
    return replace(household, standing=standing, ended=None)


class EnrolHousehold(Enrolling):
    """登记住户：住在哪个网格，或哪栋楼。不登记姓名、电话。迁出后又迁回的，再登记一次。"""

    roll: ClassVar[RollName] = "household"
    keepers: ClassVar[tuple[Role, ...]] = (Role.GRID_OFFICER, *OFFICE)
    name: ClassVar[str] = "enrol-household"
    label: ClassVar[str] = "登记住户"
    example: ClassVar[dict[str, JsonValue]] = {"grid": "grid-chuangdan-1"}

    grid: Code = Field(description="所在网格")
    building: Code | None = Field(default=None, description="所在楼栋，可空")

    def place(self, act: Act) -> Place:
        grid = act.territory.place_at(self.grid, Level.GRID)
        found = grid and act.territory.place(self.grid, self.building)
        if found is None:
            raise ROLL_PLACE.refused(node=self.building or self.grid, levels="网格，或其中的楼栋")
        return found

    def enrolled(self, place: Place, *, resumes: bool) -> HouseholdEnrolled:
        return HouseholdEnrolled(place=place, resumes=resumes)


class ListMustVisit(Upkeep[Household]):
    """列为必访户：五类重点服务对象，每月必访。一户可以属于几类。"""

    roll: ClassVar[RollName] = "household"
    name: ClassVar[str] = "list-must-visit"
    label: ClassVar[str] = "列为必访户"
    example: ClassVar[dict[str, JsonValue]] = {"group": "empty_nester"}

    group: Sensitive[Group] = Field(description="哪一类")

    def decide(self, entry: Household, act: Act) -> Iterator[HouseholdEvent]:
        """Yield `MustVisitListed`."""
        if self.group not in entry.groups:
            place = act.territory.redrawn(entry.standing.place)
            resumes = entry.delisted is not None and entry.delisted.resumes(place, act)
            yield MustVisitListed(group=self.group, first=not entry.groups, resumes=resumes)


class DelistMustVisit(Upkeep[Household]):
    """撤销必访户：情况变了，不再属于这一类，须写明理由。"""

    roll: ClassVar[RollName] = "household"
    name: ClassVar[str] = "delist-must-visit"
    label: ClassVar[str] = "撤销必访户"
    example: ClassVar[dict[str, JsonValue]] = {"group": "unemployed", "reason": "已经就业，核实过劳动合同"}

    group: Sensitive[Group] = Field(description="哪一类")
    reason: Personal[Words] = Field(description="理由")

    def decide(self, entry: Household, act: Act) -> Iterator[HouseholdEvent]:
        """Yield `MustVisitDelisted`."""
        LISTED_ONLY.require(self.group in entry.groups, entry=entry.id)
        yield MustVisitDelisted(group=self.group, last=len(entry.groups) == 1, reason=self.reason)


class RecordVisit(Upkeep[Household]):
    """登记走访：上了门、见没见到人。见到人的才算走访过。"""

    roll: ClassVar[RollName] = "household"
    keepers: ClassVar[tuple[Role, ...]] = (Role.GRID_OFFICER, *OFFICE)
    from_within: ClassVar[bool] = True  # of a household without a building only the community is left after a split
    is_deed: ClassVar[bool] = True
    name: ClassVar[str] = "record-visit"
    label: ClassVar[str] = "登记走访"
    example: ClassVar[dict[str, JsonValue]] = {"met": True, "note": "身体尚好，想装一个扶手"}

    met: bool = Field(description="见到了住户没有")
    note: Personal[Text] = Field(default="", description="了解到什么")

    def decide(self, entry: Household, act: Act) -> Iterator[HouseholdEvent]:
        """Yield `HouseholdVisited`."""
        yield HouseholdVisited(met=self.met, note=self.note)


class RecordDeparture(Upkeep[Household]):
    """登记迁出：此后不再走访；是必访户的，同时撤销。"""

    roll: ClassVar[RollName] = "household"
    name: ClassVar[str] = "record-departure"
    label: ClassVar[str] = "登记迁出"
    example: ClassVar[dict[str, JsonValue]] = {"reason": "搬到外地子女家"}

    reason: Personal[Words] = Field(description="理由")

    def decide(self, entry: Household, act: Act) -> Iterator[HouseholdEvent]:
        """Yield `MustVisitDelisted` for every group, then `HouseholdLeft`."""
        groups = sorted(entry.groups)
        for group in groups:
            yield MustVisitDelisted(group=group, last=group == groups[-1], reason=self.reason)
        yield HouseholdLeft(reason=self.reason)


COMMANDS = (EnrolHousehold, ListMustVisit, DelistMustVisit, RecordVisit, RecordDeparture)
