"""盲索引 as it is kept beside the views: tokens, subjects and cases, and which index key they were made with.

A generation of rows belongs to one index key (`domain.casework.index_keys`). Another key begins another generation,
beside the one that is read, which then goes: a piece at a time, overwritten where the file is our own.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from domain.casework.index_keys import IndexKey
from projections.database import Database, Transaction
from projections.mentions import Changes, Mention

PIECE = 5_000
"""Rows that go in one transaction."""
State = Literal["building", "ready", "leaving"]
_PAGE = "blind_index page"
_INSERT = f'INSERT INTO blind_index SELECT * FROM "{_PAGE}" WHERE true ON CONFLICT DO NOTHING'
_DELETE = 'DELETE FROM blind_index WHERE generation = ? AND token = ? AND subject = ? AND "case" = ?'


class Stand(NamedTuple):
    """How far a generation has come, and by which key."""

    fingerprint: str
    position: int
    state: State


class IndexTables:
    """In a database of views. Everything here raises `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def stands(self, transaction: Transaction) -> dict[int, Stand]:
        """By generation; none where there is no index yet."""
        if "blind_index_stands" not in transaction.relations():
            return {}
        rows = transaction.execute("SELECT generation, fingerprint, position, state FROM blind_index_stands")
        return {generation: Stand(*stand) for generation, *stand in rows}

    def begin(self, key: IndexKey) -> None:
        """An empty generation, unless somebody was faster."""
        text, integer = self.database.dialect.text, self.database.dialect.integer
        with self.database.writing() as transaction:
            if "blind_index" not in transaction.relations():
                transaction.execute(f"""
                    CREATE TABLE blind_index (
                        generation {integer}, token {text}, subject {text}, "case" {text},
                        PRIMARY KEY (generation, token, subject, "case")
                    ){self.database.dialect.clustered}""")
                transaction.execute("CREATE INDEX blind_index_subject ON blind_index (subject)")
                transaction.execute(f"""
                    CREATE TABLE blind_index_stands (
                        generation {integer} PRIMARY KEY, fingerprint TEXT, position {integer}, state TEXT
                    )""")
            transaction.execute(
                "INSERT INTO blind_index_stands VALUES (?, ?, 0, 'building') ON CONFLICT DO NOTHING",
                (key.generation, key.fingerprint),
            )

    def advance(self, key: IndexKey, before: Stand, after: Stand, changes: Changes) -> bool:
        """Merge what a page brings; false where another process was faster."""
        with self.database.writing() as transaction:
            if self.stands(transaction).get(key.generation) != before:
                return False
            transaction.overwrite()
            for subject in changes.forgotten:
                transaction.execute("DELETE FROM blind_index WHERE subject = ?", (subject,))
            for one in changes.gone:
                transaction.execute(_DELETE, _row(key, one))
            if rows := sorted({_row(key, one) for one in changes.come}):
                transaction.load(_PAGE, "SELECT * FROM blind_index", rows)
                transaction.execute(_INSERT)
            _note(transaction, key.generation, after)
        return True

    def leave(self, generation: int, stand: Stand) -> bool:
        """Take a piece of a generation away that nobody is to read any more; whether anything may be left of it."""
        with self.database.writing() as transaction:
            if self.stands(transaction).get(generation) not in (stand, stand._replace(state="leaving")):
                return True
            transaction.overwrite()
            bound = transaction.execute(
                "SELECT token FROM blind_index WHERE generation = ? ORDER BY token LIMIT 1 OFFSET ?",
                (generation, PIECE),
            ).fetchone()
            if bound is not None:
                transaction.execute(
                    "DELETE FROM blind_index WHERE generation = ? AND token <= ?", (generation, bound[0])
                )
                _note(transaction, generation, stand._replace(state="leaving"))
                return True
            transaction.execute("DELETE FROM blind_index WHERE generation = ?", (generation,))
            transaction.execute("DELETE FROM blind_index_stands WHERE generation = ?", (generation,))
        return False


def _row(key: IndexKey, one: Mention) -> tuple[int, str, str, str]:
    return key.generation, key.token(one.kind, one.value), one.subject, one.case


def _note(transaction: Transaction, generation: int, stand: Stand) -> None:
    transaction.execute(
        "UPDATE blind_index_stands SET fingerprint = ?, position = ?, state = ? WHERE generation = ?",
        (*stand, generation),
    )
