"""What can be seen: every projection there is."""

from __future__ import annotations

from projections.cycles import Cycles
from projections.docket import Docket
from projections.projection import Projection
from projections.response_time import ResponseTime
from projections.workload import Workload

ALL: tuple[type[Projection], ...] = (Docket, Cycles, Workload, ResponseTime)
