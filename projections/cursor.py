"""Where a page of a list ended, as an opaque word."""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple, Self

import orjson


class BadCursor(ValueError):
    """Not a cursor of ours, or one of another query. Carries a Chinese sentence."""


class Cursor(NamedTuple):
    """The last row's place in the order asked for. It is no secret; a check finds what was garbled.

    `asked` is the query it belongs to, in any words that are the same for each of its pages.
    """

    value: int
    opened: int

    def written(self, asked: str) -> str:
        """The cursor as a word for URLs."""
        document = orjson.dumps([*self, self._check(asked)])
        return base64.urlsafe_b64encode(document).decode().rstrip("=")

    @classmethod
    def read(cls, word: str, asked: str) -> Self:
        """The cursor that was written so. Raises `BadCursor`."""
        try:
            value, opened, check = orjson.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
            cursor = cls(int(value), int(opened))
        except (ValueError, TypeError) as error:
            raise BadCursor("翻页位置无法识别，请从第一页重新查询。") from error
        if check != cursor._check(asked) or cursor.written(asked) != word:
            raise BadCursor("翻页位置与查询条件不符，请从第一页重新查询。")
        return cursor

    def _check(self, asked: str) -> str:
        return hashlib.sha256(f"{self.value} {self.opened} {asked}".encode()).hexdigest()[:16]
