"""How far apart: against published lines, against another formula, and never from one datum to another."""

from __future__ import annotations

from math import atan, atan2, cos, hypot, radians, sin, tan

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.model import CRS, Point
from projections.distance import distance, distance_up_to
from tests.rules.test_cells import HUAIHUA, POINTS, gone

A, F = 6378137.0, 1 / 298.257223563
"""The ellipsoid of WGS 84."""


def at(latitude: float, longitude: float, crs: CRS = CRS.WGS84) -> Point:
    """A point anywhere on earth."""
    return Point.model_construct(latitude=latitude, longitude=longitude, crs=crs)


def degrees(whole: int, minutes: int, seconds: float) -> float:
    return (abs(whole) + minutes / 60 + seconds / 3600) * (-1 if whole < 0 else 1)


def vincenty(here: Point, there: Point) -> float:
    """The inverse formula of T. Vincenty, Survey Review XXIII (1975) 176; good to half a millimetre."""
    b = A * (1 - F)
    u1, u2 = (atan((1 - F) * tan(radians(point.latitude))) for point in (here, there))
    wanted = radians(there.longitude - here.longitude)
    across = wanted
    while True:
        sin_s = hypot(cos(u2) * sin(across), cos(u1) * sin(u2) - sin(u1) * cos(u2) * cos(across))
        if sin_s == 0:
            return 0.0
        cos_s = sin(u1) * sin(u2) + cos(u1) * cos(u2) * cos(across)
        s = atan2(sin_s, cos_s)
        sin_alpha = cos(u1) * cos(u2) * sin(across) / sin_s
        cos2_alpha = 1 - sin_alpha**2
        cos_2m = cos_s - 2 * sin(u1) * sin(u2) / cos2_alpha if cos2_alpha else 0.0
        c = F / 16 * cos2_alpha * (4 + F * (4 - 3 * cos2_alpha))
        before, around = across, cos_2m + c * cos_s * (2 * cos_2m**2 - 1)
        across = wanted + (1 - c) * F * sin_alpha * (s + c * sin_s * around)
        if abs(across - before) < 1e-13:
            break
    u_2 = cos2_alpha * (A**2 - b**2) / b**2
    big_a = 1 + u_2 / 16384 * (4096 + u_2 * (u_2 * (320 - 175 * u_2) - 768))
    big_b = u_2 / 1024 * (256 + u_2 * (u_2 * (74 - 47 * u_2) - 128))
    last = big_b / 6 * cos_2m * (4 * sin_s**2 - 3) * (4 * cos_2m**2 - 3)
    step = big_b * sin_s * (cos_2m + big_b / 4 * (cos_s * (2 * cos_2m**2 - 1) - last))
    return b * big_a * (s - step)


@pytest.mark.parametrize(
    ("here", "there", "metres", "within"),
    [
        # Flinders Peak – Buninyong: GDA technical manual (ICSM), worked example of Vincenty's inverse formula
        (
            at(degrees(-37, 57, 3.72030), degrees(144, 25, 29.52440)),
            at(degrees(-37, 39, 10.15610), degrees(143, 55, 35.38390)),
            54972.271,
            0.001,
        ),
        # The length of a degree at 15°, 30° and 45° on WGS 84, as published to the metre
        (at(14.5, 110), at(15.5, 110), 110_649, 1),
        (at(29.5, 110), at(30.5, 110), 110_852, 1),
        (at(44.5, 110), at(45.5, 110), 111_132, 1),
        # along a parallel in steps so small that the geodesic does not bow
        (at(15, 110), at(15, 110.01), 1_075.50, 0.01),
        (at(30, 110), at(30, 110.01), 964.86, 0.01),
        (at(45, 110), at(45, 110.01), 788.47, 0.01),
        (HUAIHUA, HUAIHUA, 0, 1e-9),
    ],
)
def test_published_lines(here: Point, there: Point, metres: float, within: float) -> None:
    assert distance(here, there) == pytest.approx(metres, abs=within)


@given(here=POINTS, metres=st.floats(0.5, 5_000), bearing=st.floats(0, 360))
def test_another_formula_says_the_same(here: Point, metres: float, bearing: float) -> None:
    there = gone(here, min(metres, 600), bearing)
    assert distance(here, there) == pytest.approx(vincenty(here, there), abs=0.001)
    assert distance(here, there) == pytest.approx(min(metres, 600), abs=1e-6)
    assert distance(there, here) == pytest.approx(distance(here, there), abs=1e-9)


@given(here=POINTS, metres=st.floats(0, 600), bearing=st.floats(0, 360), limit=st.floats(1, 500))
@example(here=Point(longitude=110, latitude=53.99, crs=CRS.GCJ02), metres=49.999, bearing=90, limit=50)
@example(here=Point(longitude=110, latitude=3.01, crs=CRS.GCJ02), metres=49.999, bearing=0, limit=50)
@example(here=Point(longitude=110, latitude=3.01, crs=CRS.GCJ02), metres=50.001, bearing=0, limit=50)
def test_the_short_way_to_say_no_never_says_it_wrongly(
    here: Point, metres: float, bearing: float, limit: float
) -> None:
    there = gone(here, metres, bearing)
    apart = distance(here, there)
    assert apart is not None
    assert distance_up_to(limit, here, there) == (apart if apart <= limit else None)


def test_positions_on_different_datums_are_never_compared() -> None:
    on = {crs: HUAIHUA.model_copy(update={"crs": crs}) for crs in CRS}
    assert distance(on[CRS.WGS84], on[CRS.CGCS2000]) == 0
    for other in (CRS.WGS84, CRS.CGCS2000):
        assert distance(on[CRS.GCJ02], on[other]) is None
        assert distance_up_to(50, on[other], on[CRS.GCJ02]) is None


def test_what_is_not_known_is_no_distance() -> None:
    assert distance(HUAIHUA, None) is None
    assert distance_up_to(50, None, HUAIHUA) is None


def test_the_ellipsoids_in_use_differ_by_less_than_anybody_measures() -> None:
    """CGCS2000: 1/f = 298.257222101."""
    polar = {f: A * (1 - 1 / f) for f in (298.257223563, 298.257222101)}
    assert abs(polar[298.257223563] - polar[298.257222101]) < 0.0002
