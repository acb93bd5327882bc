"""Groups: as a patient comparison of everything with everything finds them, and in a storm with little work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import pytest

from domain.incident.cells import cell_of
from domain.model import CRS, Point
from projections import joining
from projections.distance import distance, distance_up_to
from projections.joining import Case, Reach, groups
from tests.rules.test_cells import HUAIHUA, gone

HOUR = 3_600_000_000
REACH = Reach(50, 24 * HOUR)
Placed = dict[int, Point]


def town(draw: Random, count: int, metres: float) -> tuple[list[Case], Placed]:
    """Cases about one place, some without a position or a building, on two datums, over three days."""
    cases, placed = [], {}
    for opened in range(1, count + 1):
        point = gone(HUAIHUA, metres * draw.random() ** 0.5, draw.uniform(0, 360))
        point = point.model_copy(update={"crs": draw.choice((CRS.GCJ02, CRS.GCJ02, CRS.WGS84, CRS.CGCS2000))})
        known = draw.random() < 0.8
        building = draw.choice(("", "", "", "", f"building-{draw.randrange(count)}"))
        at = draw.randrange(72 * HOUR)
        cases.append(Case(opened, draw.choice(("0101", "0102")), building, cell_of(point) if known else "", at))
        if known and draw.random() < 0.95:  # the rest have been made to forget theirs
            placed[opened] = point
    return cases, placed


def alike(one: Case, other: Case, placed: Placed) -> bool:
    if one.category != other.category or abs(one.at - other.at) > REACH.span:
        return False
    apart = distance(placed.get(one.opened), placed.get(other.opened))
    same_building = one.building == other.building != ""
    return same_building or (apart is not None and apart <= REACH.metres)


def patiently(cases: Sequence[Case], placed: Placed) -> Iterator[set[int]]:
    """Everybody who is reached from somebody, from alike to alike."""
    left = set(cases)
    while left:
        group, news = set(), {left.pop()}
        while news:
            group |= news
            news = {other for other in left if any(alike(one, other, placed) for one in news)}
            left -= news
        if len(group) > 1:
            yield {case.opened for case in group}


@pytest.mark.parametrize("seed", range(40))
def test_groups_are_those_of_a_comparison_of_all_with_all(seed: int) -> None:
    draw = Random(seed)
    cases, placed = town(draw, draw.choice((5, 40, 90)), draw.choice((30, 150, 500)))
    found, capped = groups(cases, REACH, lambda opened: {at: placed[at] for at in opened if at in placed})
    assert not capped
    expected = sorted(map(sorted, patiently(cases, placed)))
    assert sorted(sorted(case.opened for case in group) for group in found) == expected
    for group in found:
        assert group == sorted(group, key=lambda case: (case.at, case.opened))


def test_only_positions_that_may_matter_are_asked_for() -> None:
    """Nobody's whereabouts are read for nothing: only of cases with another near in place and time."""
    far = gone(HUAIHUA, 5_000, 90)
    points = {1: HUAIHUA, 2: HUAIHUA, 3: far, 4: HUAIHUA, 5: HUAIHUA}
    whens = {1: 0, 2: 1, 3: 2, 4: 100 * HOUR, 5: 3}
    cases = [Case(at, "0102" if at == 5 else "0101", "", cell_of(points[at]), whens[at]) for at in points]
    asked: list[int] = []

    def where(opened: list[int]) -> Placed:
        asked.extend(opened)
        return {at: points[at] for at in opened}

    found, _ = groups(cases, REACH, where)
    assert asked == [1, 2]
    assert [[case.opened for case in group] for group in found] == [[1, 2]]


class Comparing:
    """Counts the pairs compared."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.pairs = 0

        def counting(metres: float, here: Point | None, there: Point | None) -> float | None:
            self.pairs += 1
            return distance_up_to(metres, here, there)

        patch.setattr("projections.joining.distance_up_to", counting)


def test_a_storm_in_one_cell_is_little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    draw, comparing = Random(5), Comparing(monkeypatch)
    placed = {at: gone(HUAIHUA, 250 * draw.random(), draw.uniform(0, 360)) for at in range(1, 5001)}
    cases = [Case(at, "0101", "", cell_of(point), at) for at, point in placed.items()]
    found, capped = groups(cases, REACH, lambda opened: placed)
    assert (len(found), len(found[0]), capped) == (1, 5000, False)
    assert comparing.pairs < 5000


def test_two_crowds_just_out_of_reach_are_given_up_on_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst there is: nothing joins them, so that every pair would have to be compared."""
    comparing = Comparing(monkeypatch)
    there = gone(HUAIHUA, 51, 90)
    placed = {at: HUAIHUA if at % 2 else there for at in range(1, 1001)}
    cases = [Case(at, "0101", "", cell_of(point), at) for at, point in placed.items()]
    found, capped = groups(cases, REACH, lambda opened: placed)
    assert ([len(group) for group in found], capped) == ([500, 500], True)
    assert comparing.pairs <= joining.COMPARED
