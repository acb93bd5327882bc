"""篡改被发现: whatever the owner of a database rewrites is found where it was done; what is lawful alarms nobody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from domain.casework.recorders import CaseRecorder, LogLine
from projections.transparency import verifying
from projections.transparency.leaves import leaves_of
from projections.transparency.sealing import Log
from projections.transparency.verifying import Fault, KeptOutside, verify
from tests.casework.stores import StoreKind
from tests.stores import Store
from tests.transparency.clean import ALARM, DONE, ELSEWHERE, clean
from tests.transparency.rewriting import cut_off, slipped_in
from tests.transparency.tampering import FOUND_ELSEWHERE, UNNOTICED, Judge, Tally, place, rows, tampering

REWRITINGS, CLEAN_ONES, A_FEW = 2000, 200, 320
MEMBERS = ("position", "stream", "version", "name", "stored")
"""Of a leaf."""


def test_whatever_is_rewritten_is_found_where_it_was_done(lasting_store: Store, tmp_path: Path) -> None:
    with place(lasting_store, tmp_path) as at:
        tally = tampering(at, REWRITINGS, seed=1)
        assert verify(at.files.store, at.log, KeptOutside(at.kept)) is None, "each was undone"
    done = {kind for kind, _ in tally.counted}
    assert tally.counted.total() == REWRITINGS
    assert done >= {rewrite.__name__ for rewrite in at.rewrites} | {"several", "cut_off, sealed anew"}
    assert tally.of(UNNOTICED) == {}
    assert tally.of(FOUND_ELSEWHERE) == {}


def test_nothing_lawful_is_taken_for_a_rewriting(lasting_store: Store, tmp_path: Path) -> None:
    tally = clean(StoreKind(lasting_store.name, lasting_store.url), tmp_path, CLEAN_ONES, seed=1)
    assert tally.counted.total() == CLEAN_ONES
    assert {kind for kind, _ in tally.counted} >= {one.__name__ for one in (*DONE, *ELSEWHERE)}
    assert tally.of(ALARM) == {}


def test_whoever_alarms_at_anything_is_found_out(tmp_path: Path) -> None:
    tally = clean(StoreKind("sqlite"), tmp_path, 10, 1, lambda *_: Fault("anything"))
    assert tally.of(ALARM).total() == 10


def a_few(folder: Path, judge: Judge = verify) -> Tally:
    with place(Store("sqlite"), folder) as at:
        return tampering(at, A_FEW, 1, judge)


@pytest.mark.parametrize("member", MEMBERS)
def test_a_leaf_that_left_something_out_is_found_out(
    member: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verifier that does not look at one column takes it for what it was."""
    monkeypatch.setattr(verifying, "leaves_of", blind_to(MEMBERS.index(member)))
    tally = a_few(tmp_path)
    assert tally.of(UNNOTICED) or tally.of(FOUND_ELSEWHERE)


def blind_to(column: int) -> Callable[[Sequence[LogLine]], list[bytes]]:
    def seen(line: LogLine) -> tuple[object, ...]:
        return (*line[:column], *line[column + 1 :])

    known = {}
    for row in rows():
        line: LogLine = (row.id, str(row.originator_id).replace("-", ""), row.originator_version, row.topic, row.state)
        known[seen(line)] = line
    return lambda lines: leaves_of([known.get(seen(line), line) for line in lines])


def believing_the_end(store: CaseRecorder, log: Log, outside: KeptOutside) -> Fault | None:
    """That of the store."""
    fault = verify(store, log, outside)
    return None if fault and "库里少了" in fault.sentence else fault


def asking_nobody(store: CaseRecorder, log: Log, _: KeptOutside) -> Fault | None:
    """What others kept."""
    return verify(store, log)


def saying_where_it_likes(store: CaseRecorder, log: Log, outside: KeptOutside) -> Fault | None:
    return Fault("somewhere", 7) if verify(store, log, outside) else None


@pytest.mark.parametrize(
    ("judge", "verdict", "kind"),
    [
        (believing_the_end, UNNOTICED, cut_off.__name__),
        (asking_nobody, UNNOTICED, "edited, sealed anew"),
        (saying_where_it_likes, FOUND_ELSEWHERE, "edited"),
    ],
)
def test_a_verifier_that_looks_away_is_found_out(judge: Judge, verdict: str, kind: str, tmp_path: Path) -> None:
    assert a_few(tmp_path, judge).of(verdict)[kind]


def test_a_verifier_that_begins_at_the_first_position_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "BEFORE_ALL", 0)
    assert a_few(tmp_path).of(UNNOTICED)[slipped_in.__name__]
