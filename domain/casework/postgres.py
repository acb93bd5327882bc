"""The event store on PostgreSQL: many appends in one durable commit, from any number of processes.

`PostgresCaseFactory` is named as the library's PERSISTENCE_MODULE; see `application.postgres_env`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from selectors import EVENT_READ, DefaultSelector
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    Notification,
    OperationalError,
    ProgrammingError,
    StoredEvent,
)
from eventsourcing.postgres import ConnectionPool, PostgresApplicationRecorder, PostgresDatastore, PostgresFactory
from eventsourcing.utils import Environment, EnvType
from psycopg import Connection, Cursor
from psycopg.errors import InsufficientPrivilege
from psycopg.rows import TupleRow, dict_row, tuple_row
from psycopg.sql import SQL, Composed, Identifier

from domain.casework import postgres_keys
from domain.casework.batches import (
    Append,
    Keys,
    Outcome,
    accepted_of,
    conditions,
    judge,
    outcomes_of,
)
from domain.casework.kept_keys import KeptKey, new_keys, taken
from domain.casework.postgres_era import ERA, Eras
from domain.casework.postgres_network import RECONNECT, configure, notice, noticing, reach
from domain.casework.postgres_schema import create_statements, is_complete, not_granted, wait_for_turn
from domain.casework.recorders import LogLine, append_alone, require_count
from domain.casework.sealing import KeyId
from domain.casework.store_file import StoreUnusable

CONNINFO = "POSTGRES_CONNINFO"
"""Our addition to the library's settings: a connection string, with all that libpq understands."""
PATIENCE = 5.0
"""Seconds a caller waits for a connection."""
_LARGEST = 2**63 - 1
_APPEND = """
    SELECT first, moved, actual, keyed FROM {schema}.append_events(
        %b::UUID[], %b::BIGINT[], %b::TEXT[], %b::BYTEA[], %b::UUID[], %b::BIGINT[],
        %b::TEXT[], %b::TEXT[], %b::INTEGER[], %b::BYTEA[], %b::BYTEA[])"""
_SELECT_CASE = """
    SELECT originator_version, topic, state, notification_id FROM {schema}.stored_events
    WHERE originator_id = %s AND originator_version > %s ORDER BY originator_version"""
_SELECT_LOG = """
    SELECT originator_id, originator_version, topic, state, notification_id FROM {schema}.stored_events
    WHERE notification_id BETWEEN %s AND %s ORDER BY notification_id LIMIT %s"""
_SELECT_LINES = """
    SELECT notification_id, encode(uuid_send(originator_id), 'hex'), originator_version, topic, state
    FROM {schema}.stored_events WHERE notification_id >= %s AND notification_id <= %s
    ORDER BY notification_id LIMIT %s"""
_SELECT_TOPICS = """
    SELECT originator_id, originator_version, topic, state, notification_id FROM {schema}.stored_events
    WHERE notification_id BETWEEN %s AND %s AND topic = ANY(%s) ORDER BY notification_id LIMIT %s"""
_MAX = "SELECT coalesce(max(notification_id), 0) FROM {schema}.stored_events"
_RESERVE = """
    INSERT INTO {schema}.case_numbers AS kept (day, last) VALUES (%s, %s)
    ON CONFLICT (day) DO UPDATE SET last = kept.last + excluded.last RETURNING last"""


