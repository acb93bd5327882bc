"""分布: against slow sums, and its laws."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.distribution import CountSpread, Spread, gini

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=30)


def mean_difference(values: list[int]) -> Fraction:
    """The Gini coefficient as half the mean difference of any two over the mean."""
    n, total = len(values), sum(values)
    apart = sum(abs(one - other) for one, other in product(values, repeat=2))
    return Fraction(apart, 2 * n * n) / Fraction(total, n)


@given(COUNTS)
def test_a_spread_equals_what_is_counted_by_hand(values: list[int]) -> None:
    found = CountSpread.of(values)
    assert found is not None
    assert (found.places, found.total) == (len(values), sum(values))
    assert (found.min, found.max) == (min(values), max(values))
    for read, share in ((found.p25, 0.25), (found.median, 0.5), (found.p75, 0.75), (found.p90, 0.9)):
        assert read in values
        assert sum(value <= read for value in values) >= share * len(values)
        assert sum(value < read for value in values) < share * len(values), "and no smaller one does"
    if sum(values) == 0:
        assert (found.gini, found.busiest_tenth) == (None, None)
        return
    assert found.gini == pytest.approx(float(mean_difference(values)))
    tenth = next(n for n in range(1, len(values) + 1) if 10 * n >= len(values))
    busiest = sum(sorted(values, reverse=True)[:tenth])
    assert found.busiest_tenth == pytest.approx(busiest / sum(values))


@given(COUNTS)
def test_gini_lies_between_none_and_all(values: list[int]) -> None:
    found = gini(sorted(values))
    assert (found is None) == (sum(values) == 0)
    assert found is None or 0 <= found <= 1 - Fraction(1, len(values)) < 1


@given(COUNTS, st.integers(1, 9))
def test_gini_does_not_ask_how_much_there_is_but_how_unlike(values: list[int], times: int) -> None:
    assert gini(sorted(values)) == gini(sorted(value * times for value in values))
    assert gini(sorted(values)) == gini(sorted(values * 2))


@pytest.mark.parametrize(("values", "expected"), [([3, 3, 3], 0), ([0, 0, 0, 8], 0.75), ([1, 3], 0.25), ([5], 0)])
def test_gini_by_hand(values: list[int], expected: float) -> None:
    assert gini(values) == expected


def test_of_no_place_there_is_no_spread() -> None:
    assert CountSpread.of([]) is None
    assert Spread.of([]) is None


def test_ratios_are_spread_exactly_and_have_no_total() -> None:
    found = Spread.of([Fraction(1, 3), Fraction(2, 3), 1])
    assert found is not None
    assert (found.min, found.median, found.max) == (1 / 3, 2 / 3, 1.0)
    assert found.gini == float(mean_difference([1, 2, 3]))
    assert not isinstance(found, CountSpread)
