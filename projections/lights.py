"""灯: which light a case shows now, asked of the times kept with it; nothing is ever ticked.

Source: domain.md §4: green up to 80 % of the limit, yellow up to the limit, red beyond; 未定 while a clock
waits for its calendar. The first clock to turn decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from domain.clocks import Light
from projections.reading import Where

SECOND = 1_000_000
STEP = 4  # log2 / 2 below
"""Margin m holds the cases with STEP^(m-1) to STEP^m seconds from yellow to red; 0 those not due."""
MARGINS = range(1, 17)
"""The last ends after a hundred years."""
BETWEEN = f"greatest(due_at - yellow_at, {SECOND}) / {SECOND}"
MARGIN = f"CASE WHEN due_at = 0 THEN 0 ELSE 1 + least(floor(log2({BETWEEN}) / 2), {len(MARGINS) - 1})::INTEGER END"
"""As SQL. Yellow asks for two things at once (no longer green, not yet red), and no one index answers that. Of
one margin, the due times say both but for a remainder that is no larger than the answer."""
URGENT_FIRST = (Light.RED, Light.YELLOW, Light.UNDETERMINED, Light.GREEN)
SHOWING = {
    Light.RED: "+due_at < ? AND +due_at > 0",
    Light.YELLOW: "+due_at >= ? AND yellow_at < ?",
    Light.UNDETERMINED: "+undetermined = 1 AND (+due_at = 0 OR +due_at >= ? AND yellow_at >= ?)",
    Light.GREEN: "+due_at >= ? AND yellow_at >= ? AND undetermined = 0",
}
"""As SQL, now for each question mark."""
SLACK = 1.001
"""Bounds only save reading, so they may be wide: rounding must never lose a case."""


class Bounds(NamedTuple):
    """Between which due times the cases of one margin show a light; None where there is no end."""

    margin: int
    after: int | None = None
    before: int | None = None


def bounds(light: Light | None, now: int) -> Iterator[Bounds]:
    """Where to look for a light, or for everything that is due. The light itself is still to be asked for."""
    for margin in MARGINS:
        shortest, longest = (
            int(STEP**power * SECOND * scale) for power, scale in ((margin - 1, 1 / SLACK), (margin, SLACK))
        )
        match light:
            case Light.RED:
                yield Bounds(margin, before=now)
            case Light.YELLOW:
                yield Bounds(margin, now - 1, now + longest)
            case Light.GREEN:
                yield Bounds(margin, after=now + (shortest if margin > 1 else 0) - 1)
            case _:
                yield Bounds(margin)


def require(where: Where, asked: Iterable[Light], now: int) -> None:
    """Only cases that show one of these lights."""
    term = " OR ".join(f"({SHOWING[light]})" for light in asked)
    where.add(f"({term})", *[now] * term.count("?"))


def light_of(due_at: int, yellow_at: int, undetermined: bool, now: int) -> Light | None:
    """The light of one case; None where no clock runs."""
    if due_at and due_at < now:
        return Light.RED
    if due_at and yellow_at < now:
        return Light.YELLOW
    if undetermined:
        return Light.UNDETERMINED
    return Light.GREEN if due_at else None
