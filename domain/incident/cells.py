"""方格: where something lies, so coarsely that it may stand in a view, and well enough to find what is near.

A cell is 0.005° of latitude by 0.008° of longitude: 553 m by 790 m in Huaihua, nowhere between 54°S and 54°N
less than `SMALLEST` either way. So whatever lies within that distance of a point lies in its cell or in one
of the eight around it. A cell holds no exact position: in town it is larger than a grid and holds hundreds
of homes; in the country, where it may hold few, it says less than the building the case is filed under.
No view shows it.
"""

from __future__ import annotations

from math import floor

from domain.model import CRS, Code, Point

SMALLEST = 500
"""Metres: how far near may reach at most (`RuleTable.alike_metres`)."""
ROWS, COLUMNS = 200, 125
"""In a degree."""

DATUM = {CRS.GCJ02: "gcj02", CRS.WGS84: "wgs84", CRS.CGCS2000: "wgs84"}
"""What may be compared with what. CGCS2000 and WGS 84 agree within centimetres (both follow the ITRF);
GCJ-02 lies hundreds of metres beside them by design, and is never converted."""


def cell_of(point: Point) -> Code:
    """The cell a position lies in: `gcj02-13745-5510`, counted from 0° east and north on its own datum."""
    return f"{DATUM[point.crs]}-{floor(point.longitude * COLUMNS)}-{floor(point.latitude * ROWS)}"


def around(cell: Code) -> tuple[Code, ...]:
    """The cell, and then the eight that touch it. Raises `ValueError` for what `cell_of` never gave."""
    datum, column, row = cell.split("-")
    steps = (0, -1, 1)
    return tuple(f"{datum}-{int(column) + east}-{int(row) + north}" for east in steps for north in steps)
