"""The whole run can be set to another date, and everything that has a clock is there."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from domain.casework.application import now


def test_the_run_takes_place_when_it_was_set_to(tmp_path: Path) -> None:
    """Else today, as the file system has it, which cannot be told another date."""
    today = datetime.fromtimestamp(tmp_path.stat().st_mtime, UTC)
    expected = os.environ.get("BIDAO_TEST_DATE", f"{today:%Y-%m-%d}")
    assert now().date().isoformat() == expected[:10]


def tell(answers: Connection) -> None:
    """In a process of its own."""
    answers.send(now())


def test_a_spawned_process_is_there_too() -> None:
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    child = spawn.Process(target=tell, args=(theirs,))
    child.start()
    assert abs((ours.recv() - now()).total_seconds()) < 24 * 3600
    child.join()
    child.close()


def test_a_program_of_the_tests_starts_at_the_date_it_is_given() -> None:
    command = [sys.executable, "-c", "import tests; from domain.casework.application import now; print(now())"]
    environment = {**os.environ, "BIDAO_TEST_DATE": "2027-03-01"}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert datetime.fromisoformat(told.strip()).astimezone(UTC).date().isoformat() == "2027-03-01"
