"""The SQLite file the events are kept in: its tables, and how to tell it from other files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from time import sleep

APPLICATION_ID = int.from_bytes(b"BIDA")
SCHEMA_VERSION = 2
TABLES = {
    # The key column is declared, because VACUUM may renumber the rows of a table without one;
    # and it is called rowid, because that is what the library reads.
    "stored_events": """
        CREATE TABLE IF NOT EXISTS stored_events (
            rowid INTEGER PRIMARY KEY,
            originator_id TEXT NOT NULL,
            originator_version INTEGER NOT NULL,
            topic TEXT NOT NULL,
            state BLOB NOT NULL,
            UNIQUE (originator_id, originator_version)
        )""",
    "case_numbers": """
        CREATE TABLE IF NOT EXISTS case_numbers (
            day TEXT PRIMARY KEY,
            last INTEGER NOT NULL
        ) WITHOUT ROWID""",
    "subject_keys": """
        CREATE TABLE IF NOT EXISTS subject_keys (
            subject TEXT NOT NULL,
            retention TEXT NOT NULL,
            generation INTEGER NOT NULL,
            wrapped BLOB NOT NULL,
            fingerprint BLOB NOT NULL,
            PRIMARY KEY (subject, retention, generation)
        ) WITHOUT ROWID""",
}
CREATE = (
    *TABLES.values(),
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
"""Makes an empty file ours; repeating it changes nothing."""


RESTORING = 0
"""The version of a file's format while it is being restored."""
BEFORE_SEALING = 1
"""The version of a store whose personal fields stand there in plain words."""
UNSEALED = "是个人信息还没有密封时的库，本程序不打开：里面的姓名、电话都是明文。请另建新库，旧库由原来的程序查阅。"
BROKE_OFF = "上次恢复没有做完，请再运行同一条 bidao restore。"


class StoreUnusable(Exception):
    """The file or database cannot serve as the event store. Carries a Chinese sentence that says why and what to do."""


@contextmanager
def opening(name: str) -> Iterator[None]:
    """Turn the driver's errors into `StoreUnusable`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StoreUnusable(f"数据文件 {name} 打不开（{error}），请检查路径、权限和是否被占用。") from error
    except sqlite3.DatabaseError as error:
        raise StoreUnusable(f"数据文件 {name} 已损坏或不是数据库（{error}），请从备份恢复。") from error


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the journal; whoever opens the file next sees whether it worked.

    Of processes that do so at once, all but one are told "locked" without any waiting: try again.
    """
    for _ in range(50):
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
            return
        sleep(0.02)


def is_complete(name: str) -> bool:
    """Whether the file is a store of ours (true) or new (false); any other raises `StoreUnusable`, unchanged.

    A new file is set to write-ahead logging. A file cut short or overwritten at its start is found
    here; damage in the middle is not, that takes a reading of the whole (`PRAGMA integrity_check`).
    """
    with opening(name), closing(sqlite3.connect(name, uri=True, isolation_level=None)) as connection:
        connection.execute("BEGIN")  # one look at all three, while another process may be creating them
        [mark] = connection.execute("PRAGMA application_id").fetchone()
        [schema] = connection.execute("PRAGMA user_version").fetchone()
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        connection.execute("COMMIT")
        if not mark and not tables:
            _write_ahead(connection)
            return False
    if mark != APPLICATION_ID:
        raise StoreUnusable(f"数据文件 {name} 不是必到的事件库，其中已有别的内容，请另指定文件。")
    if schema == BEFORE_SEALING:
        raise StoreUnusable(f"数据文件 {name} {UNSEALED}")
    if schema == RESTORING:
        raise StoreUnusable(f"数据文件 {name} 里{BROKE_OFF}")
    if schema != SCHEMA_VERSION:
        raise StoreUnusable(f"数据文件 {name} 的格式是第 {schema} 版，本程序只认第 {SCHEMA_VERSION} 版。")
    if missing := TABLES.keys() - tables:
        raise StoreUnusable(f"数据文件 {name} 缺少数据表 {'、'.join(sorted(missing))}，请从备份恢复。")
    return True
