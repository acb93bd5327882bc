"""换钥: every key of the store wrapped anew, and what wrapped it before destroyed: then old backups tell nothing of
whoever was forgotten since."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep

from domain.casework.kept_keys import BEFORE_ALL, DESTROYED, KeyTable
from domain.casework.key_encryption import Wrapping
from domain.casework.keyring import bound_to

Progress = Callable[[int], None]
"""Told how many keys were looked at."""
IN_FLIGHT = 15.0
"""Seconds: longer than any append waits that wrapped its keys before the key file was renewed."""


def rewrap(table: KeyTable, wrapping: Wrapping, progress: Progress, in_flight: float = IN_FLIGHT) -> int:
    """Renew the key-encryption key, wrap every key with it, destroy the one before; how many keys there are.

    Services go on meanwhile. Broken off, it is run again: until the end the key before still unwraps.
    """
    wrapping.renew()
    _pass(table, wrapping, progress)
    sleep(in_flight)
    count, left = _pass(table, wrapping, lambda count: None)
    while left:
        count, left = _pass(table, wrapping, lambda count: None)
    table.scrub()
    wrapping.retire()
    return count


def _pass(table: KeyTable, wrapping: Wrapping, progress: Progress) -> tuple[int, int]:
    """How many keys there are, and how many of them had still to be wrapped anew."""
    last, count, old = BEFORE_ALL, 0, 0
    while page := table.keys_after(last):
        stale = [key for key in page if key.wrapped != DESTROYED and not wrapping.is_newest(key.wrapped)]
        table.replace_keys(
            {key: wrapping.wrap(wrapping.unwrap(key.wrapped, bound_to(key.id)), bound_to(key.id)) for key in stale}
        )
        last, count, old = page[-1].id, count + len(page), old + len(stale)
        progress(count)
    return count, old
