"""Whatever is near lies in the same cell or in one beside it; and no cell is so small that it tells where."""

from __future__ import annotations

from itertools import product

from geographiclib.geodesic import Geodesic
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from domain.clocks import RuleTable
from domain.incident.cells import COLUMNS, ROWS, SMALLEST, around, cell_of
from domain.model import CRS, Code, Point

EARTH = Geodesic.WGS84
SYSTEMS = st.sampled_from(CRS)
POINTS = st.builds(Point, longitude=st.floats(73.01, 135.99), latitude=st.floats(3.01, 53.99), crs=SYSTEMS)
HUAIHUA = Point(longitude=109.9584, latitude=27.5511, crs=CRS.GCJ02)


def gone(point: Point, metres: float, bearing: float) -> Point:
    """Where one comes to, walking so far in that direction (degrees from north)."""
    end = EARTH.Direct(point.latitude, point.longitude, bearing, metres)
    return Point(longitude=end["lon2"], latitude=end["lat2"], crs=point.crs)


@given(point=POINTS, metres=st.floats(0, SMALLEST), bearing=st.floats(0, 360))
@example(point=Point(longitude=110, latitude=53.99, crs=CRS.WGS84), metres=SMALLEST, bearing=90)
@example(point=Point(longitude=110, latitude=3.01, crs=CRS.WGS84), metres=SMALLEST, bearing=0)
def test_whatever_is_near_is_found_around_the_cell(point: Point, metres: float, bearing: float) -> None:
    assert cell_of(gone(point, metres, bearing)) in around(cell_of(point))


@given(point=POINTS)
def test_near_may_reach_as_far_as_a_rule_table_allows(point: Point) -> None:
    [limit] = [bound.le for bound in RuleTable.model_fields["alike_metres"].metadata if hasattr(bound, "le")]
    assert limit <= SMALLEST
    for bearing in range(0, 360, 45):
        assert cell_of(gone(point, limit, bearing)) in around(cell_of(point))


@given(point=POINTS)
def test_a_cell_is_an_opaque_code_of_its_datum(point: Point) -> None:
    cell = TypeAdapter(Code).validate_python(cell_of(point))
    assert cell.startswith("gcj02-" if point.crs is CRS.GCJ02 else "wgs84-")
    assert len(around(cell)) == len(set(around(cell))) == 9
    assert around(cell)[0] == cell


@given(point=POINTS)
def test_two_datums_have_no_cell_in_common(point: Point) -> None:
    """The same degrees are hundreds of metres apart on GCJ-02 and on the others; those two agree."""
    on = {crs: point.model_copy(update={"crs": crs}) for crs in CRS}
    assert cell_of(on[CRS.WGS84]) == cell_of(on[CRS.CGCS2000])
    assert cell_of(on[CRS.GCJ02]) not in around(cell_of(on[CRS.WGS84]))


@given(north=st.floats(0, 1, exclude_max=True), east=st.floats(0, 1, exclude_max=True))
def test_a_cell_is_all_that_is_told_of_half_a_kilometre_and_more(north: float, east: float) -> None:
    """Wherever somebody lives in it, the cell says the same."""
    row, column = int(HUAIHUA.latitude * ROWS), int(HUAIHUA.longitude * COLUMNS)
    home = Point(longitude=(column + east) / COLUMNS, latitude=(row + north) / ROWS, crs=CRS.GCJ02)
    if (int(home.latitude * ROWS), int(home.longitude * COLUMNS)) == (row, column):  # not rounded over its edge
        assert cell_of(home) == cell_of(HUAIHUA)
    west, south = column / COLUMNS, row / ROWS
    sides = [EARTH.Inverse(south, west, south + up / ROWS, west + (1 - up) / COLUMNS)["s12"] for up in (0, 1)]
    assert min(sides) > SMALLEST


def test_a_cell_and_its_neighbours_leave_no_gap() -> None:
    _, column, row = cell_of(HUAIHUA).split("-")
    steps = product((-1, 0, 1), (-1, 0, 1))
    assert set(around(cell_of(HUAIHUA))) == {f"gcj02-{int(column) + east}-{int(row) + north}" for east, north in steps}
