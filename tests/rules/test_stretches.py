"""响应与经手: which event ends which stretch, and whose hands a case leaves with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain.incident import commands as c
from domain.incident import events as e
from domain.incident.evolve import evolve
from domain.incident.state import Incident
from domain.incident.stretches import Ended
from domain.incident.words import UNRESOLVED, Stage, Stretch
from domain.territory import Level
from tests.rules.scene import (
    CASE,
    CHECKER,
    DISPATCH,
    DISTRICT,
    LEAD,
    MERGE,
    MINUTE,
    OFFICER,
    OTHER,
    RESIDENT,
    SATISFIED,
    SECRETARY,
    SOLVED,
    Move,
    Scene,
    days,
    hours,
    minutes,
    report,
    until,
)
from tests.rules.test_histories import WALKS, Line, walked

REPORTED = (OFFICER(report()),)
ARRIVED = (*REPORTED, OFFICER(c.Arrive(), after=minutes(10)))
RESOLVED = (*ARRIVED, OFFICER(SOLVED, after=minutes(20)))
CHECKED = (*RESOLVED, CHECKER(c.PassCheck()), RESIDENT(SATISFIED))
CLOSED = (*CHECKED, CHECKER(c.Close(), after=minutes(30)))
FAILED = (*RESOLVED, CHECKER(c.FailCheck(reason="没修好")))
REOPENED = (*CLOSED, SECRETARY(c.Reopen(reason="又堵了"), after=days(2)))
ENDINGS = (e.Accepted, e.Arrived, e.Resolved, e.Closed)


def lived(lines: list[Line]) -> Iterator[tuple[e.IncidentEvent, Incident]]:
    """Every event with the case as it stood after it."""
    (first, by), *rest = lines
    assert isinstance(first, e.Reported)
    case = Incident.begin(CASE, first, by)
    yield first, case
    for event, who in rest:
        case = evolve(case, event, who)
        yield event, case


def played(*moves: Move) -> list[tuple[e.IncidentEvent, Incident]]:
    scene = Scene().play(*moves)
    return list(lived([(event, by) for of, event, by in scene.lines if of == CASE]))


def ended(*moves: Move) -> list[tuple[str, float]]:
    """The stretches that ended, each with the minutes it took."""
    found = [case.ended for _, case in played(*moves)]
    return [(one.stretch.value, (one.until - one.since) / MINUTE) for one in found if one]


ENDED = [
    ("a report ends nothing", REPORTED, []),
    ("accepted by the desk", (*REPORTED, DISTRICT(c.Accept(), after=minutes(7))), [("accept", 7)]),
    ("who comes first accepts it as well", ARRIVED, [("accept", 10), ("arrive", 10)]),
    ("who comes second ends nothing", (*ARRIVED, SECRETARY(c.Arrive())), [("accept", 10), ("arrive", 10)]),
    ("a result, from the report", RESOLVED, [("accept", 10), ("arrive", 10), ("resolve", 30)]),
    ("after a failed check again from the report", (*FAILED, OFFICER(SOLVED, after=hours(1))), [("resolve", 91)]),
    ("closed, from the result", CLOSED, [("resolve", 30), ("close", 32)]),
    ("after a reopening from the reopening", (*REOPENED, OFFICER(SOLVED, after=hours(3))), [("resolve", 180)]),
    ("who comes again in a new cycle ends nothing", (*REOPENED, OFFICER(c.Arrive())), [("close", 32)]),
    ("refused", (*REPORTED, DISTRICT(c.Reject(reason="不归本区"))), []),
    ("withdrawn", (*REPORTED, RESIDENT(c.Withdraw(reason="已自行清走"))), []),
]


@pytest.mark.parametrize(("story", "moves", "last"), ENDED, ids=[row[0] for row in ENDED])
def test_what_ends_a_stretch(story: str, moves: tuple[Move, ...], last: list[tuple[str, float]]) -> None:
    found = ended(*moves)
    assert found[len(found) - len(last) :] == last, story
    assert bool(found) == bool(last)


def test_a_stretch_knows_what_was_suspended_and_what_it_was_due_by() -> None:
    moves = (
        *ARRIVED,
        OFFICER(c.RequestSuspension(until=REPORTED_AT + days(9), reason="雨季不能开挖")),
        SECRETARY(c.GrantSuspension(), after=minutes(9)),
        OFFICER(c.Resume(), after=days(2)),
        OFFICER(SOLVED, after=hours(1)),
    )
    [*_, (_, case)] = played(*moves)
    assert case.ended
    assert [ends - begins for begins, ends in case.ended.pauses] == [days(2)]
    assert case.ended.clock == case.handle
    [*_, (_, closed)] = played(*CLOSED)
    assert closed.ended
    assert closed.ended == Ended(Stretch.CLOSE, closed.ended.since, closed.ended.until), "nothing says when to close"


REPORTED_AT = played(*REPORTED)[0][1].reported_at


@pytest.mark.parametrize("seed", range(0, WALKS, 5))
def test_only_these_events_end_a_stretch_and_none_is_negative(seed: int) -> None:
    walk = walked(seed)
    for name in walk.cases:
        whole = list(lived(walk.of(name)))
        for event, case in whole:
            first = not isinstance(event, e.Arrived) or event.first
            assert (case.ended is not None) == (isinstance(event, ENDINGS) and first)
            assert case.ended is None or case.ended.since <= case.ended.until
        assert sum(isinstance(event, e.Arrived) and case.ended is not None for event, case in whole) <= 1


def held(*moves: Move) -> list[tuple[str, str | None, str | None, float]]:
    """The stints that ended: the level, the unit, the officer, and how many minutes."""
    found = []
    scene = Scene().play(*moves)
    lines = [(event, by) for of, event, by in scene.lines if of == CASE]
    for (_, case), (_, by) in zip(lived(lines), lines, strict=True):
        if case.held:
            lasted = (by.effective_at - case.held.since) / MINUTE
            found.append((case.held.level.value, case.held.lead, case.held.officer, lasted))
    return found


ACCEPTED = (*REPORTED, DISTRICT(c.Accept(), after=minutes(2)))
SENT = (*ACCEPTED, DISTRICT(DISPATCH, after=minutes(3)))
ASSIGNED = (*ACCEPTED, SECRETARY(c.Assign(officer="officer"), after=minutes(4)))
NOBODY = ("grid", None, None)
HELD = [
    ("accepting leaves it where it is", ACCEPTED, []),
    ("it goes to a unit", SENT, [(*NOBODY, 5)]),
    ("signing for it leaves it there", (*SENT, LEAD(c.SignFor())), [(*NOBODY, 5)]),
    (
        "the unit gives it back",
        (*SENT, LEAD(c.Return(reason="属于市政管网"), after=minutes(20))),
        [(*NOBODY, 5), ("grid", "unit-lead", None, 20)],
    ),
    ("it goes to an officer", ASSIGNED, [(*NOBODY, 6)]),
    (
        "one officer hands it to another",
        (*ASSIGNED, OFFICER(c.HandOver(officer="colleague"), after=hours(1))),
        [(*NOBODY, 6), ("grid", None, "officer", 60)],
    ),
    (
        "it is handed up",
        (*ARRIVED, OFFICER(c.Escalate(to=Level.COMMUNITY), after=minutes(5))),
        [(*NOBODY, 15)],
    ),
    ("it is done", RESOLVED, [(*NOBODY, 30)]),
    ("what comes after the result is in nobody's hands", CLOSED, [(*NOBODY, 30)]),
    ("the check sends it back", (*FAILED, OFFICER(SOLVED, after=minutes(8))), [(*NOBODY, 30), (*NOBODY, 8)]),
    ("it is reopened", (*REOPENED, OFFICER(SOLVED, after=minutes(9))), [(*NOBODY, 30), (*NOBODY, 9)]),
    ("refused", (*REPORTED, DISTRICT(c.Reject(reason="不归本区"), after=minutes(4))), [(*NOBODY, 4)]),
    ("withdrawn", (*REPORTED, RESIDENT(c.Withdraw(reason="已自行清走"), after=minutes(4))), [(*NOBODY, 4)]),
    (
        "void",
        (*REPORTED, OFFICER(c.RequestVoid(reason="误报")), SECRETARY(c.GrantVoid(), after=minutes(4))),
        [(*NOBODY, 5)],
    ),
    (
        "a duplicate, and parted again",
        (
            *until(Stage.ACCEPTED, of=OTHER),
            *REPORTED,
            SECRETARY(MERGE, after=minutes(4)),
            SECRETARY(c.Unmerge(reason="不是同一处"), after=hours(5)),
            OFFICER(c.Arrive(), after=minutes(1)),
            OFFICER(SOLVED, after=minutes(6)),
        ),
        [(*NOBODY, 4), (*NOBODY, 7)],
    ),
]


@pytest.mark.parametrize(("story", "moves", "stints"), HELD, ids=[row[0] for row in HELD])
def test_whose_hands_it_leaves(
    story: str, moves: tuple[Move, ...], stints: list[tuple[str, str | None, str | None, float]]
) -> None:
    assert held(*moves) == stints, story


def test_whoever_has_it_does_not_have_it_since_before_the_one_before() -> None:
    """The officer says that they handed it over three minutes before they had it: so they had it no time."""
    crossed = OFFICER(c.HandOver(officer="colleague"), after=minutes(5), claimed=-minutes(8))
    (*_, (_, assigned), (_, handed_over)) = played(*ASSIGNED, crossed)
    assert handed_over.held
    assert handed_over.held.since == assigned.held_since == handed_over.held_since


@pytest.mark.parametrize("seed", range(0, WALKS, 5))
def test_stints_follow_each_other_without_gap_or_overlap_while_it_is_open(seed: int) -> None:
    """And a case that is still in hand has been so since its last stint ended, or since it came back."""
    walk = walked(seed)
    for name in walk.cases:
        lines = walk.of(name)
        before: Incident | None = None
        for (_, by), (_, case) in zip(lines, lived(lines), strict=True):
            if before is not None:
                _follows(before, case, by.effective_at - before.held_since)
            before = case


def _follows(before: Incident, after: Incident, lasted: timedelta) -> None:
    was, now = (case.stage in UNRESOLVED for case in (before, after))
    same = (before.lead, before.officer, before.held_by) == (after.lead, after.officer, after.held_by)
    assert (after.held is not None) == (was and not (now and same))
    if after.held is not None:
        assert after.held.since == before.held_since
        assert (after.held.lead, after.held.officer, after.held.level) == (before.lead, before.officer, before.held_by)
    if was and same:
        assert after.held_since == before.held_since
    else:
        assert after.held_since == before.held_since + max(lasted, timedelta())


def test_the_walks_have_every_way_to_leave_somebodys_hands() -> None:
    """Else nothing would be shown by them."""
    seen = set()
    for seed in range(0, WALKS, 5):
        walk = walked(seed)
        for name in walk.cases:
            seen |= {type(event) for event, case in lived(walk.of(name)) if case.held}
    assert seen >= {
        e.Dispatched,
        e.Returned,
        e.Assigned,
        e.HandedOver,
        e.Escalated,
        e.Resolved,
        e.Merged,
        e.VoidGranted,
    }
