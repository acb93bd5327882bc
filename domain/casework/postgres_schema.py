"""The PostgreSQL schema the events are kept in: its tables and functions, and how to tell it from others.

Every INSERT into `stored_events`, by whatever means, first waits for its turn (an advisory lock held
until its commit is visible) and then continues the numbers without a gap. So a reader who follows
the positions misses nothing, and the role of the service needs no more than INSERT and SELECT.
"""

from __future__ import annotations

from typing import Any

from psycopg import Cursor
from psycopg.sql import SQL, Composed, Identifier, Literal

from domain.casework import store_file
from domain.casework.store_file import BROKE_OFF, UNSEALED, StoreUnusable

SCHEMA_VERSION = 2
MARK = f"bidao {SCHEMA_VERSION}"
"""The comment on the table of events, by which a store of ours is known."""
RESTORING = "bidao restoring"
"""The comment on a table of that name while the store is being restored."""
BEFORE_SEALING = f"bidao {store_file.BEFORE_SEALING}"
OLDEST_SERVER = 150000
SERVICE_MAY = {
    "stored_events": ("SELECT", "INSERT (originator_id, originator_version, topic, state)"),
    "case_numbers": ("SELECT", "INSERT", "UPDATE"),
    "store_secret": ("SELECT", "INSERT"),
    "subject_keys": ("SELECT", "INSERT", "UPDATE (wrapped)"),
}
"""Every table of the store, and all that the role of the service may do with it."""
TABLES = tuple(SERVICE_MAY)
_TURN = int.from_bytes(b"BIDA")
"""First half of the lock's key; the second is the table, so that stores of one database do not wait for each other."""
_MAKING = int.from_bytes(b"BIDM")
"""The same of the lock under which a store is made; the second half is its schema: it has no table yet."""

_FENCE = (
    """CREATE OR REPLACE FUNCTION {schema}.refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS {refusal}""",
    """CREATE OR REPLACE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.stored_events
        FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change()""",
    "ALTER TABLE {schema}.stored_events ENABLE ALWAYS TRIGGER refuse_change",
)
REFUSAL = """
    BEGIN
        RAISE EXCEPTION 'events are only ever added' USING ERRCODE = 'insufficient_privilege';
    END """
"""What the trigger does whenever events would be changed."""
_CREATE = (
    # IF NOT EXISTS would ask for the right to create even where there is nothing to create.
    "DO $$ BEGIN IF to_regnamespace({name}) IS NULL THEN CREATE SCHEMA {schema}; END IF; END $$",
    """CREATE TABLE {schema}.stored_events (
        notification_id BIGINT GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME {schema}.stored_events_position) UNIQUE,
        originator_id UUID NOT NULL,
        originator_version BIGINT NOT NULL,
        topic TEXT NOT NULL,
        state BYTEA NOT NULL,
        PRIMARY KEY (originator_id, originator_version)
    )""",
    "CREATE TABLE {schema}.case_numbers (day TEXT PRIMARY KEY, last BIGINT NOT NULL)",
    "CREATE TABLE {schema}.store_secret (only_row INT PRIMARY KEY CHECK (only_row = 1), fingerprint BYTEA NOT NULL)",
    """CREATE TABLE {schema}.subject_keys (
        subject TEXT COLLATE "C" NOT NULL,
        retention TEXT COLLATE "C" NOT NULL,
        generation INTEGER NOT NULL,
        wrapped BYTEA NOT NULL,
        fingerprint BYTEA NOT NULL,
        PRIMARY KEY (subject, retention, generation)
    )""",
    # A sequence alone leaves a gap after each rollback and crash. The second query sees what was
    # committed while the first waited.
    """CREATE FUNCTION {schema}.take_turn() RETURNS TRIGGER LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock({turn}, TG_RELID::INTEGER);
        PERFORM setval({sequence}, coalesce(max(notification_id), 0) + 1, FALSE) FROM {schema}.stored_events;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER take_turn BEFORE INSERT ON {schema}.stored_events
        FOR EACH STATEMENT EXECUTE FUNCTION {schema}.take_turn()""",
    *_FENCE,
    # Stores nothing and tells the heads that are elsewhere, unless each of the streams in `known` has the head
    # given for it. Looks up each by its index, whatever the size of the table was when this was planned.
    # Nor does it where another key is kept in the place of one that comes with the events (`keyed`).
    """CREATE FUNCTION {schema}.append_events(
        streams UUID[], versions BIGINT[], topics TEXT[], states BYTEA[], known UUID[], heads BIGINT[],
        subjects TEXT[] DEFAULT '{{}}', retentions TEXT[] DEFAULT '{{}}', generations INTEGER[] DEFAULT '{{}}',
        wraps BYTEA[] DEFAULT '{{}}', fingerprints BYTEA[] DEFAULT '{{}}',
        OUT first BIGINT, OUT moved UUID[], OUT actual BIGINT[], OUT keyed BOOLEAN
    ) LANGUAGE plpgsql SET lock_timeout = '5s' AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock({turn}, {table}::regclass::oid::INTEGER);
        SELECT array_agg(e.stream), array_agg(coalesce(s.head, 0)) INTO moved, actual
        FROM unnest(known, heads) e(stream, head) LEFT JOIN LATERAL (
            SELECT originator_version AS head FROM {schema}.stored_events
            WHERE originator_id = e.stream ORDER BY originator_version DESC LIMIT 1) s ON TRUE
        WHERE coalesce(s.head, 0) <> e.head;
        IF moved IS NOT NULL THEN
            RETURN;
        END IF;
        IF cardinality(subjects) > 0 THEN
            keyed := EXISTS (
                SELECT FROM unnest(subjects, retentions, generations, wraps) k(subject, retention, generation, wrapped)
                JOIN {schema}.subject_keys s USING (subject, retention, generation) WHERE s.wrapped <> k.wrapped);
            IF keyed THEN
                RETURN;
            END IF;
            INSERT INTO {schema}.subject_keys
            SELECT * FROM unnest(subjects, retentions, generations, wraps, fingerprints) ON CONFLICT DO NOTHING;
        END IF;
        WITH placed AS (
            INSERT INTO {schema}.stored_events (originator_id, originator_version, topic, state)
            SELECT stream, version, topic, state
            FROM unnest(streams, versions, topics, states) WITH ORDINALITY e(stream, version, topic, state, place)
            ORDER BY place RETURNING notification_id
        ) SELECT min(notification_id) INTO first FROM placed;
        PERFORM pg_notify('stored_events', (first + cardinality(topics) - 1)::TEXT);
    END $$""",
    "COMMENT ON TABLE {schema}.stored_events IS {mark}",
)
_GRANTS = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    *(f"GRANT {may} ON {{schema}}.{table} TO {{role}}" for table, deeds in SERVICE_MAY.items() for may in deeds),
    # The rest is everybody's, unless it has been taken from them. Views are built in temporary tables.
    "GRANT EXECUTE ON FUNCTION {schema}.append_events TO {role}",
    """DO $$ BEGIN
        IF NOT has_database_privilege({grantee}, current_database(), 'TEMPORARY') THEN
            EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), {grantee});
        END IF;
    END $$""",
)
_LOOK = SQL("""
    SELECT current_setting('server_version_num')::INTEGER AS server,
        current_setting('synchronous_commit') = 'off' OR current_setting('fsync') = 'off' AS forgetful,
        current_setting('server_encoding') AS encoding,
        obj_description(to_regclass({table}), 'pg_class') AS mark,
        ARRAY(SELECT tablename::TEXT FROM pg_tables
            WHERE schemaname = {name} AND tablename = ANY({tables})) AS tables""")


