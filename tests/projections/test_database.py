"""The database beside the events: the same promises from a SQLite file and from PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event, Thread

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from projections.database import Database, DatabaseUnavailable, DatabaseUnusable
from projections.leadership import FileLeadership, Leadership, PostgresLeadership
from projections.postgres import PostgresDatabase
from projections.sqlite import SQLiteDatabase
from tests.projections.rooms import Room

SOON = 30.0
"""Seconds after which something that should come at once is given up; nothing is measured."""
TABLE = 'CREATE TABLE "word list" (word {text} PRIMARY KEY, n {integer})'


@pytest.fixture
def database(room: Room) -> Iterator[Database]:
    with closing(room.open()) as database:
        with database.writing() as transaction:
            transaction.execute(TABLE.format(**database.dialect._asdict()))
        yield database


def words(database: Database) -> list[tuple[str, int]]:
    with database.reading() as transaction:
        return [tuple(row) for row in transaction.execute('SELECT word, n FROM "word list" ORDER BY word')]


def add(database: Database, *rows: tuple[str, int]) -> None:
    with database.writing() as transaction:
        transaction.executemany('INSERT INTO "word list" VALUES (?, ?)', rows)


def test_texts_are_in_order_of_their_bytes_and_booleans_are_numbers(database: Database) -> None:
    add(database, ("b", True), ("A", False), ("ä", 2**62), ("中 100%", -1), ("a", 0))
    assert words(database) == [("A", 0), ("a", 0), ("b", 1), ("ä", 2**62), ("中 100%", -1)]


def test_a_row_has_its_values_by_place_and_by_name(database: Database) -> None:
    add(database, ("a", 1))
    with database.reading() as transaction:
        row = transaction.execute('SELECT word, n AS "how many" FROM "word list" WHERE +n = ?', (1,)).fetchone()
        assert (row[0], row["how many"], dict(row)) == ("a", 1, {"word": "a", "how many": 1})
        assert [found["word"] for found in transaction.stream('SELECT * FROM "word list"')] == ["a"]


def test_what_breaks_half_way_leaves_nothing(database: Database) -> None:
    def half() -> None:
        with database.writing() as transaction:
            transaction.execute('INSERT INTO "word list" VALUES (?, ?)', ("lost", 1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert words(database) == []
    add(database, ("kept", 1))
    assert words(database) == [("kept", 1)]


def test_a_snapshot_does_not_move(database: Database) -> None:
    with database.reading() as transaction:
        count = 'SELECT count(*) FROM "word list"'
        assert transaction.execute(count).fetchone()[0] == 0
        add(database, ("later", 1))
        assert transaction.execute(count).fetchone()[0] == 0
    assert words(database) == [("later", 1)]


def test_one_writer_at_a_time_also_from_another_process(database: Database, room: Room) -> None:
    """Each reads what it adds to: with two at once some would be lost."""
    add(database, ("sum", 0))

    def count(own: Database) -> None:
        for _ in range(20):
            with own.writing() as transaction:
                [n] = transaction.execute('SELECT n FROM "word list"').fetchone()
                transaction.execute('UPDATE "word list" SET n = ?', (n + 1,))

    with closing(room.open()) as other:
        threads = [Thread(target=count, args=(own,)) for own in (database, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert words(database) == [("sum", 40)]


@pytest.mark.parametrize("isolation", ["repeatable\\ read", "serializable"])
def test_a_stricter_isolation_by_default_changes_nothing(postgres_url: str, tmp_path: Path, isolation: str) -> None:
    """It would take the snapshot before the writer's turn has come, and find at the end that it was too old."""
    strict = make_conninfo(postgres_url, options=f"-c default_transaction_isolation={isolation}")
    with closing(Room(tmp_path, strict).open()) as database:
        with database.writing() as transaction:
            transaction.execute(TABLE.format(**database.dialect._asdict()))
        add(database, ("sum", 0))

        def count() -> None:
            for _ in range(20):
                with database.writing() as transaction:
                    transaction.execute('UPDATE "word list" SET n = n + 1')

        threads = [Thread(target=count) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert words(database) == [("sum", 40)]


def test_a_reader_does_not_wait_for_a_lock_for_ever(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.postgres.SHORT", "50ms")
    room = Room(tmp_path, postgres_url)
    with closing(room.open()) as database, psycopg.connect(postgres_url) as other:
        with database.writing() as transaction:
            transaction.execute(TABLE.format(**database.dialect._asdict()))
        other.execute(f'LOCK TABLE {room.schema}."word list"')
        with pytest.raises(DatabaseUnavailable):
            words(database)


def test_what_an_administrator_makes_belongs_to_whoever_owns_the_schema(postgres_url: str, tmp_path: Path) -> None:
    """A rebuild with the administrator's address must not lock the service out of its views."""
    room = Room(tmp_path, postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE service_of_views LOGIN")
        admin.execute(f"CREATE SCHEMA {room.schema} AUTHORIZATION service_of_views")
    try:
        with closing(room.open()) as database, database.writing() as transaction:
            transaction.execute(TABLE.format(**database.dialect._asdict()))
        with closing(PostgresDatabase(make_conninfo(postgres_url, user="service_of_views"), room.schema)) as service:
            add(service, ("ours", 1))
            assert words(service) == [("ours", 1)]
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute("DROP OWNED BY service_of_views CASCADE")
            admin.execute("DROP ROLE service_of_views")


def test_a_loaded_table_lasts_as_long_as_the_transaction(database: Database) -> None:
    shape = 'SELECT word AS name, n FROM "word list"'
    for reading in (False, True, False):
        with database.reading() if reading else database.writing() as transaction:
            transaction.load("page", shape, [("a", 1), ("b", True)])
            transaction.load("page", shape, [("中\t\\N\n", 2), ("c", None)])
            rows = transaction.execute("SELECT name, n FROM page ORDER BY name").fetchall()
            assert [tuple(row) for row in rows] == [("c", None), ("中\t\\N\n", 2)]
            assert "page" not in transaction.relations()
    assert words(database) == []


def test_what_is_told_is_heard_after_the_commit(postgres_url: str, tmp_path: Path) -> None:
    told, heard = list[str](), Event()

    def hear(word: str) -> None:
        told.append(word)
        heard.set()

    with closing(Room(tmp_path, postgres_url).open()) as database, ExitStack() as until_the_end:
        listening = database.listening(hear, lambda word: None)
        assert listening is not None
        until_the_end.callback(listening.close)
        assert heard.wait(SOON)
        assert told == [""], "something may have been missed before"
        heard.clear()
        with database.writing() as transaction:
            transaction.notify("42")
        assert heard.wait(SOON)
        assert told == ["", "42"]


@pytest.fixture(params=["file", "postgres"])
def leaders(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Leadership]]:
    def of_one_store() -> Leadership:
        if request.param == "file":
            return FileLeadership(tmp_path / "lock")
        return PostgresLeadership(request.getfixturevalue("postgres_url"), str(tmp_path), "test")

    leaders = [of_one_store(), of_one_store()]
    yield leaders
    for one in leaders:
        one.release()


def test_one_leads_until_it_lets_go(leaders: list[Leadership]) -> None:
    one, other = leaders
    assert one.take()
    assert one.take(), "it did already"
    assert not other.take()
    one.release()
    assert other.take()
    assert not one.take()


def test_whoever_lost_its_connection_no_longer_leads(postgres_url: str, tmp_path: Path) -> None:
    one, other = (PostgresLeadership(postgres_url, str(tmp_path), "test") for _ in range(2))
    assert one.take()
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks"
            " WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            " AND (classid::BIGINT << 32) + objid::BIGINT = %s::BIGINT",
            (one._key,),
        )
    assert other.take()
    assert not one.take()
    assert not one.take(), "asked anew"
    other.release()
    assert one.take()
    one.release()


def test_nobody_leads_on_a_server_that_is_not_there() -> None:
    assert not PostgresLeadership("host=/nonexistent", "public", "test").take()


def test_trouble_that_passes_is_told_apart(database: Database, room: Room) -> None:
    if isinstance(database, SQLiteDatabase):
        database._writer.execute("PRAGMA max_page_count = 8")
    else:
        database._pool.close()  # type: ignore[attr-defined] # as when no connection can be had
    with pytest.raises(DatabaseUnavailable):
        add(database, *((f"{n:0999}", n) for n in range(99)))
    with closing(room.open()) as sound:
        assert words(sound) == [], "nothing is half-done"
        with pytest.raises(Exception, match="no_such_column") as wrong, sound.reading() as transaction:
            transaction.execute('SELECT no_such_column FROM "word list"')
        assert not isinstance(wrong.value, DatabaseUnavailable)


def test_broken_connections_are_replaced_before_anybody_notices(postgres_url: str, tmp_path: Path) -> None:
    with closing(Room(tmp_path, postgres_url).open()) as database:
        with database.reading() as transaction:
            [backend] = transaction.execute("SELECT pg_backend_pid()").fetchone()
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))
        with database.reading() as transaction:
            assert transaction.execute("SELECT pg_backend_pid()").fetchone()[0] != backend


def test_a_role_that_may_not_create_is_told_what_to_ask_for(postgres_url: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("CREATE ROLE poor_reader LOGIN")
    try:
        with pytest.raises(DatabaseUnusable, match="授予它在库中 CREATE 的权限"):
            PostgresDatabase(make_conninfo(postgres_url, user="poor_reader"), Room(tmp_path, postgres_url).schema)
    finally:
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            admin.execute("DROP ROLE poor_reader")


def test_a_server_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(DatabaseUnusable, match="确认数据库在运行"):
        PostgresDatabase("host=/nonexistent", "public_views")
