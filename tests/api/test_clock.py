"""bidao clock: a due time at the command line, for people and for machines."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from api.__main__ import app
from tests.clocks.limits import WITH_2027

ASKED = ("--kind", "work_hours", "--limit", "4")
FRIDAY = ("--start", "2026-02-13T16:20+08:00")


def clock(*words: str) -> Result:
    return CliRunner().invoke(app, ["clock", *words])


def told(*words: str) -> dict[str, object]:
    """The answer for machines."""
    answer = clock(*words, "--json")
    assert answer.exit_code == 0, answer.output
    found: dict[str, object] = orjson.loads(answer.stdout)
    return found


COUNTED = {
    "due": "2026-02-14T10:20:00+08:00",
    "intervals": [
        ["2026-02-13T16:20:00+08:00", "2026-02-13T18:00:00+08:00", 6000],
        ["2026-02-14T08:00:00+08:00", "2026-02-14T10:20:00+08:00", 8400],
    ],
}


@pytest.mark.parametrize("start", ["2026-02-13T16:20+08:00", "2026-02-13T08:20Z", "2026-02-13 16:20"])
def test_for_machines_the_due_time_and_the_intervals(start: str) -> None:
    """A time without a zone is that of Shanghai."""
    assert told(*ASKED, "--start", start) == COUNTED


def test_for_people_every_day_and_the_running_sum() -> None:
    answer = clock(*ASKED, *FRIDAY)
    assert answer.exit_code == 0
    lines = answer.stdout.splitlines()
    assert lines[2:4] == [
        "2026-02-13 周五　16:20–18:00　计1小时40分钟，累计1小时40分钟",
        "2026-02-14 周六（调休上班）　08:00–10:20　计2小时20分钟，累计4小时",
    ]
    assert lines[-1] == "到期：2026-02-14（周六）10:20"


def test_suspensions_are_left_out() -> None:
    pauses = (
        "--pause",
        "2026-02-13T17:00/2026-02-24T09:00",
        "--pause",
        "2026-02-24T10:00+08:00/2026-02-24T11:00+08:00",
    )
    assert told(*ASKED, *FRIDAY, *pauses)["due"] == "2026-02-24T15:20:00+08:00"


def test_what_is_undetermined_is_null_and_said() -> None:
    late = (*ASKED, "--start", "2026-12-31T15:00")
    assert told(*late) == {
        "due": None,
        "intervals": [["2026-12-31T15:00:00+08:00", "2026-12-31T18:00:00+08:00", 10800]],
    }
    assert "未定。2027年的工作日历尚未公布" in clock(*late).stdout


def test_a_calendar_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "cn-2027.json"
    file.write_text(WITH_2027.model_dump_json(), encoding="utf-8")
    late = (*ASKED, "--start", "2026-12-31T15:00", "--calendar", str(file))
    assert told(*late)["due"] == "2027-01-04T09:00:00+08:00"
    assert "按工作日历cn-2027" in clock(*late).stdout


def test_the_calendar_of_a_store(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["demo", "--data", str(tmp_path)]).exit_code == 0
    assert told(*ASKED, *FRIDAY, "--data", str(tmp_path)) == COUNTED


@pytest.mark.parametrize(
    "words",
    [
        (*ASKED, "--start", "昨天"),
        (*ASKED, "--start", "0001-01-01T00:00"),
        ("--kind", "weeks", "--limit", "4", *FRIDAY),
        ("--kind", "work_hours", "--limit", "0", *FRIDAY),
        ("--kind", "work_hours", "--limit", "nan", *FRIDAY),
        (*ASKED, *FRIDAY, "--pause", "2026-02-13T17:00"),
        (*ASKED, *FRIDAY, "--pause", "2026-02-13T17:00/2026-02-13T17:00"),
        (*ASKED, *FRIDAY, "--calendar", "no-such-file.json"),
        (*ASKED, *FRIDAY, "--calendar", "pyproject.toml"),
        (*ASKED, *FRIDAY, "--calendar", "pyproject.toml", "--data", "domain"),
        (*ASKED, *FRIDAY, "--data", "domain"),
    ],
)
def test_what_is_asked_wrongly_is_a_usage_error(words: tuple[str, ...]) -> None:
    answer = clock(*words)
    assert answer.exit_code == 2, answer.output
    assert "Traceback" not in answer.output
    assert not Path("domain/events.db").exists()


def test_what_is_wrong_is_said_in_chinese() -> None:
    answer = clock("--kind", "work_hours", "--limit", "-4", *FRIDAY)
    assert answer.stderr.startswith("--limit：/amount　应大于 0")
