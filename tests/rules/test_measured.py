"""What is stored with an event to be measured by: how long it took, returns, the residents' word, when to be there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from domain.clocks import SHANGHAI, Calendar, Clocks, Interval
from domain.incident import commands as c
from domain.incident.keys import Heard, Keys, keys_of
from domain.incident.words import Answer, Kind, Stage
from tests.clocks.limits import at
from tests.histories import clocks_of, history, streams
from tests.projections.recomputation import steps
from tests.rules.scene import (
    CASE,
    CHECKER,
    CLOCKS,
    DISPATCH,
    DISTRICT,
    LEAD,
    LIN,
    MERGE,
    MORNING,
    NEIGHBOUR,
    OFFICER,
    OTHER,
    PUBLISHED,
    RESIDENT,
    SECRETARY,
    SOLVED,
    WAITING,
    Move,
    Scene,
    days,
    hours,
    minutes,
    report,
    until,
)

HOUR = 3600


def keys(*moves: Move, clocks: Clocks = CLOCKS, now: datetime = MORNING) -> Keys:
    """Those of the last event of the case."""
    return keys_of(Scene(clocks, now).play(*moves).case, clocks)


def at_once(*moves: Move) -> tuple[Move, ...]:
    return tuple(replace(move, after=timedelta()) for move in moves)


FRIDAY = at("03-06 17:00")
OVER_A_WEEKEND = (*at_once(OFFICER(report()), OFFICER(c.Arrive())), OFFICER(SOLVED, after=hours(64)))
SUSPENDED = (
    *at_once(OFFICER(report()), OFFICER(c.Arrive())),
    *at_once(OFFICER(c.RequestSuspension(until=MORNING + days(9), reason="雨季")), SECRETARY(c.GrantSuspension())),
    OFFICER(c.Resume(), after=days(2)),
    OFFICER(SOLVED, after=hours(2)),
)


def test_working_time_leaves_the_weekend_out() -> None:
    took = keys(*OVER_A_WEEKEND, now=FRIDAY).took
    assert took
    assert (took.net, took.worked, took.worked_net) == (64 * HOUR, 2 * HOUR, 2 * HOUR)


def test_net_leaves_out_what_was_suspended_and_gross_does_not() -> None:
    took = keys(*SUSPENDED).took
    assert took
    assert (took.net, took.worked, took.worked_net) == (2 * HOUR, 18 * HOUR, 2 * HOUR)


def test_a_suspension_that_nobody_ended_counts_up_to_its_granted_end() -> None:
    request = OFFICER(c.RequestSuspension(until=MORNING + hours(1), reason="停电"))
    granted = at_once(OFFICER(report()), OFFICER(c.Arrive()), request, SECRETARY(c.GrantSuspension()))
    took = keys(*granted, OFFICER(SOLVED, after=hours(3))).took
    assert took
    assert took.net == 2 * HOUR


def test_what_it_had_to_end_by() -> None:
    emergency = at_once(OFFICER(report(Kind.EMERGENCY, urgency=1)))
    ends = {
        "accept": (*emergency, DISTRICT(c.Accept())),
        "arrive": (*emergency, OFFICER(c.Arrive())),
        "resolve": (*emergency, *at_once(OFFICER(c.Arrive())), OFFICER(SOLVED)),
        "close": until(Stage.CLOSED),
    }
    due = {}
    for stretch, moves in ends.items():
        took = keys(*moves).took
        assert took
        assert took.stretch == stretch
        due[stretch] = took.due_at
    limits = {"accept": minutes(15), "arrive": minutes(30), "resolve": hours(2)}
    assert due == {**{stretch: MORNING + limit for stretch, limit in limits.items()}, "close": None}
    ordinary = keys(OFFICER(report()), OFFICER(c.Arrive())).took
    assert ordinary
    assert ordinary.due_at is None, "nobody has to be on site"


def test_most_events_end_nothing() -> None:
    for moves in ((OFFICER(report()),), (*SUSPENDED, CHECKER(c.PassCheck())), until(Stage.ARCHIVED)):
        assert keys(*moves).took is None


def test_working_time_in_a_year_not_published_is_unknown_until_it_is() -> None:
    took = keys(*OVER_A_WEEKEND, clocks=WAITING, now=FRIDAY).took
    assert took
    assert (took.net, took.worked, took.worked_net, took.due_at) == (64 * HOUR, None, None, None)
    scene = Scene(WAITING, FRIDAY).play(*OVER_A_WEEKEND[:-1])
    scene.clocks = PUBLISHED
    later = keys_of(scene.play(OVER_A_WEEKEND[-1]).case, PUBLISHED).took
    assert later
    assert later.worked == 2 * HOUR, "by the calendar in force when it ended"


@pytest.mark.parametrize("seed", range(20))
def test_in_random_histories_as_counted_day_by_day(seed: int) -> None:
    clocks = clocks_of(seed, history(seed))
    found = 0
    for lines in streams(CaseFiles(env=MEMORY_ENV), history(seed)).values():
        for line, case in steps(lines):
            took, ended = line.keys.took, case.ended
            assert (took is None) == (ended is None)
            if took is None or ended is None:
                continue
            found += 1
            calendar = _calendar(case.calendar, ended.since, ended.until, clocks)
            expected = [_worked(ended.since, ended.until, calendar, pauses) for pauses in ((), ended.pauses)]
            assert [took.worked, took.worked_net] == (expected if calendar else [None, None])
            assert took.net == _net(ended.since, ended.until, ended.pauses)
    assert found > 10


def _calendar(own: str, since: datetime, until: datetime, clocks: Clocks) -> Calendar | None:
    """The case's own, else the one in force when it ended; None where neither knows all of its years."""
    years = set(range(since.astimezone(SHANGHAI).year, until.astimezone(SHANGHAI).year + 1))
    in_force = [one for one in clocks.calendars.values() if one.valid_from <= until][-1]
    return next((one for one in (clocks.calendars[own], in_force) if years <= one.years), None)


