"""The checks bite: a journal or a store that was doctored, in any way a crash could have done it, is found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.faults.checks import Line, faults, found_again
from tests.faults.journal import Asked, Journal, Told

Doctored = tuple[Journal, list[Line]]
ONE, OTHER = "11111111-0000-8000-8000-000000000000", "22222222-0000-8000-8000-000000000000"


def line(position: int, stream: str, version: int, type: str, key: str, client: str = "officer") -> Line:
    return Line(
        position, stream, version, type, client, key, f"request-{key}", None, f"2026-03-02T02:00:{position:02}Z"
    )


def asked(key: str, path: str, told: Told | None, refused: str = "", *, sure: bool = True) -> Asked:
    answers = [told] if told else []
    return Asked(key, "officer", path, {}, None, sure, told=answers, refused=[refused] if refused else [])


def told(stream: str, version: int, position: int) -> Told:
    return Told(stream, version, position, True, f"request at {position}")


def sound() -> Doctored:
    """Two cases, one merged into the other, a register; a command that came too late, and a client that went away."""
    lines = [
        line(1, "duty", 1, "duty.shift_assigned", "furnish", "bidao"),
        line(2, ONE, 1, "incident.reported", "report-one"),
        line(3, ONE, 2, "incident.accepted", "act"),
        line(4, ONE, 3, "incident.action_taken", "act"),
        line(5, OTHER, 1, "incident.reported", "report-other"),
        line(6, ONE, 4, "incident.duplicate_attached", "merge"),
        line(7, OTHER, 2, "incident.merged", "merge")._replace(into=ONE),
        line(8, "duty", 2, "duty.shift_assigned", "shift"),
        line(9, ONE, 5, "incident.action_taken", "never-learned"),
    ]
    journal = Journal(
        [
            asked("report-one", "/incidents", told(ONE, 1, 2)),
            asked("act", f"/incidents/{ONE}/take-action", told(ONE, 3, 4)),
            asked("report-other", "/incidents", told(OTHER, 1, 5)),
            asked("merge", f"/incidents/{OTHER}/merge", told(OTHER, 2, 7)),
            asked("shift", "/duty/assign-shifts", told("duty", 2, 8)),
            asked("too-late", f"/incidents/{ONE}/escalate", None, "412 version-stale", sure=False),
            replace(asked("never-learned", f"/incidents/{ONE}/take-action", None), given_up=True),
            replace(asked("never-sent", f"/incidents/{ONE}/take-action", None), given_up=True),
        ]
    )
    return journal, lines


def one_of(journal: Journal, key: str) -> Asked:
    return next(one for one in journal.asked if one.key == key)


def without(*positions: int) -> Callable[[Journal, list[Line]], list[Line]]:
    """The store without these rows; those that follow move up, as if they had never been."""

    def doctor(journal: Journal, lines: list[Line]) -> list[Line]:
        left = [line for line in lines if line.position not in positions]
        versions: dict[str, int] = {}
        for line in left:
            versions[line.stream] = versions.get(line.stream, 0) + 1
        return [line._replace(position=at) for at, line in enumerate(left, start=1)]

    return doctor


def added(*more: Line) -> Callable[[Journal, list[Line]], list[Line]]:
    return lambda journal, lines: [*lines, *more]


def changed(position: int, **how: Any) -> Callable[[Journal, list[Line]], list[Line]]:
    return lambda journal, lines: [row._replace(**how) if row.position == position else row for row in lines]


def answered(key: str, **how: Any) -> Callable[[Journal, list[Line]], list[Line]]:
    def doctor(journal: Journal, lines: list[Line]) -> list[Line]:
        for name, value in how.items():
            setattr(one_of(journal, key), name, value)
        return lines

    return doctor


DOCTORED = {
    "the last acknowledged command is gone": ("lost", without(8, 9)),
    "a row in the middle is gone": ("not dense", lambda journal, lines: [row for row in lines if row.position != 4]),
    "a version is left out": ("has version 6 after 4", changed(9, version=6)),
    "two rows changed places": ("not dense", lambda journal, lines: [lines[1], lines[0], *lines[2:]]),
    "recorded in the past": ("recorded before", changed(9, recorded_at="2026-03-01T00:00:00Z")),
    "another command stands where the receipt points": ("lost", changed(4, key="never-learned")),
    "a receipt names another version": ("lost", answered("act", told=[told(ONE, 2, 4)])),
    "a retry was written again at once": ("twice", added(line(10, ONE, 6, "incident.action_taken", "never-learned"))),
    "a retry was written again later": ("twice", added(line(10, ONE, 6, "incident.cost_advanced", "act"))),
    "a retried report opened a second case": (
        "twice",
        added(line(10, "33333333-0000-8000-8000-000000000000", 1, "incident.reported", "report-one")),
    ),
    "a register was written twice": ("twice", added(line(10, "duty", 3, "duty.shift_assigned", "shift"))),
    "the duplicate was merged and the primary never told": ("half a merger", changed(6, type="incident.reopened")),
    "the primary was told of no merger": ("half a merger", changed(7, type="incident.reopened")),
    "merged into another case than was told": ("merged into", changed(7, into=OTHER)),
    "a retry was told it came too late, and its first try was written": (
        "false conflict",
        added(line(10, ONE, 6, "incident.escalated", "too-late")),
    ),
    "a retry was told that nothing is new, and its first try was written": (
        "false conflict",
        answered("shift", told=[told("duty", 2, 8)._replace(changed=False)]),
    ),
    "the rules refused what nobody stood in the way of": ("false conflict", answered("too-late", sure=True)),
    "a receipt first, and then a refusal": ("false conflict", answered("act", refused=["422 key-reused"])),
    "two different receipts": ("two receipts", answered("act", told=[told(ONE, 3, 4), told(ONE, 5, 9)])),
    "never answered at all": ("unanswered", answered("never-sent", given_up=False)),
    "nobody asked for it": ("nobody asked", added(line(10, ONE, 6, "incident.action_taken", "out of the blue"))),
    "an answer outside the contract": ("no answer of ours", lambda journal, lines: journal.odd.append("500") or lines),
}


def test_sound_books_are_sound() -> None:
    assert faults(*sound()) == []


@pytest.mark.parametrize("how", DOCTORED)
def test_doctored_books_are_found_out(how: str) -> None:
    sentence, doctor = DOCTORED[how]
    journal, lines = sound()
    found = faults(journal, doctor(journal, lines))
    assert any(sentence in wrong for wrong in found), found


def test_a_command_written_by_a_try_that_was_cut_is_counted() -> None:
    journal, lines = sound()
    assert found_again(journal.asked, lines) == 5
    lines = [row._replace(request=f"request at {row.position}") for row in lines]
    assert found_again(journal.asked, lines) == 0