def _filled(schema: str, template: Any, **more: Identifier | Literal) -> Composed:
    return SQL(template).format(
        schema=Identifier(schema),
        name=Literal(Identifier(schema).as_string()),
        table=Literal(table_name(schema)),
        sequence=Literal(f"{Identifier(schema).as_string()}.stored_events_position"),
        turn=Literal(_TURN),
        mark=Literal(MARK),
        refusal=Literal(REFUSAL),
        **more,
    )


def table_name(schema: str) -> str:
    """The table of events, quoted and qualified."""
    return f"{Identifier(schema).as_string()}.stored_events"


def create_statements(schema: str) -> list[Composed]:
    """Make an empty schema ours; all in one transaction."""
    return [_filled(schema, template) for template in _CREATE]


def fence_statements(schema: str) -> list[Composed]:
    """The trigger that refuses every change of an event, whoever asks for it: made, or made right again."""
    return [_filled(schema, template) for template in _FENCE]


def grant_statements(schema: str, role: str) -> list[Composed]:
    """What the service's own role may do: add events and read them, never choose a position, change or delete."""
    return [_filled(schema, template, role=Identifier(role), grantee=Literal(role)) for template in _GRANTS]


def not_granted(role: str, schema: str) -> StoreUnusable:
    """What a role is told that may not do what `grant_statements` allow."""
    return StoreUnusable(f"数据库账号 {role} 在模式 {schema} 里权限不足：{remedy(role)}。")


def remedy(role: str) -> str:
    """How it comes by its rights."""
    return f"请把 BIDAO_DATABASE_URL 换成建库账号的地址，运行一次 bidao grant {role}"


def wait_for_turn(cursor: Cursor[Any], schema: str) -> None:
    """Of processes that open a new store at once, one creates it and the others wait for its commit."""
    cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_MAKING, schema))


def is_complete(cursor: Cursor[Any], schema: str) -> bool:
    """Whether the schema holds a store of ours (true) or none of its tables (false); otherwise `StoreUnusable`.

    So it is, too, on a server that is too old or set to forget what it has acknowledged, and in a database whose
    encoding is not that of the events.
    """
    look = _LOOK.format(table=Literal(table_name(schema)), name=Literal(schema), tables=Literal(list(TABLES)))
    [found] = cursor.execute(look).fetchall()
    if found["server"] < OLDEST_SERVER:
        raise StoreUnusable(f"PostgreSQL 版本过低（{found['server'] // 10000}），需要 15 或更新的版本。")
    if found["forgetful"]:
        raise StoreUnusable("PostgreSQL 的 synchronous_commit 或 fsync 是 off，断电会丢失已答复的数据，请改为 on。")
    if found["encoding"] != "UTF8":
        raise StoreUnusable(f"数据库的编码是 {found['encoding']}，存不全汉字，请另建一个 ENCODING 'UTF8' 的数据库。")
    if not found["tables"]:
        return False
    if found["mark"] is None or not found["mark"].startswith("bidao "):
        raise StoreUnusable(f"数据库模式 {schema} 里的数据表不是必到的事件库，请另指定数据库。")
    if found["mark"] == RESTORING:
        raise StoreUnusable(f"数据库模式 {schema} 里{BROKE_OFF}")
    if found["mark"] == BEFORE_SEALING:
        raise StoreUnusable(f"数据库模式 {schema} {UNSEALED}")
    if found["mark"] != MARK:
        version = found["mark"].removeprefix("bidao ")
        raise StoreUnusable(f"数据库模式 {schema} 的格式是第 {version} 版，本程序只认第 {SCHEMA_VERSION} 版。")
    if missing := set(TABLES) - set(found["tables"]):
        raise StoreUnusable(f"数据库模式 {schema} 缺少数据表 {'、'.join(sorted(missing))}，请从备份恢复。")
    return True
