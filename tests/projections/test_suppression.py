"""少于三件不公布: what is withheld, what goes with it, and that no total gives it away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.drawn import RollUpRow
from projections.suppression import is_sensitive, suppressed


class Row(RollUpRow):
    n: int | None
    m: int | None = 0
    ratio: float | None = None


def row(n: int, m: int = 0, key: str = "") -> Row:
    return Row(key=key, name=None, community=None, n=n, m=m, ratio=n / 7)


def told(
    counts: Sequence[int],
    *,
    about: Callable[[Row], bool] = lambda row: True,
    totals: Callable[[Row], Iterable[str]] = lambda row: [""],
    keys: Sequence[str] = (),
) -> list[int | None]:
    rows = [row(n, key=key) for n, key in zip(counts, keys or map(str, range(len(counts))), strict=True)]
    return [one.n for one in suppressed(rows, about, {"n": ()}, totals)]


@pytest.mark.parametrize(
    ("kind", "category", "is_so"),
    [
        ("hardship", None, True),
        ("dispute", None, False),
        (None, None, False),
        (None, "1202", True),
        (None, "0102", False),
        ("dispute", "1299", True),
    ],
)
def test_which_cases_are_sensitive(kind: str | None, category: str | None, is_so: bool) -> None:
    assert is_sensitive(kind, category) is is_so


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([3, 4], [3, 4]),
        ([0, 5], [0, 5]),
        ([2], [None]),
        ([1, 5, 9], [None, None, 9]),  # 5, or the total would tell
        ([1, 2, 9], [None, None, 9]),  # three together, but not who has two
        ([1, 1, 9], [None, None, None]),  # two together would be one each
        ([2, 2, 0, 9, 8], [None, None, 0, 9, None]),
        ([1, 5, 5], [None, None, 5]),
        ([2, 0, 0], [None, 0, 0]),
    ],
)
def test_one_and_two_are_withheld_and_what_would_tell_them(counts: list[int], expected: list[int | None]) -> None:
    assert told(counts) == expected


def test_only_lines_about_a_sensitive_group_begin_it() -> None:
    def is_hardship(one: Row) -> bool:
        return one.key == "hardship"

    keys = ["dispute", "hardship", "ordinary"]
    assert told([1, 8, 2], about=is_hardship, keys=keys) == [1, 8, 2]
    assert told([1, 2, 4], about=is_hardship, keys=keys) == [None, None, 4]
    assert told([2, 2, 4], about=is_hardship, keys=keys) == [None, None, None]


def test_every_total_a_row_is_part_of_is_looked_after() -> None:
    street = {"a1": "a", "a2": "a", "b1": "b", "b2": "b"}
    found = told([1, 7, 2, 3], totals=lambda one: ["", street[one.key or ""]], keys=list(street))
    assert found == [None, None, None, None], "together they would do, but not within each street"


def test_what_is_told_from_a_count_goes_with_it_and_the_rest_stays() -> None:
    [first, second] = suppressed([row(2, 5), row(6, 7)], lambda row: True, {"n": ("ratio",), "m": ()}, lambda row: [""])
    assert (first.n, first.ratio, first.m, first.suppressed) == (None, None, 5, True)
    assert (second.n, second.ratio, second.m, second.suppressed) == (None, None, 7, True)
    [alone] = suppressed([row(6, 7)], lambda row: True, {"n": ("ratio",), "m": ()}, lambda row: [""])
    assert (alone.n, alone.m, alone.suppressed) == (6, 7, False)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.sets(st.sampled_from("abc"), min_size=1)), max_size=12))
def test_no_total_gives_away_what_is_withheld(drawn: list[tuple[int, bool, set[str]]]) -> None:
    rows = [row(n, key=str(at)) for at, (n, *_) in enumerate(drawn)]
    found = suppressed(
        rows, lambda one: drawn[int(one.key or "")][1], {"n": ()}, lambda one: drawn[int(one.key or "")][2]
    )
    hidden = {at for at, one in enumerate(found) if one.n is None}
    assert {at for at, one in enumerate(found) if one.suppressed} == hidden
    assert hidden >= {at for at, (n, sensitive, _) in enumerate(drawn) if sensitive and n in (1, 2)}
    assert all(drawn[at][0] for at in hidden), "nobody is behind a 0"
    assert not hidden or any(sensitive and n in (1, 2) for n, sensitive, _ in drawn)
    for total in "abc":
        parts = [(at, n) for at, (n, _, of) in enumerate(drawn) if total in of]
        withheld = [n for at, n in parts if at in hidden]
        left = [n for at, n in parts if at not in hidden and n]
        assert len(set(withheld)) != 1 or not left, "unlike numbers could be anybody's"
