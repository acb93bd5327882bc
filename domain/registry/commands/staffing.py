"""任职与离岗: who holds which post, and who takes over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from pydantic import Field, JsonValue

from domain.model import Code, Name, Personal, Role, Subject
from domain.registry import rules
from domain.registry.commands.checking import Checking
from domain.registry.commands.keeping import Keeping, require_unscheduled
from domain.registry.events import HeadReleased, StaffAppointed, StaffReleased, TerritoryEvent
from domain.territory import Post, Staff, Territory


class AppointStaff(Keeping):
    """任职：新任、调任、复任都用它；一人同时一个岗位。"""

    name: ClassVar[str] = "appoint-staff"
    label: ClassVar[str] = "任职"
    example: ClassVar[dict[str, JsonValue]] = {
        "staff": "officer-mi",
        "staff_name": "米网格员",
        "role": "grid_officer",
        "scope": "grid-huafeng-1",
    }

    staff: Code = Field(description="人员编号，不透明")
    staff_name: Personal[Name] = Field(description="姓名，或值班室的名称")
    role: Role = Field(description="岗位")
    scope: Code = Field(description="所负责的节点")
    unit: Code | None = Field(default=None, description="所在单位；部门单位的人员必填")

    def changes(self, territory: Territory, since: datetime) -> Iterator[TerritoryEvent]:
        post = Post(id=self.staff, name=self.staff_name, role=self.role, scope=self.scope, unit=self.unit)
        Checking(territory).post(post)
        if territory.member.get(post.id) != Staff.model_validate(dict(post)):
            require_unscheduled(territory, post.id, post.scope)
            yield StaffAppointed(post=post, effective_from=since)


class ReleaseStaff(Keeping):
    """离岗：写明接手人的，经办中的案件逐件移交给接手人。"""

    name: ClassVar[str] = "release-staff"
    label: ClassVar[str] = "离岗"
    example: ClassVar[dict[str, JsonValue]] = {"staff": "officer-mi", "successor": "officer-chen"}

    staff: Code = Field(description="离岗的人")
    successor: Code | None = Field(default=None, description="接手人，在岗的另一个人；不填则案件待重新指派")

    def changes(self, territory: Territory, since: datetime) -> Iterator[TerritoryEvent]:
        leaving = territory.member.get(self.staff)
        if leaving is None:
            raise rules.STAFF_IN_OFFICE.refused(id=self.staff)
        if leaving.released and leaving.successor == self.successor:
            return
        rules.STAFF_IN_OFFICE.require(not leaving.released, id=self.staff)
        successor = territory.member.get(self.successor or "")
        fits = successor is not None and not successor.released and successor.id != leaving.id
        rules.SUCCESSOR_IN_OFFICE.require(fits or self.successor is None, id=self.successor)
        require_unscheduled(territory, leaving.id, self.successor or leaving.id)
        yield StaffReleased(staff=leaving.id, successor=self.successor, effective_from=since)


class ReleaseHead(Keeping):
    """楼栋长卸任：从名册上撤下。"""

    name: ClassVar[str] = "release-head"
    label: ClassVar[str] = "楼栋长卸任"
    example: ClassVar[dict[str, JsonValue]] = {"building": "building-chuangdan-1-2", "person": "s-head-0001"}

    building: Code = Field(description="楼栋")
    person: Subject = Field(description="人员编号")

    def changes(self, territory: Territory, since: datetime) -> Iterator[TerritoryEvent]:
        held = {(head.building, head.person.subject) for head in territory.heads}
        if (self.building, self.person) in held:
            yield HeadReleased(building=self.building, person=self.person, effective_from=since)
