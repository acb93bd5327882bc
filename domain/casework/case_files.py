"""The events of one store with our codec and its subjects' keys, and the settings that open each kind of store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast
from uuid import UUID

from eventsourcing.application import Application

from domain.casework.evidence_files import EvidenceFiles
from domain.casework.kept_keys import BEFORE_ALL
from domain.casework.key_encryption import KeysInFile, KeysInMemory, Wrapping, WrappingUnusable
from domain.casework.keyring import Keyring
from domain.casework.recorders import CaseRecorder
from domain.casework.sealed_lines import CaseMapper

KEY_FILE = "KEY_FILE"
"""Our addition to the library's settings: where the key-encryption keys of a store are."""
EVIDENCE_FOLDER = "EVIDENCE_FOLDER"
"""Another: the folder of its evidence files."""
IN_MEMORY = KeysInMemory()
"""Of the stores that forget everything with the process."""
MEMORY_ENV = {"PERSISTENCE_MODULE": "domain.casework.recorders:MemoryCaseFactory"}


class CaseFiles(Application[UUID]):
    """The library's application with our codec; recorder and factory are chosen by `env`.

    `wrapping` is what the keys of subjects are wrapped by; left out, the file that `env` names, made if the store is
    new. Raises `WrappingUnusable`.
    """

    env = {"MAPPER_TOPIC": "domain.casework.sealed_lines:CaseMapper"}  # noqa: RUF012 - the library's own way

    def __init__(self, env: Mapping[str, str] | None = None, wrapping: Wrapping | None = None) -> None:
        super().__init__(env)
        folder = self.env.get(EVIDENCE_FOLDER)
        self.evidence = EvidenceFiles(Path(folder) if folder else None)
        try:
            self.keyring = Keyring(self.store, wrapping or self._wrapping())
        except WrappingUnusable:
            self.close()
            raise
        self.lines.keyring = self.keyring

    def close(self) -> None:
        super().close()
        self.evidence.close()

    def _wrapping(self) -> Wrapping:
        path = self.env.get(KEY_FILE)
        if path is None:
            return IN_MEMORY
        return KeysInFile(Path(path), make=not self.store.keys_after(BEFORE_ALL), store=self.store.place)

    @property
    def store(self) -> CaseRecorder:
        return cast(CaseRecorder, self.recorder)

    @property
    def lines(self) -> CaseMapper:
        return cast(CaseMapper, self.mapper)


def sqlite_env(path: str, key_file: str | None = None, evidence: str | None = None) -> dict[str, str]:
    """Settings for case files in one SQLite file; its key file and the evidence are beside it unless named."""
    return {
        "PERSISTENCE_MODULE": "eventsourcing.sqlite",
        "SQLITE_DBNAME": path,
        "APPLICATION_RECORDER_TOPIC": "domain.casework.sqlite:SQLiteCaseRecorder",
        KEY_FILE: key_file or str(Path(path).with_name("kek.key")),
        EVIDENCE_FOLDER: evidence or str(Path(path).parent / "evidence"),
    }


def postgres_env(url: str, key_file: str, evidence: str | None = None) -> dict[str, str]:
    """Settings for case files in a PostgreSQL database, reached by a connection string of any form libpq takes.

    The evidence is beside the key file unless it is named.
    """
    return {
        "PERSISTENCE_MODULE": "domain.casework.postgres:PostgresCaseFactory",
        "POSTGRES_CONNINFO": url,
        # The library wants these; the string above is what counts.
        **dict.fromkeys(("POSTGRES_DBNAME", "POSTGRES_HOST", "POSTGRES_USER", "POSTGRES_PASSWORD"), ""),
        KEY_FILE: key_file,
        EVIDENCE_FOLDER: evidence or str(Path(key_file).parent / "evidence"),
    }
