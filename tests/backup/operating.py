"""Whoever saves and restores: the command line, told by environment where the store is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from typer.testing import CliRunner, Result

from api.commands.backup import app
from api.opening import open_case_files
from api.settings import Settings
from domain.casework.backups import line_of, log_of


def bidao(settings: Settings, *words: object) -> Result:
    """One command, under these settings."""
    return CliRunner().invoke(app, [*map(str, words), "--data", str(settings.data)], env=environment(settings))


def environment(settings: Settings) -> Mapping[str, str | None]:
    url = settings.database_url
    return {
        "BIDAO_DATABASE_URL": url.get_secret_value() if url else None,
        "BIDAO_DATABASE_SCHEMA": settings.database_schema,
        "BIDAO_EVIDENCE": str(settings.evidence_folder),
    }


def log(settings: Settings) -> list[bytes]:
    """Every event of a store, as a line."""
    files = open_case_files(settings)
    try:
        return [line_of(row) for row in log_of(files.store, files.store.max_notification_id())]
    finally:
        files.close()


def members(backup: Path) -> dict[str, bytes]:
    """What is in a backup, by name."""
    with ZipFile(backup) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(path: Path, parts: Mapping[str, bytes], method: int = ZIP_DEFLATED) -> None:
    """An archive as anybody can make it."""
    with ZipFile(path, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def left(folder: Path) -> list[str]:
    """The names of the files in a folder; none where there is no folder."""
    return sorted(path.name for path in folder.glob("*"))
