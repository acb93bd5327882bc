"""The outbox: messages on their way, and how far the log was read for them; in a database of its own.

It can be lost without losing a call: the decision is in the log. A new one takes in the calls of the last hour
(`RECENT`), under the ids they had before, so that a receiver knows what it already got.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from api.watch.messages import Message
from projections.database import Database, DatabaseUnusable
from projections.reading import microseconds

RECENT = timedelta(hours=1)
KEPT = timedelta(days=30)
"""Delivered messages are shown so long; the call itself stays in the case file."""
State = Literal["pending", "delivered", "dead"]
FORMAT = 2
TABLES = (
    """CREATE TABLE IF NOT EXISTS outbox (
        only_row BIGINT PRIMARY KEY CHECK (only_row = 1), format BIGINT NOT NULL,
        position BIGINT NOT NULL, since BIGINT NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS messages (
        nth BIGINT PRIMARY KEY, id TEXT NOT NULL, channel TEXT NOT NULL, state TEXT NOT NULL,
        district TEXT NOT NULL, message TEXT NOT NULL, tries BIGINT NOT NULL, next_at BIGINT NOT NULL,
        settled_at BIGINT, trouble TEXT, UNIQUE (id, channel)
    )""",
    "CREATE INDEX IF NOT EXISTS waiting ON messages (channel, next_at, nth) WHERE state = 'pending'",
    "CREATE INDEX IF NOT EXISTS settled ON messages (settled_at) WHERE state = 'delivered'",
)


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


class Outbox:
    """Of every process, for people to look at; written by whoever keeps the watch. From any thread.

    The database is the outbox's own from now on. Raises `DatabaseUnusable` for another version's, and, here and
    everywhere, `DatabaseUnavailable`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.writing() as transaction:
            for statement in TABLES if "outbox" not in transaction.relations() else ():
                transaction.execute(statement)
            kept = transaction.execute("SELECT format FROM outbox").fetchone()
        if kept is not None and kept[0] != FORMAT:
            database.close()
            raise DatabaseUnusable(f"值班通知的格式是第 {kept[0]} 版，本程序只认第 {FORMAT} 版。")

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def listed(self, state: State | None, district: str | None, before: int, limit: int) -> list[Listed]:
        """Messages from the newest back."""
        with self._database.reading() as transaction:
            rows = transaction.execute(
                """SELECT nth, channel, state, message, tries, next_at, settled_at, trouble FROM messages
                   WHERE nth < ? AND state = coalesce(CAST(? AS TEXT), state)
                       AND district = coalesce(CAST(? AS TEXT), district)
                   ORDER BY nth DESC LIMIT ?""",
                (before, state, district, limit),
            ).fetchall()
        return [
            Listed(nth, channel, stands, Message.model_validate_json(message), *rest)
            for nth, channel, stands, message, *rest in rows
        ]

    def begin(self, now: datetime) -> None:
        """Take up the watch: a new outbox counts calls from an hour ago."""
        self._write(
            "INSERT INTO outbox (only_row, format, position, since) VALUES (1, ?, 0, ?) ON CONFLICT DO NOTHING",
            FORMAT,
            microseconds(now - RECENT),
        )

    def follows(self) -> tuple[int, int]:
        """Up to which position calls were taken in, and since when (µs) they count at all."""
        with self._database.reading() as transaction:
            [[position, since]] = transaction.execute("SELECT position, since FROM outbox").fetchall()
        return position, since

    def begin_again(self, now: datetime) -> None:
        """Read the log from its first event: it is not the one that was followed."""
        self._write("UPDATE outbox SET position = 0, since = ?", microseconds(now - RECENT))

    def take_in(self, messages: Sequence[Message], channels: Sequence[str], position: int) -> None:
        """Keep messages for each channel, and note how far the log was read: both or neither."""
        each = [(message, channel) for message in messages for channel in channels]
        with self._database.writing() as transaction:
            [[last]] = transaction.execute("SELECT coalesce(max(nth), 0) FROM messages").fetchall()
            transaction.executemany(
                """INSERT INTO messages (nth, id, channel, state, district, message, tries, next_at)
                   VALUES (?, ?, ?, 'pending', ?, ?, 0, ?) ON CONFLICT (id, channel) DO NOTHING""",
                [
                    (nth, one.id, channel, one.district or "", one.model_dump_json(), microseconds(one.called_at))
                    for nth, (one, channel) in enumerate(each, start=last + 1)
                ],
            )
            transaction.execute("UPDATE outbox SET position = ? WHERE position < ?", (position, position))

    def due(self, channel: str, now: datetime, limit: int) -> list[Waiting]:
        """What a channel has to send by now, the longest waiting first."""
        with self._database.reading() as transaction:
            rows = transaction.execute(
                """SELECT nth, tries, message FROM messages
                   WHERE state = 'pending' AND channel = ? AND next_at <= ? ORDER BY next_at, nth LIMIT ?""",
                (channel, microseconds(now), limit),
            ).fetchall()
        return [Waiting(nth, tries, Message.model_validate_json(message)) for nth, tries, message in rows]

    def delivered(self, nth: int, now: datetime) -> None:
        """The receiver has it."""
        self._write(
            "UPDATE messages SET state = 'delivered', tries = tries + 1, settled_at = ?, trouble = NULL WHERE nth = ?",
            microseconds(now),
            nth,
        )

    def failed(self, nth: int, trouble: str, again: datetime) -> None:
        """The receiver does not have it, as far as we know; try again then."""
        self._write(
            "UPDATE messages SET tries = tries + 1, next_at = ?, trouble = ? WHERE nth = ?",
            microseconds(again),
            trouble,
            nth,
        )

    def given_up(self, nth: int, trouble: str, now: datetime) -> None:
        """A dead letter: tried often enough. It stays, for people to see."""
        self._write(
            "UPDATE messages SET state = 'dead', tries = tries + 1, settled_at = ?, trouble = ? WHERE nth = ?",
            microseconds(now),
            trouble,
            nth,
        )

    def clear(self, now: datetime) -> None:
        """Let go of what was delivered long ago."""
        self._write("DELETE FROM messages WHERE state = 'delivered' AND settled_at < ?", microseconds(now - KEPT))

    def _write(self, statement: str, *values: object) -> None:
        """One statement, durable when this returns."""
        with self._database.writing() as transaction:
            transaction.execute(statement, values)
