"""Up to which event a store had come at a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

import orjson
import pytest

from domain.casework.recorders import CaseRecorder
from projections.looking_back import LEEWAY, position_at, then
from tests.casework.stores import event, memory_store
from tests.rules.scene import MORNING


def at(moments: Sequence[datetime]) -> CaseRecorder:
    """A store of events recorded then."""
    recorder = memory_store()
    for moment in moments:
        recorder.insert_events([event(uuid4(), 1, orjson.dumps({"recorded_at": moment.isoformat()}))])
    return recorder


@pytest.mark.parametrize("seed", range(40))
def test_a_moment_is_the_last_position_before_anything_recorded_later(seed: int) -> None:
    """Although the clocks of processes do not agree, and appends wait."""
    draw = Random(seed)
    seconds = sorted(draw.uniform(0, draw.choice((30, 600, 60_000))) for _ in range(draw.randrange(1, 60)))
    moments = [MORNING + timedelta(seconds=one - draw.uniform(0, LEEWAY.total_seconds())) for one in seconds]
    recorder = at(moments)
    for moment in (*moments, MORNING - timedelta(hours=1), MORNING + timedelta(days=1)):
        later = (position for position, recorded in enumerate(moments) if recorded > moment)
        assert position_at(recorder, moment) == next(later, len(moments))


def test_a_position_and_a_moment() -> None:
    recorder = at([MORNING, MORNING + timedelta(hours=1), MORNING + timedelta(hours=2)])
    soon = MORNING + timedelta(minutes=90)
    assert then(recorder, soon, None)[:3] == (2, 2, soon)
    assert then(recorder, None, 2)[:3] == (2, 2, MORNING + timedelta(hours=1)), "when it was recorded"
    assert then(recorder, soon, 1)[:3] == (1, 2, soon), "views that had not yet come so far"
    assert then(recorder, soon, 3)[:3] == (2, 2, soon)
    assert then(recorder, MORNING - timedelta(days=1), None)[:2] == (0, 0)
    with pytest.raises(LookupError):
        then(recorder, None, 4)
