"""The outbox: what was taken in is sent, settled or given up, and a process that dies in between changes none of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.watch.messages import Message
from api.watch.outbox import KEPT, RECENT, Outbox, listed
from projections.reading import microseconds
from tests.api.test_channels import message

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
EVERYTHING = 2**53


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    with closing(Outbox(path, NOW)) as outbox:
        yield outbox


def waiting(outbox: Outbox, channel: str = "log", now: datetime = NOW) -> list[Message]:
    return [one.message for one in outbox.due(channel, now, 100)]


def test_each_channel_gets_each_message_once(outbox: Outbox, path: Path) -> None:
    first, second = message(), message()
    outbox.take_in([first], ["log", "webhook"], 7)
    outbox.take_in([first, second], ["log", "webhook"], 9)
    assert waiting(outbox) == waiting(outbox, "webhook") == [first, second]
    outbox.delivered(outbox.due("log", NOW, 1)[0].nth, NOW)
    assert waiting(outbox) == [second]
    assert waiting(outbox, "webhook") == [first, second]
    assert outbox.follows() == (9, microseconds(NOW - RECENT))


def test_a_new_process_goes_on_where_the_last_one_died(outbox: Outbox, path: Path) -> None:
    sent, pending = message(), message()
    outbox.take_in([sent, pending], ["log"], 9)
    outbox.delivered(outbox.due("log", NOW, 1)[0].nth, NOW)
    with closing(Outbox(path, LATER)) as successor:  # the first was never closed
        assert waiting(successor) == [pending]
        assert successor.follows() == (9, microseconds(NOW - RECENT))


def test_messages_and_the_place_in_the_log_are_kept_together_or_not_at_all(outbox: Outbox) -> None:
    unkept = message().model_copy(update={"id": None})
    with pytest.raises(sqlite3.IntegrityError):
        outbox.take_in([message(), unkept], ["log"], 9)
    assert waiting(outbox) == []
    assert outbox.follows()[0] == 0


def test_a_failure_waits_its_time_and_a_dead_letter_stays(outbox: Outbox, path: Path) -> None:
    sent = message()
    outbox.take_in([sent], ["webhook"], 1)
    [one] = outbox.due("webhook", NOW, 10)
    outbox.failed(one.nth, "status-500", LATER)
    assert waiting(outbox, "webhook") == []
    [again] = outbox.due("webhook", LATER, 10)
    assert (again.tries, again.message) == (1, sent)
    outbox.given_up(again.nth, "timeout", LATER)
    assert waiting(outbox, "webhook", LATER + timedelta(days=400)) == []
    [dead] = listed(path, "dead", None, EVERYTHING, 10)
    assert (dead.message, dead.tries, dead.trouble, dead.settled_at) == (sent, 2, "timeout", microseconds(LATER))


def test_the_longest_waiting_goes_first(outbox: Outbox) -> None:
    old = message(called_at=NOW - timedelta(minutes=9))
    new = message(called_at=NOW - timedelta(minutes=1))
    outbox.take_in([new, old], ["log"], 2)
    assert waiting(outbox) == [old, new]


def test_people_look_at_it_page_by_page(outbox: Outbox, path: Path) -> None:
    here = [message(staff=f"officer-{nth}") for nth in range(5)]
    outbox.take_in([*here, message(district="district-elsewhere")], ["log"], 6)
    outbox.delivered(1, NOW)
    page = listed(path, None, "district-hecheng", EVERYTHING, 3)
    rest = listed(path, None, "district-hecheng", page[-1].nth, 3)
    assert [row.message for row in (*page, *rest)] == here[::-1]
    assert [row.message for row in listed(path, "delivered", None, EVERYTHING, 9)] == [here[0]]
    assert len(listed(path, None, None, EVERYTHING, 9)) == 6


def test_what_was_delivered_long_ago_is_let_go(outbox: Outbox, path: Path) -> None:
    outbox.take_in([message(), message(), message()], ["log"], 1)
    outbox.delivered(1, NOW)
    outbox.given_up(2, "timeout", NOW)
    outbox.clear(NOW + KEPT)
    assert len(listed(path, None, None, EVERYTHING, 9)) == 3
    outbox.clear(NOW + KEPT + timedelta(seconds=1))
    assert {row.state for row in listed(path, None, None, EVERYTHING, 9)} == {"dead", "pending"}


def test_without_an_outbox_there_is_nothing_to_look_at(path: Path) -> None:
    assert listed(path, None, None, EVERYTHING, 9) == []
    path.touch()  # as it is for a moment while it is made
    assert listed(path, None, None, EVERYTHING, 9) == []


def test_another_format_is_refused_unchanged(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 99")
    with pytest.raises(ValueError, match="第 99 版"):
        Outbox(path, NOW)
