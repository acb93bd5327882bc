"""An operator's terminal: the command line, with one store in its environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer
from typer.testing import CliRunner, Result

from api.__main__ import app as bidao
from api.settings import Settings


@dataclass(frozen=True, slots=True)
class Terminal:
    """Wide enough for every sentence. `settings` name the store, whose files are where `--data` says."""

    settings: Settings

    @property
    def env(self) -> dict[str, str]:
        """The variables that name the store."""
        if self.settings.postgres is None:
            return {"COLUMNS": "200"}
        return {
            "COLUMNS": "200",
            "BIDAO_DATABASE_URL": self.settings.postgres,
            "BIDAO_DATABASE_SCHEMA": self.settings.database_schema,
        }

    def run(self, *words: str | Path, app: typer.Typer = bidao) -> Result:
        return CliRunner().invoke(app, [*map(str, words), "--data", str(self.settings.data)], env=self.env)