def _worked(since: datetime, until: datetime, calendar: Calendar | None, pauses: Sequence[Interval]) -> float:
    """Shift after shift of every day between."""
    if calendar is None:
        return 0
    day, total = since.astimezone(SHANGHAI).date(), 0.0
    while day <= until.astimezone(SHANGHAI).date():
        for opens, closes in ((8, 12), (14, 18)):
            begins, ends = (datetime.combine(day, time(hour), SHANGHAI) for hour in (opens, closes))
            if calendar.works(day) and max(since, begins) < min(until, ends):
                total += _net(max(since, begins), min(until, ends), pauses)
        day += timedelta(days=1)
    return total


def _net(since: datetime, until: datetime, pauses: Sequence[Interval]) -> float:
    """Without the pauses, which are cut out one after the other."""
    left = [(since, until)]
    for opens, shuts in pauses:
        left = [part for a, b in left for part in ((a, min(b, opens)), (max(a, shuts), b)) if part[0] < part[1]]
    return sum((b - a for a, b in left), timedelta()).total_seconds()


RETURNED = (
    DISTRICT(DISPATCH),
    LEAD(c.Return(reason="属于市政管网")),
)


def test_returns_are_counted_by_cycle() -> None:
    accepted = until(Stage.ACCEPTED)
    assert keys(*accepted).hops == 0
    assert keys(*accepted, *RETURNED).hops == 1
    assert keys(*accepted, *RETURNED, *RETURNED).hops == 2
    once = until(Stage.CLOSED, meanwhile={Stage.ACCEPTED: RETURNED})
    assert keys(*once).hops == 1
    assert keys(*once, SECRETARY(c.Reopen(reason="又堵了"))).hops == 0, "a new cycle begins with none"


def said(answer: Answer, responded: bool | None = None, solved: bool | None = None) -> c.FollowUp:
    return c.FollowUp(answer=answer, responded=responded, solved=solved)


