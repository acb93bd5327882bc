"""Through whose hands one case went: folded from its file, and the same as what views count."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.casework.holders import holders
from domain.incident.words import UNRESOLVED, Stage
from tests.histories import history, streams
from tests.projections.recomputation import steps
from tests.projections.timing import stints


@pytest.mark.parametrize("seed", range(20))
def test_each_follows_the_one_before_and_they_are_what_the_views_count(seed: int) -> None:
    for lines in streams(CaseFiles(env=MEMORY_ENV), history(seed)).values():
        now = lines[-1].recorded_at + timedelta(hours=1)
        found = holders(lines, now, {})
        for before, after in pairwise(found):
            assert before.until is not None
            assert before.until <= after.since
        last = list(steps(lines))[-1][1]
        assert [one.until is None for one in found] == [False] * (len(found) - 1) + [last.stage in UNRESOLVED]
        ended = [one for one in found if one.until]
        for one in found:
            assert one.seconds == ((one.until or now) - one.since).total_seconds() >= 0
        if last.stage is not Stage.VOIDED and last.merged_into is None:
            counted = [((one.line.case_id, *one.hands), one.seconds) for one in stints(lines)]
            assert [((lines[0].case_id, one.level, one.lead, one.officer), one.seconds) for one in ended] == counted


def test_they_are_called_by_their_names_and_one_that_goes_on_goes_on_until_now() -> None:
    lines = next(iter(streams(CaseFiles(env=MEMORY_ENV), history(0)).values()))
    now = lines[0].recorded_at + timedelta(minutes=9)
    [first] = holders(lines[:1], now, {})
    assert (first.until, first.level_label, first.lead_name, first.officer_name) == (None, "网格", None, None)
    assert first.seconds == (now - lines[0].effective_at).total_seconds()
    for one in holders(lines, now, {"unit-lead": "首接单位", "officer": "网格员"}):
        assert one.lead_name == {"unit-lead": "首接单位"}.get(one.lead or "")
        assert one.officer_name == {"officer": "网格员"}.get(one.officer or "")
