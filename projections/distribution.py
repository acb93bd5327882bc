"""分布: how the work lies over all the places of a level, those without any case included, so that unfair ones show.

Of places only, and never of people: nobody is ranked (domain.md §7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import Self

from pydantic import Field

from domain.model import Model
from projections.basis import Basis

QUANTILES = {"p25": 25, "median": 50, "p75": 75, "p90": 90}


class Spread(Model):
    """一个数在各处的分布。分位数取实有的值（最近秩）：p75 是至少四分之三的地方不超过的最小值。"""

    places: int = Field(description="共几处")
    min: float
    p25: float
    median: float
    p75: float
    p90: float
    max: float
    gini: float | None = Field(
        description="基尼系数，0 为处处相等，越近 1 越集中：各处由小到大排列为 x₁…xₙ，"
        "G = 2·Σ(i·xᵢ) ÷ (n·Σxᵢ) − (n+1) ÷ n；一件也没有即为空"
    )

    @classmethod
    def of(cls, values: Sequence[Fraction | int]) -> Self | None:
        """None where there is no place."""
        return cls.model_validate(_spread(sorted(values))) if values else None


class CountSpread(Spread):
    """件数在各处的分布。"""

    total: int = Field(description="各处之和")
    busiest_tenth: float | None = Field(
        description="最忙的十分之一的地方（不足一处的算一处）占总数的几成，0 到 1；一件也没有即为空"
    )

    @classmethod
    def of(cls, values: Sequence[Fraction | int]) -> Self | None:
        if not values:
            return None
        total, busiest = sum(values), sorted(values)[-ceil(len(values) / 10) :]
        share = float(Fraction(sum(busiest)) / total) if total else None
        return cls.model_validate({**_spread(sorted(values)), "total": total, "busiest_tenth": share})


class Distribution(Model):
    """查询范围内这一级所有地方的分布，一件也没有的地方也算；不知道在哪一处的案件不在其中。

    地方是现在的，按当时的划分时另有当时有案件、如今已撤并的。有数字因敏感群体件数太少而不公布的，这一项没有。
    """

    reported: CountSpread | None = Field(description="新增")
    open_now: CountSpread | None = Field(description="现在在办")
    per_officer: Spread | None = Field(description="每名网格员的新增，有网格员的地方")
    per_1000_households: Spread | None = Field(description="每千户的新增，已摸底的地方")


def distributed(
    reported: Mapping[str, int] | None, open_now: Mapping[str, int] | None, basis: Mapping[str, Basis]
) -> Distribution:
    """Of what was reported and is open in every place; None where that must not be told."""
    reported, bases = reported or {}, {place: basis.get(place, Basis()) for place in reported or {}}
    per_officer = [bases[place].per_officer(n) for place, n in reported.items()]
    per_household = [bases[place].per_1000_households(n) for place, n in reported.items()]
    return Distribution(
        reported=CountSpread.of([*reported.values()]),
        open_now=CountSpread.of([*(open_now or {}).values()]),
        per_officer=Spread.of([ratio for ratio in per_officer if ratio is not None]),
        per_1000_households=Spread.of([ratio for ratio in per_household if ratio is not None]),
    )


def gini(ascending: Sequence[Fraction | int]) -> Fraction | None:
    """The Gini coefficient of values in ascending order, none of them negative; None where they are all 0.

    G = 2 Σ i xᵢ / (n Σ xᵢ) − (n + 1) / n, half the mean difference of any two over the mean (C. Gini, Variabilità e
    mutabilità, 1912; in this form A. Sen, On Economic Inequality, 1973). It lies between 0 and 1 − 1/n.
    """
    n, total = len(ascending), Fraction(sum(ascending))
    if not total:
        return None
    return 2 * sum(rank * value for rank, value in enumerate(ascending, 1)) / (n * total) - Fraction(n + 1, n)


def nearest_rank(ascending: Sequence[Fraction | int], share: Fraction) -> Fraction | int:
    """The smallest value that so large a share of them does not exceed."""
    return ascending[max(1, ceil(share * len(ascending))) - 1]


def _spread(ascending: Sequence[Fraction | int]) -> dict[str, float | int | None]:
    found = gini(ascending)
    return {
        "places": len(ascending),
        "min": float(ascending[0]),
        **{name: float(nearest_rank(ascending, Fraction(percent, 100))) for name, percent in QUANTILES.items()},
        "max": float(ascending[-1]),
        "gini": None if found is None else float(found),
    }
