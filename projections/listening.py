"""Hearing what PostgreSQL is told to tell: on a connection and a thread of its own, from the moment it can."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import closing
from selectors import EVENT_READ, DefaultSelector
from threading import Thread
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from projections.database import Heard
from projections.leadership import session

log = logging.getLogger(__name__)
PAUSE = 0.5
"""Seconds before another try to connect."""


class PostgresListening:
    """Listens on channels until closed, and tells each word to whoever asked for its channel.

    Words told while the connection is broken are lost: after every connecting everybody is told ''.
    """

    def __init__(self, url: str, channels: Mapping[str, Heard]) -> None:
        self._url, self._channels = url, channels
        self._ended, self._end = os.pipe()
        self._troubles: set[str] = set()
        self._thread = Thread(target=self._listen, name="listening", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread at once."""
        os.close(self._end)
        self._thread.join()
        os.close(self._ended)

    def _listen(self) -> None:
        while True:
            try:
                with closing(session(self._url)) as connection:
                    self._begin(connection)
                    self._tell(connection)
                return
            except psycopg.Error as error:
                self._broke_off(error)
            if self._is_over(PAUSE):
                return

    def _begin(self, connection: psycopg.Connection[Any]) -> None:
        for channel in self._channels:
            connection.execute(SQL("LISTEN {}").format(Identifier(channel)))
        if self._troubles:
            self._troubles.clear()
            log.info("the database is listened to again")
        for heard in self._channels.values():
            heard("")

    def _broke_off(self, error: psycopg.Error) -> None:
        """Log each kind of trouble once, until it is over: its code, as what a driver says may name a person."""
        kind = error.sqlstate or type(error).__name__
        if kind not in self._troubles:
            self._troubles.add(kind)
            log.warning("listening to the database broke off (%s); trying again until it is back", kind)

    def _tell(self, connection: psycopg.Connection[Any]) -> None:
        """Tell every word as it comes, until the end. Raises the driver's error when the connection breaks."""
        with DefaultSelector() as selector:
            selector.register(self._ended, EVENT_READ)
            selector.register(connection.fileno(), EVENT_READ)
            while all(key.fd != self._ended for key, _ in selector.select()):
                connection.pgconn.consume_input()
                while said := connection.pgconn.notifies():
                    self._hear(said.relname.decode(), said.extra)

    def _hear(self, channel: str, word: bytes) -> None:
        """Whatever was said, and by whomever: what cannot be heard must not end the listening."""
        try:
            self._channels[channel](word.decode())
        except Exception:
            log.exception("a word on channel %s could not be heard", channel)

    def _is_over(self, seconds: float) -> bool:
        with DefaultSelector() as selector:
            selector.register(self._ended, EVENT_READ)
            return bool(selector.select(seconds))
