"""Clusters: cases that are alike, or alike to one that is, told together and within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any
from uuid import UUID

import pytest

from domain.casework.case_files import CaseFiles
from domain.incident.cells import cell_of
from projections import alike as alikeness
from projections.alike import alike_counts
from tests.projections.town import ALL, TABLE, Town, at, reported
from tests.rules.scene import (
    CASE,
    MORNING,
)
from tests.rules.test_cells import HUAIHUA, gone


def test_clusters_come_largest_first_and_reach_from_case_to_case(town: Any) -> None:
    here = town(
        *(reported(f"row {nth}", at(40 * nth)) for nth in range(4)),
        reported("at home", building="building", hours_later=1),
        reported("next door", building="building"),
        reported("alone", at(600)),
        reported("other matter", at(0), category="0102"),
    )
    assert here.clusters() == [["row 3", "row 2", "row 1", "row 0"], ["next door", "at home"]]
    assert here.clusters(limit=1) == [["row 3", "row 2", "row 1", "row 0"]]
    assert here.clusters(territory="building") == [["next door", "at home"]]
    assert here.clusters(territory="nowhere") == here.clusters(category="0102") == []
    first, _ = here.told().clusters
    assert (first.count, first.category, first.first_reported_at) == (4, "0101", MORNING)


def storm(town: Town, count: int) -> list[str]:
    """So many more reports like the first, all over one cell: stored as it was, but for their ids and positions."""
    [line, *_] = town.files.lines.to_lines(town.files.store.select_case(UUID(town.ids[CASE])))
    draw, written = Random(9), []
    for nth in range(count):
        position = gone(HUAIHUA, 200 * draw.random() ** 0.5, draw.uniform(0, 360))
        event = line.event.model_copy(update={"position": position, "cell": cell_of(position)})
        another = line.model_copy(update={"case_id": str(UUID(int=nth + 1)), "event": event})
        written.append(town.files.lines.to_stored_event(another))
    town.files.store.insert_batch([written])
    town.views.catch_up()
    return [str(event.originator_id) for event in written]


class Reading:
    """Counts how often the store is asked."""

    def __init__(self, files: CaseFiles, patch: pytest.MonkeyPatch) -> None:
        self.statements = 0
        select = files.store.select_notifications

        def counting(*args: Any, **named: Any) -> Sequence[Any]:
            self.statements += 1
            found: Sequence[Any] = select(*args, **named)
            return found

        patch.setattr(files.store, "select_notifications", counting)


def test_a_storm_is_bounded_and_it_is_said(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    here = town(reported(CASE, at(0)))
    ids = storm(here, 5000)
    reading = Reading(here.files, monkeypatch)
    found = here.found(here.sought())
    assert found.capped
    assert 0 < len(found.items) <= alikeness.COMPARED
    assert reading.statements <= alikeness.COMPARED
    counts = alike_counts(here.views, here.files, ALL, ids[:50], TABLE)
    assert max(counts.values()) <= alikeness.COUNTED
    assert reading.statements <= alikeness.COMPARED + 50 * (alikeness.COUNTED + 1)
    reading.statements = 0
    told = here.told()
    assert ([cluster.count for cluster in told.clusters], told.capped) == ([5001], False)
    assert len(told.clusters[0].cases) == 20
    assert reading.statements <= 5001 / 10


def test_of_very_many_open_cases_the_newest_are_looked_at(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projections.clusters.LOOKED_AT", 3)
    here = town(*(reported(f"row {nth}", at(nth), hours_later=1) for nth in range(5)))
    assert (here.clusters(), here.told().capped) == ([["row 4", "row 3", "row 2"]], True)
