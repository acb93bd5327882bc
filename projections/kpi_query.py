"""What may be asked of the figures people are judged by, and of what is behind one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from domain.incident.words import Kind
from domain.model import Code
from projections.drawn import LevelName, RollUpQuery
from projections.kpi_definitions import DEFINITIONS

Part = Literal["numerator", "denominator", "missed"]
By = Literal["all", LevelName, "unit", "kind", "day", "week", "month"]
CODES = tuple(dict.fromkeys(one.code for one in DEFINITIONS))


def _one_of(codes: Sequence[str], given: str) -> str:
    """What is given, told like any other value that is none of those there are."""
    if given not in codes:
        raise PydanticCustomError("enum", "not one of them", {"expected": ", ".join(codes)})
    return given


class KpiFilter(RollUpQuery):
    """指标的范围：不填的不限。日期为上海当地日期，首尾都算，按各指标口径所说的那一天。"""

    kind: Kind | None = Field(default=None, description="事件性质")
    unit: Code | None = Field(default=None, description="首接负责单位编号")


class KpiQuery(KpiFilter):
    """指标的查询条件。"""

    by: By = Field(default="all", description="按哪一项分列：辖区的一级、单位、性质、日、周、月，或合计")
    kpi: tuple[str, ...] = Field(
        default=(),
        max_length=len(CODES),
        description="哪些指标，可填多个；不填即全部。响应率、解决率、满意率旁边总有回访率",
        json_schema_extra={"items": {"type": "string", "enum": list(CODES)}},
    )

    @field_validator("kpi", mode="before")
    @classmethod
    def _several(cls, given: object) -> object:
        """One word is a list of one."""
        return (given,) if isinstance(given, str) else given

    @field_validator("kpi")
    @classmethod
    def _known(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_one_of(CODES, one) for one in given)


class BehindFigure(KpiFilter):
    """要看哪一个数里的每一件。"""

    codes: ClassVar[tuple[str, ...]]

    kpi: str = Field(description="哪一项指标")
    version: int | None = Field(default=None, ge=1, le=1000, description="口径的版本；不填即该时段所用的版本")
    part: Part = Field(
        default="denominator",
        description="numerator 计入分子的，denominator 计入分母的，missed 在分母里而没有全部计入分子的",
    )
    without: Literal[LevelName, "unit"] | None = Field(
        default=None, description="只要这一级辖区未知的，或没有派到单位的：对应统计里没有编号的一行"
    )
    limit: int = Field(default=50, ge=1, le=200, description="每页行数")
    cursor: str | None = Field(default=None, max_length=300, description="上一页给出的 next")

    @field_validator("kpi")
    @classmethod
    def _known(cls, given: str) -> str:
        return _one_of(cls.codes, given)

    @property
    def asked(self) -> str:
        """The query without its page: a cursor serves no other. What a door adds to it is no part of it."""
        query = next(one for one in type(self).__mro__ if issubclass(one, BehindFigure) and "codes" in vars(one))
        return self.model_dump_json(include=query.model_fields.keys() - {"cursor", "limit"})
