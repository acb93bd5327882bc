"""The outbox: messages on their way, and how far the log was read for them; a small file of its own.

It can be lost without losing a call: the decision is in the log. A new one takes in the calls of the last hour
(`RECENT`), under the ids they had before, so that a receiver knows what it already got.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Literal, NamedTuple

from api.watch.messages import Message
from projections.reading import microseconds

RECENT = timedelta(hours=1)
KEPT = timedelta(days=30)
"""Delivered messages are shown so long; the call itself stays in the case file."""
State = Literal["pending", "delivered", "dead"]
SCHEMA = 1
TABLES = """
    CREATE TABLE IF NOT EXISTS follows (
        only_row INTEGER PRIMARY KEY CHECK (only_row = 1), position INTEGER NOT NULL, since INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS messages (
        nth INTEGER PRIMARY KEY, id TEXT NOT NULL, channel TEXT NOT NULL, state TEXT NOT NULL,
        district TEXT NOT NULL, message TEXT NOT NULL, tries INTEGER NOT NULL, next_at INTEGER NOT NULL,
        settled_at INTEGER, trouble TEXT, UNIQUE (id, channel)
    );
    CREATE INDEX IF NOT EXISTS waiting ON messages (channel, next_at, nth) WHERE state = 'pending';
    CREATE INDEX IF NOT EXISTS settled ON messages (settled_at) WHERE state = 'delivered';
"""


class Waiting(NamedTuple):
    """A message to be sent, and how often that was tried."""

    nth: int
    tries: int
    message: Message


class Listed(NamedTuple):
    """A message as people look at it. Times are microseconds since 1970."""

    nth: int
    channel: str
    state: State
    message: Message
    tries: int
    next_at: int
    settled_at: int | None
    trouble: str | None


def listed(path: Path, state: State | None, district: str | None, before: int, limit: int) -> list[Listed]:
    """Messages from the newest back, for any process to read; none where no outbox was ever opened."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as file:
        if file.execute("PRAGMA user_version").fetchone() != (SCHEMA,):
            return []  # being made at this moment
        rows = file.execute(
            """SELECT nth, channel, state, message, tries, next_at, settled_at, trouble FROM messages
               WHERE nth < :before AND state = coalesce(:state, state) AND district = coalesce(:district, district)
               ORDER BY nth DESC LIMIT :limit""",
            {"before": before, "state": state, "district": district, "limit": limit},
        ).fetchall()
    return [
        Listed(nth, channel, stands, Message.model_validate_json(message), *rest)
        for nth, channel, stands, message, *rest in rows
    ]


class Outbox:
    """One process writes at a time: whoever keeps the watch. From any thread; every change is durable in order."""

    def __init__(self, path: Path, now: datetime) -> None:
        self._turn = Lock()
        self._file = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        # What a power cut takes of the newest changes is read from the log and sent again, under the same id.
        self._file.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        [found] = self._file.execute("PRAGMA user_version").fetchone()
        if found not in (0, SCHEMA):
            self._file.close()
            raise ValueError(f"通知文件 {path} 的格式是第 {found} 版，本程序只认第 {SCHEMA} 版。")
        self._file.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
        self._file.execute("INSERT OR IGNORE INTO follows VALUES (1, 0, ?)", (microseconds(now - RECENT),))

    def close(self) -> None:
        with self._turn:
            self._file.close()

    def follows(self) -> tuple[int, int]:
        """Up to which position calls were taken in, and since when (µs) they count at all."""
        with self._turn:
            position, since = self._file.execute("SELECT position, since FROM follows").fetchone()
        return position, since

    def begin_again(self, now: datetime) -> None:
        """Read the log from its first event: it is not the one that was followed."""
        with self._writing() as file:
            file.execute("UPDATE follows SET position = 0, since = ?", (microseconds(now - RECENT),))

    def take_in(self, messages: Sequence[Message], channels: Sequence[str], position: int) -> None:
        """Keep messages for each channel, and note how far the log was read: both or neither."""
        rows = [
            (message.id, channel, message.district or "", message.model_dump_json(), microseconds(message.called_at))
            for message in messages
            for channel in channels
        ]
        with self._writing() as file:
            file.executemany(
                """INSERT INTO messages (id, channel, state, district, message, tries, next_at)
                   VALUES (?, ?, 'pending', ?, ?, 0, ?) ON CONFLICT (id, channel) DO NOTHING""",
                rows,
            )
            file.execute("UPDATE follows SET position = max(position, ?)", (position,))

    def due(self, channel: str, now: datetime, limit: int) -> list[Waiting]:
        """What a channel has to send by now, the longest waiting first."""
        with self._turn:
            rows = self._file.execute(
                """SELECT nth, tries, message FROM messages
                   WHERE state = 'pending' AND channel = ? AND next_at <= ? ORDER BY next_at, nth LIMIT ?""",
                (channel, microseconds(now), limit),
            ).fetchall()
        return [Waiting(nth, tries, Message.model_validate_json(message)) for nth, tries, message in rows]

    def delivered(self, nth: int, now: datetime) -> None:
        """The receiver has it."""
        with self._writing() as file:
            file.execute(
                """UPDATE messages SET state = 'delivered', tries = tries + 1, settled_at = ?, trouble = NULL
                   WHERE nth = ?""",
                (microseconds(now), nth),
            )

    def failed(self, nth: int, trouble: str, again: datetime) -> None:
        """The receiver does not have it, as far as we know; try again then."""
        with self._writing() as file:
            file.execute(
                "UPDATE messages SET tries = tries + 1, next_at = ?, trouble = ? WHERE nth = ?",
                (microseconds(again), trouble, nth),
            )

    def given_up(self, nth: int, trouble: str, now: datetime) -> None:
        """A dead letter: tried often enough. It stays, for people to see."""
        with self._writing() as file:
            file.execute(
                "UPDATE messages SET state = 'dead', tries = tries + 1, settled_at = ?, trouble = ? WHERE nth = ?",
                (microseconds(now), trouble, nth),
            )

    def clear(self, now: datetime) -> None:
        """Let go of what was delivered long ago."""
        with self._writing() as file:
            file.execute(
                "DELETE FROM messages WHERE state = 'delivered' AND settled_at < ?", (microseconds(now - KEPT),)
            )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._turn:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield self._file
                self._file.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._file.rollback()
                raise
