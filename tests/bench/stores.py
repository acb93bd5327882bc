"""Where contenders keep their events: each in a place of its own, a folder's files or a database of one server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import ClassVar, Protocol
from uuid import UUID, uuid4

import psycopg
from eventsourcing.application import Application
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Composable, Identifier
from pydantic import SecretStr

from api.opening import open_case_files
from api.settings import Settings
from domain.casework.case_files import CaseFiles
from projections.database import Database
from projections.engine import Views
from projections.postgres import PostgresDatabase
from tests.bench.floors import Bare, BarePostgres, BareSQLite
from tests.bench.library import library, postgres_library
from tests.bench.measuring import Size


@dataclass(frozen=True, slots=True)
class Place:
    """Room for one contender. It can be handed to another process and opened there as well."""

    folder: Path
    url: str | None = None

    @property
    def settings(self) -> Settings:
        """The service's own, and the header that says who asks."""
        url = SecretStr(self.url) if self.url else None
        registry = self.folder / "registry.json"
        return Settings(data=self.folder, database_url=url, registry=registry, header_identity=True)

    def case_files(self) -> CaseFiles:
        return open_case_files(self.settings)

    def views_kept(self) -> Database | Path:
        """Where the service keeps its views."""
        return PostgresDatabase(self.url, self.settings.views_schema) if self.url else self.settings.views_db

    def views(self, files: CaseFiles, page: int = 1000) -> Views:
        return Views(files, self.views_kept(), page=page)

    def library(self) -> Application[UUID]:
        return postgres_library(self.url) if self.url else library(self.folder / "library.db")

    def bare(self) -> Bare:
        """A bare connection to the case files in this place, or else to the same table."""
        return BarePostgres(self.url) if self.url else BareSQLite(self.settings.events_db)


class Store(Protocol):
    """One kind of database."""

    kind: ClassVar[str]
    shared: ClassVar[bool]
    """Whether several processes serve it."""

    def place(self) -> AbstractContextManager[Place]:
        """A new, empty place that is gone after the block."""

    def copy(self, place: Place) -> AbstractContextManager[Place]:
        """The same as another place, which nobody has open, for as long as the block lasts."""


@dataclass(frozen=True, slots=True)
class SQLiteStore:
    folder: Path
    kind: ClassVar[str] = "SQLite"
    shared: ClassVar[bool] = False

    @contextmanager
    def place(self) -> Iterator[Place]:
        with _folder(self.folder) as folder:
            yield Place(folder)

    @contextmanager
    def copy(self, place: Place) -> Iterator[Place]:
        with _folder(self.folder) as folder:
            shutil.copytree(place.folder, folder, dirs_exist_ok=True)
            yield Place(folder)


@dataclass(frozen=True, slots=True)
class PostgresStore:
    """`server` is the address of a role that may create databases."""

    folder: Path
    server: str
    kind: ClassVar[str] = "PostgreSQL"
    shared: ClassVar[bool] = True

    @contextmanager
    def place(self) -> Iterator[Place]:
        with _folder(self.folder) as folder, self._database(SQL("")) as url:
            yield Place(folder, url)

    @contextmanager
    def copy(self, place: Place) -> Iterator[Place]:
        template = Identifier(str(conninfo_to_dict(place.url or "")["dbname"]))
        like = SQL(" TEMPLATE {} STRATEGY file_copy").format(template)
        with _folder(self.folder) as folder, self._database(like) as url:
            shutil.copytree(place.folder, folder, dirs_exist_ok=True)
            yield Place(folder, url)

    @contextmanager
    def _database(self, like: Composable) -> Iterator[str]:
        name = f"bidao_bench_{uuid4().hex}"
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)) + like)
            try:
                yield make_conninfo(self.server, dbname=name)
            finally:
                connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measurement is given. `folder` is deleted after the run."""

    size: Size
    seed: int
    folder: Path
    stores: tuple[Store, ...]

    @property
    def variants(self) -> list[tuple[Store, int]]:
        """Each store with one process, and those that serve several with two as well."""
        several = [(store, 2) for store in self.stores if store.shared]
        return [*((store, 1) for store in self.stores), *several]

    def rnd(self) -> Random:
        """A fresh source of the run's seed: what is drawn does not depend on what was measured before."""
        return Random(self.seed)


@contextmanager
def _folder(within: Path) -> Iterator[Path]:
    folder = Path(mkdtemp(dir=within))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