CHECKED, TWO = until(Stage.CHECKED), until(Stage.CHECKED, on_behalf_of=LIN)
BY_ZENG = RESIDENT(said(Answer.UNSATISFIED, responded=True, solved=False).model_copy(update={"person": RESIDENT.id}))
BY_LIN = NEIGHBOUR(said(Answer.SATISFIED, solved=True).model_copy(update={"person": LIN.subject}))
HEARD = [
    ("nothing to ask about yet", until(Stage.HANDLING), None),
    ("asked", CHECKED, Heard(asked=1)),
    ("an anonymous reporter cannot be asked", until(Stage.CHECKED, reporter=None), Heard(asked=0)),
    ("not reached yet", (*CHECKED, OFFICER(said(Answer.UNREACHABLE))), Heard(asked=1)),
    (
        "responded to, and not solved",
        (*CHECKED, RESIDENT(said(Answer.UNSATISFIED, responded=True, solved=False))),
        Heard(asked=1, unsatisfied=1, responded=1, unsolved=1),
    ),
    ("says no more than that", (*CHECKED, RESIDENT(said(Answer.SATISFIED))), Heard(asked=1, satisfied=1)),
    ("one of two", (*TWO, BY_ZENG), Heard(asked=2, unsatisfied=1, responded=1, unsolved=1)),
    (
        "two of two",
        (*TWO, BY_ZENG, BY_LIN),
        Heard(asked=2, satisfied=1, unsatisfied=1, responded=1, solved=1, unsolved=1),
    ),
    (
        "a new result is a new question",
        (*TWO, BY_ZENG, SECRETARY(c.Reopen(reason="没有解决")), OFFICER(SOLVED)),
        Heard(asked=2),
    ),
    (
        "the reporter of a duplicate is asked as well",
        (
            *until(Stage.ACCEPTED),
            NEIGHBOUR(report(reporter=LIN), of=OTHER),
            replace(SECRETARY(MERGE.model_copy(update={"into": CASE})), of=OTHER),
            OFFICER(c.Arrive()),
            OFFICER(SOLVED),
            replace(NEIGHBOUR(said(Answer.UNSATISFIED, responded=False, solved=False)), of=OTHER),
        ),
        Heard(asked=2, unsatisfied=1, unresponded=1, unsolved=1),
    ),
]


@pytest.mark.parametrize(("story", "moves", "heard"), HEARD, ids=[row[0] for row in HEARD])
def test_the_residents_word(story: str, moves: tuple[Move, ...], heard: Heard | None) -> None:
    assert keys(*moves).heard == heard, story


def test_when_somebody_has_to_be_on_site() -> None:
    emergency = at_once(OFFICER(report(Kind.EMERGENCY, urgency=1)))
    due_at = MORNING + minutes(30)
    assert keys(*emergency).arrive_due_at == due_at
    there = (*emergency, OFFICER(c.Arrive(), after=minutes(5)))
    assert keys(*there).arrive_due_at == due_at, "it stays when somebody came"
    assert keys(*at_once(OFFICER(report()))).arrive_due_at is None, "an ordinary matter"
    corrected = (
        *at_once(OFFICER(report())),
        *at_once(OFFICER(c.RequestCorrection(kind=Kind.EMERGENCY, reason="有人被困"))),
        SECRETARY(c.GrantCorrection(), after=hours(1)),
    )
    assert keys(*corrected).arrive_due_at == MORNING + hours(1) + minutes(30), "from when it became necessary"


def test_who_was_there_need_not_come_again_in_a_new_cycle() -> None:
    once = until(Stage.CLOSED, Kind.EMERGENCY)
    assert keys(*once).arrive_due_at is not None
    assert keys(*once, SECRETARY(c.Reopen(reason="又外溢"))).arrive_due_at is None


def test_whose_hands_it_left_goes_with_the_event_and_no_further() -> None:
    sent = (*until(Stage.ACCEPTED), DISTRICT(DISPATCH, after=minutes(7)))
    held = keys(*sent).held
    assert held
    assert (held.level, held.lead, held.officer) == ("grid", None, None)
    assert keys(*sent, LEAD(c.SignFor())).held is None
