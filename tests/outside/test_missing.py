"""A judge whose tool is not there is named, and `make judges` fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.outside import __main__ as judges
from tests.outside import judging


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No program on the path, no environment of the judges."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(judging, "ENVIRONMENT", tmp_path / "python")


@pytest.mark.parametrize(
    ("judge", "tool"),
    [
        ("go-logs", "没有 go"),
        ("pymerkle-trees", "没有 pymerkle"),
        ("stamps", "没有 openssl"),
        ("mining", "没有 pm4py"),
    ],
)
def test_it_is_named_and_fails(judge: str, tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert judges.main([judge]) == 1
    assert capsys.readouterr().err.startswith(f"{judge}: {tool}")
