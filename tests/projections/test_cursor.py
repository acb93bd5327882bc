"""What a page of a list is asked to go on from: whatever was written by us, and nothing that breaks a question."""

from __future__ import annotations

import base64
import hashlib

import orjson
import pytest

from projections.cursor import LAST, BadCursor, Cursor

ASKED = "what was asked"


def forged(*numbers: float) -> str:
    """As we write it, with numbers that we would not; the check is no secret."""
    now, *after = map(int, numbers)
    check = hashlib.sha256(f"{now} {tuple(after)} {ASKED}".encode()).hexdigest()[:16]
    return base64.urlsafe_b64encode(orjson.dumps([*numbers, check])).decode().rstrip("=")


def test_what_was_written_is_read() -> None:
    for numbers in ((0, 0, 0), (LAST, LAST, LAST), (1, 2, 3)):
        cursor = Cursor(numbers[0], numbers[1:])
        assert Cursor.read(cursor.written(ASKED), ASKED, 2) == cursor
        assert forged(*numbers) == cursor.written(ASKED)


@pytest.mark.parametrize("number", [-1, LAST + 1, 2**63, 2**64 - 1, -(2**63), 1e300, 5.0, True])
@pytest.mark.parametrize("at", range(3))
def test_what_no_column_holds_is_no_place(number: float, at: int) -> None:
    numbers: list[float] = [1, 2, 3]
    numbers[at] = number
    with pytest.raises(BadCursor):
        Cursor.read(forged(*numbers), ASKED, 2)
