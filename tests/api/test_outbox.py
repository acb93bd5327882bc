"""The outbox: what was taken in is sent, settled or given up, and a process that dies in between changes none of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from api.opening import open_outbox
from api.settings import Settings
from api.watch import outbox as at_work
from api.watch.messages import Message
from api.watch.outbox import KEPT, RECENT, Outbox
from projections.database import DatabaseUnusable
from projections.reading import microseconds
from tests.api.test_channels import message
from tests.server import settings_for
from tests.stores import Store

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
EVERYTHING = 2**53


@pytest.fixture
def settings(lasting_store: Store, tmp_path: Path) -> Settings:
    """Of an outbox in a file, then of one in PostgreSQL."""
    return lasting_store.settings(tmp_path)


@pytest.fixture
def outbox(settings: Settings) -> Iterator[Outbox]:
    with closing(open_outbox(settings)) as outbox:
        outbox.begin(NOW)
        yield outbox


def waiting(outbox: Outbox, channel: str = "log", now: datetime = NOW) -> list[Message]:
    return [one.message for one in outbox.due(channel, now, 100)]


def test_each_channel_gets_each_message_once(outbox: Outbox) -> None:
    first, second = message(), message()
    outbox.take_in([first], ["log", "webhook"], 7)
    outbox.take_in([first, second], ["log", "webhook"], 9)
    assert waiting(outbox) == waiting(outbox, "webhook") == [first, second]
    outbox.delivered(outbox.due("log", NOW, 1)[0].nth, NOW)
    assert waiting(outbox) == [second]
    assert waiting(outbox, "webhook") == [first, second]
    assert outbox.follows() == (9, microseconds(NOW - RECENT))


def test_a_new_process_goes_on_where_the_last_one_died(outbox: Outbox, settings: Settings) -> None:
    sent, pending = message(), message()
    outbox.take_in([sent, pending], ["log"], 9)
    outbox.delivered(outbox.due("log", NOW, 1)[0].nth, NOW)
    with closing(open_outbox(settings)) as successor:  # the first was never closed
        successor.begin(LATER)
        assert waiting(successor) == [pending]
        assert successor.follows() == (9, microseconds(NOW - RECENT))


def test_messages_and_the_place_in_the_log_are_kept_together_or_not_at_all(outbox: Outbox) -> None:
    unkept = message().model_copy(update={"id": None})
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)):
        outbox.take_in([message(), unkept], ["log"], 9)
    assert waiting(outbox) == []
    assert outbox.follows()[0] == 0


def test_a_failure_waits_its_time_and_a_dead_letter_stays(outbox: Outbox) -> None:
    sent = message()
    outbox.take_in([sent], ["webhook"], 1)
    [one] = outbox.due("webhook", NOW, 10)
    outbox.failed(one.nth, "status-500", LATER)
    assert waiting(outbox, "webhook") == []
    [again] = outbox.due("webhook", LATER, 10)
    assert (again.tries, again.message) == (1, sent)
    outbox.given_up(again.nth, "timeout", LATER)
    assert waiting(outbox, "webhook", LATER + timedelta(days=400)) == []
    [dead] = outbox.listed("dead", None, EVERYTHING, 10)
    assert (dead.message, dead.tries, dead.trouble, dead.settled_at) == (sent, 2, "timeout", microseconds(LATER))


def test_the_longest_waiting_goes_first(outbox: Outbox) -> None:
    old = message(called_at=NOW - timedelta(minutes=9))
    new = message(called_at=NOW - timedelta(minutes=1))
    outbox.take_in([new, old], ["log"], 2)
    assert waiting(outbox) == [old, new]


def test_people_look_at_it_page_by_page(outbox: Outbox) -> None:
    here = [message(staff=f"officer-{nth}") for nth in range(5)]
    outbox.take_in([*here, message(district="district-elsewhere")], ["log"], 6)
    outbox.delivered(1, NOW)
    page = outbox.listed(None, "district-hecheng", EVERYTHING, 3)
    rest = outbox.listed(None, "district-hecheng", page[-1].nth, 3)
    assert [row.message for row in (*page, *rest)] == here[::-1]
    assert [row.message for row in outbox.listed("delivered", None, EVERYTHING, 9)] == [here[0]]
    assert len(outbox.listed(None, None, EVERYTHING, 9)) == 6


def test_what_was_delivered_long_ago_is_let_go(outbox: Outbox) -> None:
    outbox.take_in([message(), message(), message()], ["log"], 1)
    outbox.delivered(1, NOW)
    outbox.given_up(2, "timeout", NOW)
    outbox.clear(NOW + KEPT)
    assert len(outbox.listed(None, None, EVERYTHING, 9)) == 3
    outbox.clear(NOW + KEPT + timedelta(seconds=1))
    assert {row.state for row in outbox.listed(None, None, EVERYTHING, 9)} == {"dead", "pending"}


def test_who_only_looks_does_not_begin_to_count(settings: Settings) -> None:
    with closing(open_outbox(settings)) as outbox:
        assert outbox.listed(None, None, EVERYTHING, 9) == []
        outbox.begin(LATER)
        assert outbox.follows() == (0, microseconds(LATER - RECENT))


def test_another_format_is_refused_unchanged(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later_version, closing(open_outbox(settings)) as outbox:
        later_version.setattr(at_work, "FORMAT", 99)
        outbox.begin(NOW)
        outbox.take_in([message()], ["log"], 3)
    for _ in range(2):
        with pytest.raises(DatabaseUnusable, match="第 99 版"):
            open_outbox(settings)


def test_a_file_of_the_first_format_is_gone_on_with(tmp_path: Path) -> None:
    settings, sent = settings_for(tmp_path), message()
    with closing(sqlite3.connect(settings.outbox_db, isolation_level=None)) as file:
        file.executescript(FIRST_FORMAT)
        file.execute(
            "INSERT INTO messages VALUES (1, ?, 'log', 'delivered', 'district-hecheng', ?, 1, 0, 1, NULL)",
            (sent.id, sent.model_dump_json()),
        )
    with closing(open_outbox(settings)) as outbox:
        outbox.begin(NOW)
        outbox.take_in([sent, message()], ["log"], 3)
        assert [row.state for row in outbox.listed(None, None, EVERYTHING, 9)] == ["pending", "delivered"]


FIRST_FORMAT = """
    CREATE TABLE follows (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), position INTEGER NOT NULL, since INTEGER);
    CREATE TABLE messages (
        nth INTEGER PRIMARY KEY, id TEXT NOT NULL, channel TEXT NOT NULL, state TEXT NOT NULL,
        district TEXT NOT NULL, message TEXT NOT NULL, tries INTEGER NOT NULL, next_at INTEGER NOT NULL,
        settled_at INTEGER, trouble TEXT, UNIQUE (id, channel)
    );
    CREATE INDEX waiting ON messages (channel, next_at, nth) WHERE state = 'pending';
    CREATE INDEX settled ON messages (settled_at) WHERE state = 'delivered';
    PRAGMA user_version = 1"""
