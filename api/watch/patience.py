"""Patience: whatever came to nothing is tried again later, and later still, so that it holds up nothing else."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta

FIRST, LONGEST = timedelta(seconds=1), timedelta(minutes=10)


def pause(tries: int) -> timedelta:
    """How long to wait after so many vain tries: doubled each time, up to the longest."""
    return min(FIRST * (1 << min(tries - 1, 20)), LONGEST)


class Patience:
    """When to try what again; of at most `size` things, the oldest forgotten first."""

    def __init__(self, size: int = 50_000) -> None:
        self._size = size
        self._waiting: OrderedDict[tuple[str, str], tuple[int, datetime]] = OrderedDict()

    def allows(self, thing: tuple[str, str], now: datetime) -> bool:
        """Whether it is time (again)."""
        _, again = self._waiting.get(thing, (0, now))
        return again <= now

    def in_vain(self, thing: tuple[str, str], now: datetime) -> None:
        """It came to nothing, once more."""
        tries = self._waiting.pop(thing, (0, now))[0] + 1
        self._waiting[thing] = tries, now + pause(tries)
        if len(self._waiting) > self._size:
            self._waiting.popitem(last=False)

    def done(self, thing: tuple[str, str]) -> None:
        """It need not be tried again."""
        self._waiting.pop(thing, None)
