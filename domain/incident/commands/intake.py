"""登记与立案。"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field, JsonValue

from domain.act import Act
from domain.incident import rules
from domain.incident.cells import cell_of
from domain.incident.commands.step import PairedStep, Step, may_claim, require_alone, require_settled
from domain.incident.events import Accepted, DuplicateDetached, IncidentEvent, Rejected, Reported, Withdrawn
from domain.incident.state import Incident
from domain.incident.words import UNRESOLVED, Kind, Source, Stage, Standing
from domain.model import Category, Code, Command, Instant, Minor, Person, Personal, Point, Role, Text, Urgency, Words
from domain.territory import Place, Territory


def place_of(territory: Territory, grid: str | None, building: str | None) -> Place:
    """The place in the tree, or the refusal of a place nobody knows. A building tells its grid, if it has one."""
    place = territory.place(grid or territory.grid_of(building), building)
    if place is None:
        raise rules.GRID_KNOWN.refused(grid=building or grid)
    return place


class Report(Command):
    """反映一件事：发生了什么、在哪个网格、谁反映的。"""

    name: ClassVar[str] = "report"
    label: ClassVar[str] = "反映"
    example: ClassVar[dict[str, JsonValue]] = {
        "kind": "emergency",
        "urgency": 1,
        "category": "0101",
        "grid": "grid-chuangdan-1",
        "source": "hotline",
        "description": "楼栋化粪池外溢，污水流到路面",
        "address": "床单厂小区2栋",
        "reporter": {"name": "曾竹英", "phone": "13800000000"},
    }

    kind: Kind = Field(description="事件性质；前三种为三必到")
    urgency: Urgency
    category: Category = Field(description="大类2位+小类2位")
    grid: Code | None = Field(
        default=None, description="所在网格编号；写明楼栋的可以不填", examples=["grid-chuangdan-1"]
    )
    building: Code | None = Field(default=None, description="楼栋编号", examples=[None])
    also_grids: tuple[Code, ...] = Field(
        default=(), max_length=20, description="同时知会的网格，只看不计", examples=[[]]
    )
    source: Source = Field(description="信息来源")
    description: Personal[Words] = Field(description="情况说明")
    address: Personal[Text] = Field(default="", description="地点描述")
    position: Personal[Point | None] = Field(default=None, description="坐标及其坐标系")
    reporter: Person | None = Field(default=None, description="反映人；不填为匿名或巡查发现")
    on_behalf_of: Person | Minor | None = Field(default=None, description="代谁反映")
    began_at: Instant | None = Field(default=None, description="事情开始的时间", examples=[None])

    def decide(self, act: Act) -> Iterator[IncidentEvent]:
        may_claim(act)
        rules.PLACE_STATED.require(self.grid or self.building)
        place = place_of(act.territory, self.grid, self.building)
        for grid in self.also_grids:
            place_of(act.territory, grid, None)
        for subject in self._subjects:
            rules.PERSON_NOT_REGISTERED.require(subject not in act.territory.names, subject=subject)
        both = self.reporter is not None and self.on_behalf_of is not None
        rules.TWO_PEOPLE.require(not both or self._reporter_id != self._affected_id)
        rules.BEGAN_BEFORE.require(self.began_at is None or self.began_at <= act.occurred_at)
        yield Reported(
            standing=Standing(
                place=place,
                kind=self.kind,
                urgency=self.urgency,
                category=self.category,
                rural=act.territory.is_rural(place),
            ),
            also_grids=self.also_grids,
            source=self.source,
            description=self.description,
            address=self.address,
            position=self.position,
            cell=cell_of(self.position) if self.position else None,
            reporter=self.reporter,
            on_behalf_of=self.on_behalf_of,
            began_at=self.began_at,
            rules=act.table.version,
            calendar=act.clocks.calendar_at(act.recorded_at).version,
        )

    @property
    def _subjects(self) -> Iterator[str]:
        """Whoever is named as a resident."""
        for person in (self.reporter, self.on_behalf_of):
            if person is not None:
                yield person.subject
            if isinstance(person, Minor):
                yield person.guardian.subject

    @property
    def _reporter_id(self) -> str | None:
        return self.reporter.subject if self.reporter else None

    @property
    def _affected_id(self) -> str | None:
        return self.on_behalf_of.subject if self.on_behalf_of else None


class Accept(Step):
    """受理立案，给出案号。"""

    name: ClassVar[str] = "accept"
    label: ClassVar[str] = "受理"
    stages: ClassVar = frozenset({Stage.REPORTED})

    def already(self, case: Incident) -> bool:
        return case.accepted

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        yield Accepted(number=act.case_number)


class Reject(Step):
    """不予受理，说明理由。"""

    name: ClassVar[str] = "reject"
    label: ClassVar[str] = "不予受理"
    example: ClassVar[dict[str, JsonValue]] = {"reason": "不属于本区管辖，已告知反映人拨打市热线"}
    stages: ClassVar = frozenset({Stage.REPORTED})

    reason: Personal[Text] = Field(description="理由")

    def decide(self, case: Incident, act: Act) -> Iterator[IncidentEvent]:
        rules.REASON.require(self.reason)
        require_alone(case, self)
        require_settled(case)
        yield Rejected(reason=self.reason)


class Withdraw(PairedStep):
    """反映人本人撤回。"""

    name: ClassVar[str] = "withdraw"
    label: ClassVar[str] = "撤回"
    example: ClassVar[dict[str, JsonValue]] = {"reason": "邻居已经自行清走"}
    stages: ClassVar = UNRESOLVED | {Stage.MERGED}
    residents_may: ClassVar[bool] = True

    reason: Personal[Text] = Field(default="", description="理由")

    def decide(self, case: Incident, act: Act, primary: Incident | None) -> Iterator[IncidentEvent]:
        rules.WITHDRAW_BY_REPORTER.require(act.role is Role.RESIDENT and act.actor == case.reporter)
        rules.WITHDRAW_NOT_EMERGENCY.require(case.standing.kind is not Kind.EMERGENCY)
        require_alone(case, self)
        yield Withdrawn(reason=self.reason)
        if primary is not None and primary.stage is not Stage.ARCHIVED:
            yield DuplicateDetached(duplicate=case.id)
