"""How far two reports lie from each other. Positions are read from case files, compared, and forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from math import cos, radians
from typing import Any

from geographiclib.geodesic import Geodesic

from domain.casework.case_files import CaseFiles
from domain.incident.cells import DATUM
from domain.incident.events import Reported
from domain.model import Point

EARTH = Geodesic.WGS84
"""Serves every system in use: the ellipsoid of CGCS2000 is 0.1 mm flatter at the poles; GCJ-02 is drawn on maps
as if it were WGS 84, and what is known of it stretches short distances by less than half a percent."""
REPORTED = Reported.model_fields["type"].default
CLOSE = 20
"""Rows it is quicker to pass over than to ask anew."""
DEGREE = 110_000
"""Metres: less than a degree of latitude anywhere, and than one of longitude on the equator."""


def distance(here: Point | None, there: Point | None) -> float | None:
    """Metres along the geodesic (Karney 2013, doi:10.1007/s00190-012-0578-z).

    None where one is not known, or both are not on one datum.
    """
    if here is None or there is None or DATUM[here.crs] != DATUM[there.crs]:
        return None
    ends = (here.latitude, here.longitude, there.latitude, there.longitude)
    line: dict[str, Any] = EARTH.Inverse(*ends, Geodesic.DISTANCE)
    return float(line["s12"])


def distance_up_to(metres: float, here: Point | None, there: Point | None) -> float | None:
    """Their distance if it is known and no more than that; what is far beyond is not even measured."""
    if here is None or there is None or _surely_beyond(metres, here, there):
        return None
    apart = distance(here, there)
    return apart if apart is not None and apart <= metres else None


def _surely_beyond(metres: float, here: Point, there: Point) -> bool:
    """Told cheaply, north of the equator; False says nothing."""
    north = abs(here.latitude - there.latitude) * DEGREE
    east = abs(here.longitude - there.longitude) * DEGREE * cos(radians(max(here.latitude, there.latitude)))
    return north > metres or east > metres


class Positions:
    """What the case files say of where, each read once for one question."""

    def __init__(self, files: CaseFiles) -> None:
        self._files = files
        self._known: dict[int, Point | None] = {}

    def among(self, opened: Iterable[int]) -> dict[int, Point]:
        """The positions told in the reports stored there (no correction changes them), of those that tell one."""
        asked = set(opened)
        for stretch in _stretches(asked - self._known.keys()):
            self._known |= dict.fromkeys(stretch) | self._read(stretch)
        return {at: point for at in asked if (point := self._known[at])}

    def _read(self, stretch: list[int]) -> dict[int, Point | None]:
        first, last = stretch[0], stretch[-1]
        rows = self._files.store.select_notifications(first, last - first + 1, last, [REPORTED])
        lines = self._files.lines.to_lines([row for row in rows if row.id in stretch])
        return {line.position: line.event.position for line in lines if isinstance(line.event, Reported)}


def _stretches(opened: Iterable[int]) -> list[list[int]]:
    """What lies close together, to be read at once."""
    found: list[list[int]] = []
    for at in sorted(opened):
        if not found or at - found[-1][-1] > CLOSE or len(found[-1]) == CLOSE:
            found.append([])
        found[-1].append(at)
    return found
