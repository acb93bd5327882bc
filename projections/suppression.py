"""少于三件不公布: a figure about a sensitive group that is so small that it would point at somebody is withheld.

Source: domain.md §8. Sensitive are the cases of kind 居民困难意外 and of the categories of 困难救助, where a
figure is about them alone: because they are what was asked for, or because it is their line of a split.

The rule, for each figure by itself: 1 and 2 are withheld (None), and so is whatever is told from them. 0 is not:
nobody is behind it. Of visits it is the households that are counted: two are two, over however many months. A total
that stands beside them, or that the same question gives for a place above, must not give them away: as long as what
is withheld of a total is all the same number, as it is where it stands alone, the next smallest of its parts is
withheld as well. What is left to find then is a sum of unlike numbers, and not which of them is whose.

It protects whoever the figures are shown to or handed on to from learning, from one answer and its totals, that a
certain place, day, person or unit had one or two such cases. It does not keep apart what several answers say (of
other days, of levels that cut across each other, of this week and the next), and it is no lock: staff may open the
very cases in their docket, where each reading is theirs to answer for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from domain.incident.categories import MainCategory
from domain.incident.words import Kind
from projections.drawn import RollUpRow

THRESHOLD = 3
"""The smallest count of a sensitive group that is told."""
SENSITIVE_KINDS = frozenset({Kind.HARDSHIP.value})
SENSITIVE_CLASSES = frozenset({MainCategory.HARDSHIP.value})

RowT = TypeVar("RowT", bound=RollUpRow)
Told = Mapping[str, Collection[str]]
"""Each count of a row, by name, and what else of the row is told from it."""
Totals = Iterable[Hashable]
"""The totals a row is part of, by whatever tells them apart."""


def is_sensitive(kind: str | None = None, category: str | None = None) -> bool:
    """Whether figures of nothing but this kind or category are about a sensitive group."""
    return kind in SENSITIVE_KINDS or (category or "")[:2] in SENSITIVE_CLASSES


def suppressed(
    rows: Sequence[RowT], sensitive: Callable[[RowT], bool], told: Told, totals: Callable[[RowT], Totals]
) -> tuple[RowT, ...]:
    """The same rows, without what must be withheld; those it was taken from say so."""
    hidden: dict[int, dict[str, None]] = {}
    about = [sensitive(row) for row in rows]
    parts_of = [tuple(totals(row)) for row in rows] if any(about) else []
    for count, also in told.items() if any(about) else ():
        for at in withheld([getattr(row, count) or 0 for row in rows], about, parts_of):
            hidden.setdefault(at, {}).update(dict.fromkeys((count, *also)))
    return tuple(
        row.model_copy(update={**hidden[at], "suppressed": True}) if at in hidden else row
        for at, row in enumerate(rows)
    )


def withheld(counts: Sequence[int], sensitive: Sequence[bool], totals: Sequence[Totals]) -> set[int]:
    """Of one figure in several rows: which are too small, and which have to go with them, the first of equals."""
    hidden = {at for at, n in enumerate(counts) if sensitive[at] and 0 < n < THRESHOLD}
    more, parts = set(hidden), _parts(totals) if hidden else ()
    while more:
        more = set()
        for part in parts:
            left = [at for at in part if at not in hidden and counts[at]]
            if left and len({counts[at] for at in part if at in hidden}) == 1:
                more.add(min(left, key=lambda at: counts[at]))
        hidden |= more
    return hidden


def _parts(totals: Sequence[Totals]) -> Collection[Sequence[int]]:
    """For every total the rows it is the sum of, by place."""
    found: dict[Hashable, list[int]] = {}
    for at, those in enumerate(totals):
        for total in dict.fromkeys(those):
            found.setdefault(total, []).append(at)
    return found.values()
