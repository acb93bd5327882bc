"""The normative life says what the rules say: real histories are possible in it, and injected violations are not."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from random import Random

import pytest

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.incident import commands as c
from domain.incident import events as e
from domain.incident.life import ACCEPTED_BEFORE, COMES_OF, LEADS_TO, ON_PRIMARY, steps
from domain.incident.words import Stage
from projections.interchange import pnml
from tests.histories import history, streams
from tests.interchange.exported import told
from tests.interchange.injecting import VIOLATIONS, activity, by_case, injected
from tests.interchange.net import Net

SEEDS = range(16)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Net:
    path = tmp_path_factory.mktemp("life") / "life.pnml"
    with path.open("wb") as file:
        pnml.write(file)
    return Net(path)


def test_it_knows_every_event_and_every_command() -> None:
    assert {e.Reported, *COMES_OF, *ON_PRIMARY} == set(e.BY_TYPE.values())
    assert set(COMES_OF.values()) == set(c.ALL)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_it_says_of_events_is_what_they_did(seed: int) -> None:
    """The command an event came of, and the stage it led to, as both are stored with it."""
    with closing(CaseFiles(env=MEMORY_ENV)) as files:
        files_of = streams(files, history(seed))
    for lines in files_of.values():
        stage = Stage.REPORTED
        for line in lines[1:]:
            event = type(line.event)
            if event in COMES_OF and event is not e.Accepted:
                assert line.command == COMES_OF[event].name
                assert stage in COMES_OF[event].stages or stage is Stage.REPORTED
            if event in LEADS_TO:
                assert line.keys.stage is LEADS_TO[event]
            elif event not in (e.Merged, e.Unmerged):
                assert line.keys.stage is stage
            assert event not in ACCEPTED_BEFORE or stage is not Stage.REPORTED
            stage = line.keys.stage


def test_every_step_of_it_happens_in_some_history(net: Net) -> None:
    """Else it would allow what nobody ever saw allowed."""
    seen = {activity(one) for seed in (*SEEDS, 22) for one in told(history(seed)) if one.type in e.BY_TYPE}
    assert seen == set(net.transitions) == {step.activity for step in steps()}


@pytest.mark.parametrize("seed", SEEDS)
def test_real_histories_are_possible_in_it(net: Net, seed: int) -> None:
    faults = {id: net.first_fault([*map(activity, case)]) for id, case in by_case(told(history(seed))).items()}
    assert set(faults.values()) == {None}, faults


@pytest.mark.parametrize("seed", SEEDS)
def test_exactly_what_was_injected_is_flagged(net: Net, seed: int) -> None:
    cases = by_case(told(history(seed, 8, 960)))
    for id, violation, case in injected(cases, Random(seed)):
        assert (net.first_fault([*map(activity, case)]) is not None) is (violation is not None), (id, violation)


def test_every_violation_is_injected_somewhere() -> None:
    found = Counter(
        one.__name__
        for seed in SEEDS
        for case in by_case(told(history(seed, 8, 960))).values()
        for one in VIOLATIONS
        if one(case)
    )
    assert found.keys() == {one.__name__ for one in VIOLATIONS}, found
