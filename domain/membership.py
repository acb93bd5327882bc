"""双报到: party members and units who checked in to the community where they live or are paired, and what they did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Literal, assert_never

from pydantic import Field, JsonValue

from domain.act import Act
from domain.model import Code, Event, Labelled, Name, Personal, Retention, Role, Text, Words
from domain.rolls import OFFICE, ROLL_PLACE, Ended, Enrolling, Entry, RollName, Standing, Upkeep
from domain.territory import Level, Place


class Sort(Labelled):
    """Who checked in."""

    PERSON = "person", "在职党员"
    UNIT = "unit", "结对单位"


class MemberCheckedIn(Event):
    type: Literal["member.checked_in"] = "member.checked_in"
    retention: ClassVar[Retention] = Retention.ROLL
    label: ClassVar[str] = "报到"
    sentence: ClassVar[str] = "{sort}{resumes:重新|}向{place.community}报到{called:：}{skill:，专长：}"

    place: Place
    sort: Sort
    called: Personal[Name]
    skill: Personal[Text] = ""
    resumes: bool = False


class MemberServed(Event):
    type: Literal["member.served"] = "member.served"
    retention: ClassVar[Retention] = Retention.ROLL
    label: ClassVar[str] = "服务"
    sentence: ClassVar[str] = "参加服务：{service}{incident:，案件}"

    service: Personal[Words]
    incident: Code | None = None


class MemberCheckedOut(Event):
    type: Literal["member.checked_out"] = "member.checked_out"
    retention: ClassVar[Retention] = Retention.ROLL
    label: ClassVar[str] = "退出报到"
    sentence: ClassVar[str] = "退出报到：{reason}"

    reason: Personal[Words]


MemberEvent = MemberCheckedIn | MemberServed | MemberCheckedOut


@dataclass(frozen=True, slots=True)
class Member(Entry):
    """A member or unit of 双报到, checked in to one community at a time."""


def evolve(member: Member | None, id: str, event: MemberEvent, at: datetime) -> Member:
    """The member after an event; the first one checks in."""
    if isinstance(event, MemberCheckedIn):
        enrolment = member.standing.enrolment + (not event.resumes) if member else 1
        return Member(id, Standing(place=event.place, enrolment=enrolment))
    if member is None:
        raise ValueError(f"what is kept of member {id} does not begin with member.checked_in")
    match event:
        case MemberServed():
            return member
        case MemberCheckedOut():
            return replace(member, ended=Ended(at, member.standing.place))
        case _:
            assert_never(event)


class CheckIn(Enrolling):
    """报到：在职党员向居住地社区报到，单位向结对社区报到；退出后又来的，再报到一次。"""

    roll: ClassVar[RollName] = "member"
    name: ClassVar[str] = "check-in"
    label: ClassVar[str] = "报到"
    example: ClassVar[dict[str, JsonValue]] = {
        "community": "community-sanjiaoping",
        "sort": "person",
        "called": "某党员",
        "skill": "矿山救护",
    }

    community: Code = Field(description="向哪个社区报到")
    sort: Sort = Field(description="在职党员，或结对单位")
    called: Personal[Name] = Field(description="姓名，或单位名称")
    skill: Personal[Text] = Field(default="", description="专长")

    def place(self, act: Act) -> Place:
        found = act.territory.place_at(self.community, Level.COMMUNITY)
        if found is None:
            raise ROLL_PLACE.refused(node=self.community, levels=Level.COMMUNITY.label)
        return found

    def enrolled(self, place: Place, *, resumes: bool) -> MemberCheckedIn:
        return MemberCheckedIn(place=place, resumes=resumes, sort=self.sort, called=self.called, skill=self.skill)


class RecordService(Upkeep[Member]):
    """登记服务：报到的党员、单位做了什么；为某个案件做的，写明案件。"""

    roll: ClassVar[RollName] = "member"
    keepers: ClassVar[tuple[Role, ...]] = (Role.GRID_OFFICER, *OFFICE)
    from_within: ClassVar[bool] = True
    is_deed: ClassVar[bool] = True
    name: ClassVar[str] = "record-service"
    label: ClassVar[str] = "登记服务"
    example: ClassVar[dict[str, JsonValue]] = {"service": "带队排查地下室积水"}

    service: Personal[Words] = Field(description="做了什么")
    incident: Code | None = Field(default=None, description="为哪个案件，可空")

    def decide(self, entry: Member, act: Act) -> Iterator[MemberEvent]:
        """Yield `MemberServed`."""
        yield MemberServed(service=self.service, incident=self.incident)


class CheckOut(Upkeep[Member]):
    """退出报到：搬走了、调走了，或不再结对。"""

    roll: ClassVar[RollName] = "member"
    name: ClassVar[str] = "check-out"
    label: ClassVar[str] = "退出报到"
    example: ClassVar[dict[str, JsonValue]] = {"reason": "调往外地工作"}

    reason: Personal[Words] = Field(description="理由")

    def decide(self, entry: Member, act: Act) -> Iterator[MemberEvent]:
        """Yield `MemberCheckedOut`."""
        yield MemberCheckedOut(reason=self.reason)


COMMANDS = (CheckIn, RecordService, CheckOut)
