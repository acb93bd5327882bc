"""Where a page of a list ended, as an opaque word."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import NamedTuple, Self

import orjson

LAST = 253_402_214_400_000_000
"""The last moment of the calendar that every time zone can show (9999-12-30), as microseconds: no column has more."""


class BadCursor(ValueError):
    """Not a cursor of ours, or one of another query. Carries a Chinese sentence."""


class Cursor(NamedTuple):
    """The last row's place in the order asked for. It is no secret; a check finds what was garbled.

    `now` (microseconds) is the moment the first page was asked for, `after` the values of the columns the
    rows are in order of. What it is written for are the words of its query, the same for each of its pages.
    """

    now: int
    after: tuple[int, ...]

    def moved(self, after: Iterable[int]) -> Self:
        """The same list, further on."""
        return self._replace(after=tuple(after))

    def written(self, asked: str) -> str:
        """The cursor as a word for URLs."""
        document = orjson.dumps([self.now, *self.after, self._check(asked)])
        return base64.urlsafe_b64encode(document).decode().rstrip("=")

    @classmethod
    def read(cls, word: str, asked: str, columns: int) -> Self:
        """The cursor that was written so, for rows in order of so many columns. Raises `BadCursor`."""
        try:
            now, *after, check = orjson.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
            cursor = cls(_told(now), tuple(map(_told, after)))
        except (ValueError, TypeError) as error:
            raise BadCursor("翻页位置无法识别，请从第一页重新查询。") from error
        if check != cursor._check(asked) or cursor.written(asked) != word or len(after) != columns:
            raise BadCursor("翻页位置与查询条件不符，请从第一页重新查询。")
        return cursor

    def _check(self, asked: str) -> str:
        return hashlib.sha256(f"{self.now} {self.after} {asked}".encode()).hexdigest()[:16]


def _told(value: object) -> int:
    """A moment or a place in a column. Raises `ValueError` for what neither can be, whoever wrote it."""
    if not isinstance(value, int) or not 0 <= value <= LAST:
        raise ValueError("no number of ours")
    return value
