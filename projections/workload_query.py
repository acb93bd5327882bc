"""What may be asked of the workload."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from domain.incident.words import Kind
from projections.drawn import LevelName, RollUpQuery

By = Literal[LevelName, "officer", "unit", "kind"]


class WorkloadQuery(RollUpQuery):
    """工作量的查询条件：不填的不限。日期为上海当地日期，首尾都算。"""

    by: By = Field(default="grid", description="按哪一级辖区，或按经办人、单位、事件性质")
    kind: Kind | None = Field(default=None, description="事件性质")
    split_by_day: bool = Field(default=False, description="逐日分列")
