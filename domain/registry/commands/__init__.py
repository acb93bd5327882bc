"""辖区的全部命令，按章。"""

from __future__ import annotations

from domain.registry.commands.importing import ImportTerritory
from domain.registry.commands.keeping import Keeping
from domain.registry.commands.redrawing import JoinGrids, NewGrid, Part, RenameNode, SplitGrid
from domain.registry.commands.staffing import AppointStaff, ReleaseHead, ReleaseStaff

__all__ = [
    "ALL",
    "AppointStaff",
    "ImportTerritory",
    "JoinGrids",
    "Keeping",
    "NewGrid",
    "Part",
    "ReleaseHead",
    "ReleaseStaff",
    "RenameNode",
    "SplitGrid",
]

ALL: tuple[type[Keeping], ...] = (
    ImportTerritory,
    RenameNode,
    SplitGrid,
    JoinGrids,
    AppointStaff,
    ReleaseStaff,
    ReleaseHead,
)
