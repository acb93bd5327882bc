"""What the operator is told about settings is what `Settings` says."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic_core import PydanticUndefined

from api.settings import Settings

README = Path(__file__).parents[2] / "README.md"
TOLD = {"registry": "the demonstration registry"}
"""Defaults that are a place in the installation."""


def table() -> str:
    """The table for the README: `python -m tests.api.test_settings_table` prints it."""
    rows = [
        f"| `BIDAO_{name.upper()}` | {_default(name, field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | |", "|---|---|---|", *rows])


def _default(name: str, value: object) -> str:
    if value is None or value == ():
        return ""
    assert value is not PydanticUndefined, f"{name} has no default"
    return f"`{TOLD.get(name, value)}`"


def test_the_readme_lists_every_setting_with_its_default_and_meaning() -> None:
    [written] = re.findall(r"^## Settings\n\n(\|.*?)\n\n", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert written.splitlines() == table().splitlines()


if __name__ == "__main__":
    print(table())  # noqa: T201 - to be put into the README
