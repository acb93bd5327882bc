"""One exchange between a program and PostgreSQL, message by message, and where in it the connection breaks."""

from __future__ import annotations

from enum import StrEnum
from threading import Event
from typing import NamedTuple

from tests.faults.frames import CLIENT, SERVER, Frame


class Place(StrEnum):
    """How much of a message still arrives when the connection breaks at it."""

    BEFORE = "before"
    WITHIN = "within"
    AFTER = "after"

    def of(self, raw: bytes) -> bytes:
        """What arrives."""
        return {Place.BEFORE: b"", Place.WITHIN: raw[: len(raw) // 2], Place.AFTER: raw}[self]


class Cut(NamedTuple):
    """Break the connection at this message of the exchange: by its number, from 0, or the first of this name.

    `deaf`: only the client loses it; the server is not told, as when a network vanishes.
    """

    at: int | str
    place: Place
    deaf: bool = False


class Exchange:
    """All that is said on one connection from the first message about a statement until its transaction is over."""

    def __init__(self, statement: str, cut: Cut | None = None) -> None:
        self.said: list[str] = []
        """Every message so far, the one that was cut included."""
        self.was_cut, self.is_over = Event(), Event()
        self._statement, self._cut = statement.encode(), cut
        self._line: object = None
        self._executed = False

    def place(self, line: object, frame: Frame, about: bytes, *, from_client: bool) -> Place | None:
        """Note a message if it belongs to the exchange; how it is to be cut.

        `line` is the connection it came on, `about` the text of the statement it is about.
        """
        if self._line is None and self._statement in about:
            self._line = line
        if self._line is not line or self.is_over.is_set():
            return None
        nth = len(self.said)
        self.said.append(f"→ {CLIENT[frame.tag]}" if from_client else f"← {SERVER[frame.tag]}")
        if self._cut is not None and self._cut.at in (nth, self.said[-1]):
            self.is_over.set()
            self.was_cut.set()
            return self._cut.place
        self._executed |= from_client and frame.tag in (b"E", b"Q")
        if self._executed and frame == (b"Z", b"I") and not from_client:
            self.is_over.set()
        return None

    def left_deaf(self, line: object) -> bool:
        """Whether this connection was cut and the server is to believe that its client is still there."""
        return self._line is line and self.was_cut.is_set() and self._cut is not None and self._cut.deaf
