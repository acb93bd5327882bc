"""What can be seen: every projection there is."""

from __future__ import annotations

from projections.cycles import Cycles
from projections.docket import Docket
from projections.holding import Holding
from projections.obligations import Fulfilled, Obligations
from projections.projection import Projection
from projections.response_time import ResponseTime
from projections.stretches import Stretches
from projections.workload import Workload

ALL: tuple[type[Projection], ...] = (
    *(Docket, Cycles, Stretches, Workload, ResponseTime, Holding),
    *(Obligations, Fulfilled),
)
