"""Where views are kept: in a SQLite file, or in a schema of a PostgreSQL database; and one store with room for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from domain.casework.case_files import CaseFiles
from projections import ALL
from projections.database import Database
from projections.engine import Views
from projections.postgres import PostgresDatabase
from projections.projection import Projection
from projections.sqlite import SQLiteDatabase
from projections.tables import MARK
from tests.casework.stores import StoreKind

SQLITE = ""
"""In place of the address of a PostgreSQL database."""
KINDS = ("sqlite", "postgres")


@dataclass(frozen=True, slots=True)
class Room:
    """Room for the views of one store, which belongs to a folder: a file in it, or a schema of the database at `url`.

    It can be handed to another process and opened there as well.
    """

    folder: Path
    url: str = SQLITE

    def open(self) -> Database:
        if self.url == SQLITE:
            return SQLiteDatabase(self.folder / "views.db", MARK)
        return PostgresDatabase(self.url, self.schema)

    @property
    def schema(self) -> str:
        return f"views_{sha256(str(self.folder).encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Home:
    """One store, and the room for its views."""

    kind: StoreKind
    room: Room

    def files(self) -> CaseFiles:
        """The store; one in memory is another each time."""
        return CaseFiles(env=self.kind.env(self.room.folder))

    def another(self, files: CaseFiles) -> CaseFiles:
        """The same store entered once more, as another process would; one in memory has one door."""
        return files if self.kind.name == "memory" else self.files()

    def views(self, files: CaseFiles, projections: Sequence[type[Projection]] = ALL, **more: Any) -> Views:
        return Views(files, self.room.open(), projections, **more)
