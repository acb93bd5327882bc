"""盲索引: cases are found by a name or a phone that is said in them, by whoever has the index key and by nobody else.

It follows the log beside the views, in their database, on a thread of its own, since unlike them it needs the keys of
what is sealed. It is made again from the first event whenever its key is another one (`bidao keys rewrap`); until that
is done the one before is read. Whoever is forgotten leaves it with the approval, before their keys are destroyed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread
from typing import NamedTuple

from domain.casework.case_files import CaseFiles
from domain.casework.index_keys import IndexKey, IndexKeys
from projections.database import Database, DatabaseUnavailable, Transaction
from projections.index_tables import IndexTables, Stand
from projections.mentions import TOPICS, Changes, Mentions
from projections.naming import Underway, ViewUnderway

log = logging.getLogger(__name__)
NAME = "blind_index"
PAGE = 1_000
"""Events merged at a time, of those that matter here."""
SCRUBBED = 20
"""Times that what is gone is tried to be overwritten, each for as long as `Database.scrub` waits."""
RARELY = 1_000
"""Events after which the position is noted though none of them mattered."""
POLL, GATHER, LONGEST_PAUSE = 1.0, 0.1, 30.0
"""Seconds from one look to the next; how long more events may come before they are read; and between two tries."""


class Token(NamedTuple):
    """What to look for, in which generation."""

    generation: int
    token: str


class BlindIndex:
    """The index of one store, in the database of its views. Searching is for any thread, stepping for one at a time."""

    def __init__(self, files: CaseFiles, database: Database) -> None:
        self.error: str | None = None
        """Why it does not follow, if it does not."""
        self._store, self._mentions = files.store, Mentions(files)
        self._keys = IndexKeys(files.store, files.keyring.wrapping)
        self._tables = IndexTables(database)
        self._unscrubbed = True
        self._woken, self._ended = Event(), Event()
        self._thread: Thread | None = None

    def start(self, leads: Callable[[], bool]) -> None:
        """Follow, on a thread of its own, while this process keeps the views."""
        self._ended.clear()
        self._thread = Thread(target=self._follow, args=(leads,), name="blind-index", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End that thread, after the page it is at."""
        self._ended.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wake(self) -> None:
        """Say that there may be events. Returns at once."""
        self._woken.set()

    def catch_up(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Take in all there is, with the newest key, and leave nothing of any other.

        Raises `DatabaseUnavailable`, `WrappingUnusable`, `UnreadableEvent`; what was done stays.
        """
        for _ in range(SCRUBBED):
            while self.step(progress):
                pass
            if not self._unscrubbed:
                return
        raise DatabaseUnavailable("what was taken out of the index is still being read")

    def renew(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Make it again from the first event, with a key of its own; until then the one before is read.

        Raises what `catch_up` raises.
        """
        self._keys.make()
        self.catch_up(progress)
        self._keys.retire()

    def step(self, progress: Callable[[int, int], None] | None = None) -> bool:
        """A page, or a piece of what is to go; false when there is nothing to do."""
        keys = {key.generation: key for key in self._keys.live() or [self._keys.make()]}
        head = self._store.max_notification_id()
        with self._tables.database.reading() as transaction:
            stands = self._tables.stands(transaction)
        sound = {at: stand for at, stand in stands.items() if _is_sound(stand, keys.get(at), head)}
        used = max((at for at, stand in sound.items() if stand.state == "ready"), default=0)
        moved = False
        for generation, stand in stands.items():
            if generation not in sound or generation < used:
                moved = self._tables.leave(generation, stand) or moved
                self._unscrubbed = True
        for generation, key in keys.items():
            if generation >= used:
                moved = self._advance(key, sound.get(generation), head, progress) or moved
        if not moved and self._unscrubbed:
            self._unscrubbed = not self._tables.database.scrub()
        return moved

    def token(self, transaction: Transaction, kind: str, value: str, head: int) -> Token | None:
        """What finds a name or a phone in this snapshot; None while something is not taken in that came up to `head`.

        Raises `ViewUnderway` where there is no index yet, `WrappingUnusable`.
        """
        keys = {key.generation: key for key in self._keys.live()}
        stands = self._tables.stands(transaction)
        ready = [at for at, stand in stands.items() if stand.state == "ready" and at in keys]
        sound = [at for at in ready if stands[at].fingerprint == keys[at].fingerprint]
        if not sound:
            done = max((stand.position for stand in stands.values()), default=0)
            raise ViewUnderway(Underway(NAME, done, head, shown=False))
        generation = max(sound)
        if not self._is_current(stands[generation].position, head):
            return None
        return Token(generation, keys[generation].token(kind, value))

    def _is_current(self, position: int, head: int) -> bool:
        """Whether nothing between these positions matters here."""
        return position >= head or not self._store.select_notifications(
            position, 1, head, TOPICS, inclusive_of_start=False
        )

    def _advance(
        self, key: IndexKey, stand: Stand | None, head: int, progress: Callable[[int, int], None] | None
    ) -> bool:
        if stand is None:
            self._tables.begin(key)
            return True
        page = self._store.select_notifications(stand.position, PAGE, head, TOPICS, inclusive_of_start=False)
        whole = len(page) < PAGE
        if not page and stand.state == "ready" and head - stand.position < RARELY:
            return False
        changes = self._mentions.changes(page) if page else Changes()
        after = Stand(key.fingerprint, head if whole else page[-1].id, "ready" if whole else stand.state)
        if self._tables.advance(key, stand, after, changes) and (changes.gone or changes.forgotten):
            self._unscrubbed = True
        if progress:
            progress(after.position, head)
        return True

    def _follow(self, leads: Callable[[], bool]) -> None:
        pause = GATHER
        while not self._ended.wait(pause):
            self._woken.clear()
            try:
                while not self._ended.is_set() and leads() and self.step():
                    pass
            except Exception as error:
                self._fails(error)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                self.error, pause = None, GATHER
                self._woken.wait(POLL)

    def _fails(self, error: Exception) -> None:
        """Say so when it begins, and when the trouble becomes another; not what it says, which may quote an event."""
        if self.error != type(error).__name__:
            self.error = type(error).__name__
            log.error("the index is not kept, and it is tried again and again: %s", self.error)


def _is_sound(stand: Stand, key: IndexKey | None, head: int) -> bool:
    """Whether there is still a key for it, and it knows of no events that the store has not."""
    fits = key is not None and key.fingerprint == stand.fingerprint
    return fits and stand.state != "leaving" and stand.position <= head
