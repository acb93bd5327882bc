"""换钥: every key of the store wrapped anew, that of the index replaced, and what wrapped them before destroyed: then
old backups tell nothing of whoever was forgotten since."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep

from domain.casework.index_keys import OWNER, IndexKeys
from domain.casework.kept_keys import BEFORE_ALL, DESTROYED, KeyTable
from domain.casework.key_encryption import Wrapping
from domain.casework.keyring import bound_to

Progress = Callable[[int], None]
"""Told how many keys were looked at."""
IN_FLIGHT = 15.0
"""Seconds: longer than any append waits that wrapped its keys before the key file was renewed. What it brings is looked
for then, and once more when nothing is left to do but to destroy the key before."""


def _by_themselves() -> None:
    """Services that run make the index again as soon as they find that its key is another."""


def rewrap(
    table: KeyTable,
    wrapping: Wrapping,
    progress: Progress,
    in_flight: float = IN_FLIGHT,
    rebuild: Callable[[], None] = _by_themselves,
    *,
    only: bool = False,
) -> int:
    """Renew the key-encryption key, wrap every key with it, destroy the one before; how many keys there are.

    The key of the index, where there is one, is replaced instead; `rebuild` makes the index with the new one, before
    the old one is destroyed. Services go on meanwhile. Broken off, it is run again: until the end the key before
    still unwraps, and it is only destroyed once nothing in the store is wrapped by it. Raises `WrappingUnusable` while
    another one is at work, and where another store has these keys, unless this is said to be the `only` one.
    """
    with wrapping.alone(only):
        newest = wrapping.renew()
        _pass(table, wrapping, progress)
        sleep(in_flight)
        count, left = _pass(table, wrapping, _unwatched)
        while left:
            count, left = _pass(table, wrapping, _unwatched)
        _renew_index(table, wrapping, rebuild)
        table.scrub()
        while _renew_index(table, wrapping, rebuild) or _pass(table, wrapping, _unwatched)[1]:
            table.scrub()  # of what came late, while the index was made
        wrapping.retire(newest)
    return count


def _unwatched(_: int) -> None:
    """Nobody watches the later passes: they find next to nothing."""


def _renew_index(table: KeyTable, wrapping: Wrapping, rebuild: Callable[[], None]) -> bool:
    """Replace the keys of the index, if any is not wrapped by the newest; whether one was."""
    kept = table.select_keys([OWNER])
    if all(key.wrapped == DESTROYED or wrapping.is_newest(key.wrapped) for key in kept):
        return False
    index = IndexKeys(table, wrapping)
    index.make()
    rebuild()
    index.retire()
    return True


def _pass(table: KeyTable, wrapping: Wrapping, progress: Progress) -> tuple[int, int]:
    """How many keys there are, and how many of them had still to be wrapped anew."""
    last, count, old = BEFORE_ALL, 0, 0
    while page := table.keys_after(last):
        own = [key for key in page if key.wrapped != DESTROYED and key.id.subject != OWNER]
        stale = [key for key in own if not wrapping.is_newest(key.wrapped)]
        table.replace_keys(
            {key: wrapping.wrap(wrapping.unwrap(key.wrapped, bound_to(key.id)), bound_to(key.id)) for key in stale}
        )
        last, count, old = page[-1].id, count + len(page), old + len(stale)
        progress(count)
    return count, old
