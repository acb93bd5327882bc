"""From a row of figures to the list behind it: what was asked, narrowed to that row."""

from __future__ import annotations

from datetime import date, timedelta

from domain.territory import Level
from projections.drawn import RollUpQuery, RollUpRow

LEVELS = frozenset(level.value for level in Level)


def narrowed(by: str, asked: RollUpQuery, row: RollUpRow) -> dict[str, str]:
    """What a list has to be asked besides, to show what one row of figures by this was counted from."""
    key = row.key
    if by == "all":
        return {}
    if key is None:
        return {"without": by} | ({"territory": row.community} if row.community else {})
    if by in LEVELS:
        return {"territory": key}
    if by in ("unit", "officer", "kind"):
        return {by: key}
    first, last = _period(by, key)
    within = (max(first, asked.from_day or first), min(last, asked.to_day or last))
    return dict(zip(("from_day", "to_day"), map(date.isoformat, within), strict=True))


def _period(by: str, key: str) -> tuple[date, date]:
    """The first and the last day of a day, week or month."""
    first = date.fromisoformat(key if by != "month" else f"{key}-01")
    if by == "month":
        return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first, first + timedelta(days=6 if by == "week" else 0)
