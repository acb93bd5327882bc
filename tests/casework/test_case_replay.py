"""重演 of random legal histories: "known" knows nothing of what came later, "corrected" all that was corrected."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from domain.casework.case_clocks import case_clocks
from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.casework.case_replay import ONLY_FILED, Reading, Replay, ReplayStep, replayed
from domain.casework.moments import moments
from domain.casework.recording import RecordedEvent
from domain.clocks import Clocks
from domain.incident.commands import BY_NAME
from domain.incident.events import CorrectionGranted
from domain.incident.events.duplicates import OnPrimary
from domain.incident.traits import before
from tests.histories import clocks_of, history, streams

SEEDS = range(6)
Lines = list[RecordedEvent]


@cache
def cases() -> tuple[tuple[Lines, Clocks], ...]:
    found = []
    for seed in SEEDS:
        events = history(seed)
        clocks = clocks_of(seed, events)
        found += [(lines, clocks) for lines in streams(CaseFiles(env=MEMORY_ENV), events).values()]
    return tuple(found)


@cache
def replays(how: Reading) -> tuple[Replay, ...]:
    return tuple(replayed(lines, clocks, {}, how) for lines, clocks in cases())


def pairs(how: Reading) -> Iterator[tuple[RecordedEvent, ReplayStep]]:
    for (lines, _), replay in zip(cases(), replays(how), strict=True):
        yield from zip(lines, replay.steps, strict=True)


def applied(replay: Replay) -> dict[str, JsonValue]:
    """What the differences make, each checked to go on from what the one before it left."""
    state: dict[str, Any] = to_jsonable_python(before())
    for step in replay.steps:
        for change in step.changes:
            assert state.get(change.field) == change.before, (replay.incident_id, step.version, change)
            state[change.field] = change.after
    return {field: value for field, value in state.items() if value is not None}


@pytest.mark.parametrize("how", Reading)
def test_the_differences_in_order_make_the_case_as_it_stands(how: Reading) -> None:
    for (lines, _), replay in zip(cases(), replays(how), strict=True):
        assert applied(replay) == to_jsonable_python(moments(lines, lines)[-1].traits)


def test_as_known_then_nothing_is_known_of_what_came_later() -> None:
    for (lines, clocks), replay in zip(cases(), replays(Reading.KNOWN), strict=True):
        for cut in {1, len(lines) // 2, len(lines) - 1} - {0}:
            assert replayed(lines[:cut], clocks, {}, Reading.KNOWN).steps == replay.steps[:cut]
    marks = [change for _, step in pairs(Reading.KNOWN) for change in step.changes if change.corrected_by]
    assert marks == []


def test_the_control_as_corrected_since_something_is() -> None:
    differing = 0
    for (lines, clocks), replay in zip(cases(), replays(Reading.CORRECTED), strict=True):
        cut = len(lines) // 2 or 1
        differing += replayed(lines[:cut], clocks, {}, Reading.CORRECTED).steps != replay.steps[:cut]
    assert differing > 10


def test_a_corrected_value_says_who_corrected_it_and_what_was_recorded() -> None:
    for known, corrected in zip(replays(Reading.KNOWN), replays(Reading.CORRECTED), strict=True):
        granted = {step.version for step in known.steps if step.type == "incident.correction_granted"}
        recorded = {(step.version, one.field): one.after for step in known.steps for one in step.changes}
        for step in corrected.steps:
            for change in step.changes:
                if change.corrected_by is None:
                    assert change.recorded is None
                    continue
                assert change.corrected_by in granted
                assert change.corrected_by > step.version
                assert change.after != change.recorded
                assert recorded.get((step.version, change.field)) == change.recorded
                assert step.version in corrected.steps[change.corrected_by - 1].corrects


def test_what_a_correction_changes_is_marked_where_it_was_written() -> None:
    """Unless a later correction changes it once more; then it is that one's."""
    marked = 0
    for (lines, _), replay in zip(cases(), replays(Reading.CORRECTED), strict=True):
        corrections = [line for line in lines if isinstance(line.event, CorrectionGranted)]
        if len(corrections) != 1:
            continue
        [line] = corrections
        assert isinstance(line.event, CorrectionGranted)
        by = {(step.version, one.field): one for step in replay.steps for one in step.changes if one.corrected_by}
        if line.event.was.kind is not line.event.standing.kind:
            assert by[1, "standing/kind"].after == line.event.standing.kind.value
            assert by[1, "standing/kind"].recorded == line.event.was.kind.value
            marked += 1
    assert marked


def test_every_step_says_what_it_changed_or_that_it_changed_nothing() -> None:
    for _, step in pairs(Reading.KNOWN):
        assert (step.note == ONLY_FILED) == (step.changes == ())


def test_every_step_was_allowed_in_the_stage_its_command_found() -> None:
    for lines, _ in cases():
        for line, moment in zip(lines, moments(lines, lines)[1:], strict=True):
            if not isinstance(line.event, OnPrimary) and moment.stage_before is not None:
                assert moment.stage_before in BY_NAME[line.command].stages, (line.command, moment.stage_before)


def test_as_known_then_the_clocks_are_those_the_service_answered_with() -> None:
    for (lines, clocks), replay in zip(cases(), replays(Reading.KNOWN), strict=True):
        for nth, step in enumerate(replay.steps, start=1):
            told = case_clocks(lines[:nth], clocks, step.recorded_at, {}).clocks
            running = {(one.clock, one.cycle, one.nth): (one.light, one.due_at) for one in told if one.running}
            shown = {(one.clock, one.cycle, one.nth): (one.light, one.due_at) for one in step.clocks}
            assert running.items() <= shown.items()
            stopped = [one for one in step.clocks if (one.clock, one.cycle, one.nth) not in running]
            assert all(one.stopped_at is not None or "停住" not in one.left for one in stopped)


def test_what_is_left_fits_the_light_and_the_due_time() -> None:
    seen = set()
    for how in Reading:
        for _, step in pairs(how):
            for clock in step.clocks:
                at = min(step.clocks_at, clock.stopped_at or step.clocks_at)
                assert (clock.left_seconds is None) == (clock.due_at is None) == (clock.light == "undetermined")
                if clock.due_at is not None and clock.left_seconds is not None:
                    assert (clock.left_seconds < 0) == (at > clock.due_at) == (clock.light == "red")
                    assert clock.left_seconds <= max((clock.due_at - at).total_seconds(), 0) + 1
                seen.add(clock.light)
    assert seen == {"green", "yellow", "red", "undetermined"}
