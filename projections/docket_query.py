"""What may be asked of the docket, and in which order."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field, field_validator
from pydantic_core import PydanticCustomError

from domain.clocks import Light
from domain.incident.words import OPEN, Kind, Stage
from domain.model import PRINTABLE, Category, Code, Model
from projections.docket_words import LONGEST, MOST, split
from projections.lights import URGENT_FIRST

Sort = Literal["reported_at", "-reported_at", "updated_at", "-updated_at", "due_at", "-due_at", "light", "-light"]
BY_DUE = ("due_at", "reported_at", "opened")


class DocketQuery(Model):
    """台账的查询条件：不填的不限。"""

    territory: Code | None = Field(default=None, description="区、街道、社区、小区、网格或楼栋的编号")
    kind: Kind | None = Field(default=None, description="事件性质")
    stage: tuple[Stage, ...] = Field(default=(), max_length=len(Stage), description="所处阶段，可填多个")
    open: bool | None = Field(default=None, description="是否在办")
    light: tuple[Light, ...] = Field(
        default=(),
        max_length=len(Light),
        description="现在亮什么灯，可填多个，以最先变灯的一项时限为准："
        "green 未过时限的 80%，yellow 过了 80%，red 已超时，undetermined 未定（工作日历尚未公布）；"
        "没有时限在走的案件没有灯",
    )
    officer: Code | None = Field(default=None, description="经办人编号")
    unit: Code | None = Field(default=None, description="首接负责单位编号")
    reported_from: AwareDatetime | None = Field(default=None, description="反映时间不早于")
    reported_to: AwareDatetime | None = Field(default=None, description="反映时间早于")
    category: Category | None = Field(default=None, description="类别：大类2位+小类2位")
    urgency: int | None = Field(default=None, ge=1, le=4, description="紧急程度：1 特急 … 4 一般")
    number: Code | None = Field(default=None, description="案号")
    q: str | None = Field(
        default=None,
        max_length=LONGEST,
        pattern=PRINTABLE,
        description=f"查找，最多 {MOST} 个词，用空格隔开，每个都要符合。一个词可以是案号（至少写全日期，如 20260216）、"
        "各级地名（现名或曾用名）、单位名称，以及性质、阶段、灯、类别大类的叫法，或其中几个字。"
        "不查姓名、住址和情况说明",
    )
    sort: Sort = Field(
        default="-reported_at",
        description="按反映时间、最近更新、最先到期的时限或灯排序，带“-”的由新到旧；没有到期时间的总排在最后。"
        "light 依次为红灯、黄灯、未定、绿灯，同一种灯先到期的在前；“-light”反之；没有灯的总排在最后",
    )
    limit: int = Field(default=50, ge=1, le=200, description="每页件数")
    cursor: str | None = Field(default=None, max_length=300, description="上一页给出的 next")

    @field_validator("stage", "light", mode="before")
    @classmethod
    def _several(cls, given: object) -> object:
        """One word is a list of one."""
        return (given,) if isinstance(given, str) else given

    @field_validator("q")
    @classmethod
    def _few(cls, asked: str | None) -> str | None:
        if len(split(asked or "")) > MOST:
            raise PydanticCustomError("too_long", "too many words", {"max_length": MOST})
        return asked

    @property
    def asked(self) -> str:
        """The query without its page: a cursor serves no other."""
        return self.model_dump_json(include=DocketQuery.model_fields.keys() - {"cursor", "limit"})

    @property
    def order(self) -> tuple[str, ...]:
        """The columns that the rows are in order of; the light is told from some."""
        column = self.sort.removeprefix("-")
        return {"light": ("light", *BY_DUE), "due_at": BY_DUE}.get(column, (column, "opened"))

    @property
    def lights(self) -> tuple[Light, ...]:
        """The lights asked for, each once."""
        return tuple(light for light in URGENT_FIRST if light in self.light)

    @property
    def equal(self) -> dict[str, str | int]:
        """The columns that must have one value."""
        asked = {
            "number": self.number,
            "officer": self.officer,
            "lead": self.unit,
            "kind": self.kind,
            "category": self.category,
            "urgency": self.urgency,
        }
        return {column: value for column, value in asked.items() if value is not None}

    @property
    def stages(self) -> frozenset[Stage]:
        """The stages asked for, by name or as open or not."""
        named = frozenset(self.stage or Stage)
        if self.open is None:
            return named
        return named & OPEN if self.open else named - OPEN