class PostgresCaseRecorder(PostgresApplicationRecorder):
    """The store in one schema of a PostgreSQL database.

    Each append is one call of a function in the database and one commit. Nothing that writes is
    ever tried again here: when the connection fails, the caller cannot know whether the commit
    happened, and only the command's id in the events can tell. Each batch of a commit is announced
    once on the channel `stored_events`, with its last position.

    Raises `StoreUnusable` when the schema is not ours or the server would forget commits.
    """

    def __init__(self, datastore: PostgresDatastore, eras: Eras) -> None:
        super().__init__(datastore)
        self._eras = eras
        if datastore.enable_db_functions:
            raise StoreUnusable("POSTGRES_ENABLE_DB_FUNCTIONS 会使后台读者漏读事件，请删去这项设置。")
        with datastore.transaction() as cursor:
            self._complete = is_complete(cursor, datastore.schema)

    def create_table(self) -> None:
        """Make an empty schema ours; a store that exists is left alone and asks for no right to create."""
        if self._complete:
            return
        schema = self.datastore.schema
        with self.datastore.transaction(commit=True) as cursor:
            wait_for_turn(cursor, schema)
            if not is_complete(cursor, schema):
                for statement in create_statements(schema):
                    cursor.execute(statement)
        self._complete = True

    @contextmanager
    def _cursor(self) -> Iterator[Cursor[TupleRow]]:
        """A statement is a transaction of its own. `IntegrityError` means a version conflict: none is raised here."""
        try:
            with (
                self.datastore.get_connection() as connection,
                connection.cursor(binary=True, row_factory=tuple_row) as cursor,
            ):
                yield cursor
        except IntegrityError as error:
            raise DataError(*error.args) from error

    def _of(self, query: Any) -> Composed:
        return SQL(query).format(schema=Identifier(self.datastore.schema))

    @property
    def place(self) -> str:
        database = self._eras.database
        return f"PostgreSQL {database} {self.datastore.schema}" if database else ""

    @property
    def era(self) -> Keys:
        return self._eras.current

    def insert_batch(self, appends: Sequence[Append], free: Sequence[Keys] = ()) -> list[Outcome]:
        free = conditions(appends, free)
        known: dict[str, int] = {}
        kept: list[KeptKey] = []
        with self._cursor() as cursor:  # connecting may be what begins another era
            known |= ((stream, version - 1) for stream, version in self.era)
            while True:
                judged = judge(appends, free, known, taken(kept))
                accepted = accepted_of(appends, judged.conflicts)
                if not accepted:
                    return outcomes_of(appends, judged.conflicts, 1)
                heads = {stream: head for stream, head in judged.heads.items() if stream != ERA}
                first, moved, kept = self._append(cursor, accepted, heads)
                if first:
                    return outcomes_of(appends, judged.conflicts, first)
                known |= moved  # each round refuses one more at least, unless somebody else writes meanwhile

    def _append(
        self, cursor: Cursor[TupleRow], events: list[StoredEvent], heads: dict[str, int]
    ) -> tuple[int, dict[str, int], list[KeptKey]]:
        """Store all events, the first at the position returned; or none (0), and return what is elsewhere.

        That is heads, or the keys that are kept of the subjects concerned.
        """
        columns = zip(*((e.originator_id, e.originator_version, e.topic, e.state) for e in events), strict=True)
        keys = [(*key.id, key.wrapped, key.fingerprint) for key in new_keys(events).values()]
        arrays = [*map(list, columns), [UUID(stream) for stream in heads], list(heads.values())]
        arrays += map(list, zip(*keys, strict=True)) if keys else [[]] * 5
        [[first, moved, actual, keyed]] = cursor.execute(self._of(_APPEND), arrays, prepare=True).fetchall()
        elsewhere = {stream.hex: head for stream, head in zip(moved or (), actual or (), strict=True)}
        subjects = {subject for subject, *_ in keys}
        kept = postgres_keys.of_subjects(cursor, self.datastore.schema, subjects) if keyed else []
        return first or 0, elsewhere, kept

    def insert_events(self, stored_events: Append, **kwargs: Any) -> Sequence[int]:
        return append_alone(self, stored_events, kwargs)

    def select_case(self, originator_id: UUID, *, gt: int = 0) -> list[Notification]:
        with self._cursor() as cursor:
            rows = cursor.execute(self._of(_SELECT_CASE), (originator_id, gt), prepare=True).fetchall()
        return [Notification(originator_id, *row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        first = 1 if start is None else start if inclusive_of_start else start + 1
        last = _LARGEST if stop is None else stop
        with self._cursor() as cursor:
            if topics:
                cursor.execute(self._of(_SELECT_TOPICS), (first, last, list(topics), limit), prepare=True)
            else:
                cursor.execute(self._of(_SELECT_LOG), (first, last, limit), prepare=True)
            return [Notification(*row) for row in cursor.fetchall()]

    def select_keys(self, subjects: Collection[str]) -> list[KeptKey]:
        with self._cursor() as cursor:
            return postgres_keys.of_subjects(cursor, self.datastore.schema, subjects)

    def keys_after(self, last: KeyId) -> list[KeptKey]:
        with self._cursor() as cursor:
            return postgres_keys.after(cursor, self.datastore.schema, last)

    def put_key(self, key: KeptKey) -> bool:
        with self._cursor() as cursor:
            return postgres_keys.put(cursor, self.datastore.schema, key)

    def replace_keys(self, wrapped: Mapping[KeptKey, bytes]) -> int:
        with self._cursor() as cursor:
            return postgres_keys.replace(cursor, self.datastore.schema, wrapped)

    def scrub(self) -> None:
        """Old rows are the server's to clear away; what it keeps of them is wrapped by a key that rotates."""

    def select_log(self, after: int, stop: int, limit: int) -> list[LogLine]:
        with self._cursor() as cursor:
            return cursor.execute(self._of(_SELECT_LINES), (after + 1, stop, limit), prepare=True).fetchall()

    def max_notification_id(self) -> int:
        with self._cursor() as cursor:
            [[highest]] = cursor.execute(self._of(_MAX), prepare=True).fetchall()
        return int(highest)

    def reserve_case_numbers(self, day: str, count: int) -> int:
        require_count(count)
        with self._cursor() as cursor:
            [[last]] = cursor.execute(self._of(_RESERVE), (day, count), prepare=True).fetchall()
        return int(last) - count + 1


def _check(connection: Connection[Any]) -> None:
    """Replace a connection that broke while it was idle, so that a restarted database fails only what it was doing.

    On a sound one there is nothing to read; so it costs no round trip. Raises the driver's error otherwise.
    """
    with DefaultSelector() as selector:
        selector.register(connection.fileno(), EVENT_READ)
        has_something_to_say = selector.select(0)
    if has_something_to_say:
        ConnectionPool.check_connection(connection)


class PostgresCaseFactory(PostgresFactory):
    """The library's factory, with our recorder and a whole connection string. Raises `StoreUnusable`."""

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        self._eras = Eras()
        self.datastore.pool = ConnectionPool(
            noticing(self.env[CONNINFO]),
            kwargs={"row_factory": dict_row},
            open=False,
            configure=self._configure,
            check=_check,
            min_size=2,
            max_size=15,
            timeout=float(self.env.get(self.POSTGRES_CONNECT_TIMEOUT) or PATIENCE),
            reconnect_timeout=RECONNECT,
        )

    def _configure(self, connection: Connection[Any]) -> None:
        self.datastore.after_connect_func()(connection)
        notice(connection)
        configure(connection)
        self._eras.see(connection)

    def application_recorder(self) -> PostgresCaseRecorder:
        """The store, readable. What is wrong with address or role is found before a pool waits for connections."""
        role = reach(self.env[CONNINFO])
        try:
            recorder = PostgresCaseRecorder(self.datastore, self._eras)
            recorder.create_table()
            recorder.max_notification_id()
        except ProgrammingError as error:
            self.close()
            if isinstance(error.__cause__, InsufficientPrivilege):
                raise not_granted(role, self.datastore.schema) from error
            raise
        except OperationalError as error:
            self.close()
            raise StoreUnusable(f"数据库连不上（{error}），请核对 BIDAO_DATABASE_URL，并确认数据库在运行。") from error
        return recorder
