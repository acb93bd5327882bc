"""住户名册、双报到名册: one row for each rule, given what is kept of an entry, when something is asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from domain.act import Act
from domain.casework.rolls import EVOLVE, AnyCommand
from domain.household import (
    RULES as OF_HOUSEHOLDS,
)
from domain.household import (
    DelistMustVisit,
    EnrolHousehold,
    Group,
    HouseholdEnrolled,
    HouseholdLeft,
    HouseholdVisited,
    ListMustVisit,
    MustVisitDelisted,
    MustVisitListed,
    RecordDeparture,
    RecordVisit,
)
from domain.membership import CheckIn, CheckOut, MemberCheckedIn, MemberCheckedOut, MemberServed, RecordService, Sort
from domain.model import Event, Refused, Role
from domain.register import KEEPER_ONLY, STATED_BEFORE
from domain.rolls import RULES, Entry, decide
from domain.territory import Place
from tests.registering import KEEPER
from tests.rules.scene import TERRITORY

GRID = TERRITORY.place("grid")
HOME, NEXT_DOOR = TERRITORY.place("grid", "building"), TERRITORY.place("grid-2")
OFFICE = Place(district="district", street="street", community="community")
assert GRID
assert HOME
assert NEXT_DOOR
LONG_AGO = KEEPER.recorded_at - timedelta(days=365)
OFFICER = replace(KEEPER, actor="officer", role=Role.GRID_OFFICER, scope="grid")
COLLEAGUE = replace(OFFICER, actor="colleague", scope="grid-2")
ELSEWHERE = replace(OFFICER, actor="stranger", scope="grid-of-street")
SECRETARY = replace(KEEPER, actor="secretary", role=Role.COMMUNITY, scope="community")
ADMIN = replace(KEEPER, actor="operator", role=Role.ADMIN, scope=None)
RESIDENT = replace(KEEPER, actor="s-lin", role=Role.RESIDENT, scope=None)
ENROL = EnrolHousehold(grid="grid", building="building")
VISIT = RecordVisit(met=True, note="身体尚好")
LIST = ListMustVisit(group=Group.EMPTY_NESTER)
DELIST = DelistMustVisit(group=Group.EMPTY_NESTER, reason="子女搬回同住")
LEAVE = RecordDeparture(reason="搬走了")
CHECK_IN = CheckIn(community="community", sort=Sort.PERSON, called="某党员", skill="矿山救护")
SERVE, CHECK_OUT = RecordService(service="排查积水"), CheckOut(reason="调走了")
ENROLLED = HouseholdEnrolled(place=HOME)
EMPTY_NESTER = MustVisitListed(group=Group.EMPTY_NESTER, first=True)
ILL = MustVisitListed(group=Group.SERIOUS_ILLNESS, first=False)
CHECKED_IN = MemberCheckedIn(place=OFFICE, sort=Sort.PERSON, called="某党员", skill="矿山救护")


class Row(NamedTuple):
    """What is kept of an entry, what is asked of it by whom, and what follows: events, or the rule that refuses."""

    given: Sequence[Event]
    when: AnyCommand
    then: Sequence[Event] | str
    by: Act = SECRETARY


ROWS = {
    "a household comes on the roll": Row([], ENROL, [ENROLLED], OFFICER),
    "it is on it already": Row([ENROLLED], ENROL, []),
    "it moved away and came back": Row([ENROLLED, HouseholdLeft(reason="搬走")], ENROL, [ENROLLED]),
    "it is on it elsewhere": Row([ENROLLED], EnrolHousehold(grid="grid-2"), "roll-elsewhere"),
    "a grid nobody knows": Row([], EnrolHousehold(grid="moon"), "roll-place"),
    "no grid at all": Row([], EnrolHousehold(grid="community"), "roll-place"),
    "a building of another grid": Row([], EnrolHousehold(grid="grid-2", building="building"), "roll-place"),
    "another officer's grid": Row([], ENROL, "roll-own-place", COLLEAGUE),
    "the operator answers for every place": Row([], ENROL, [ENROLLED], ADMIN),
    "no resident keeps a roll": Row([], ENROL, "keeper-only", RESIDENT),
    "a visit": Row([ENROLLED], VISIT, [HouseholdVisited(met=True, note="身体尚好")], OFFICER),
    "nobody at home": Row([ENROLLED], RecordVisit(met=False), [HouseholdVisited(met=False)], OFFICER),
    "a visit where nobody knows which grid": Row(
        [HouseholdEnrolled(place=OFFICE)], VISIT, [HouseholdVisited(met=True, note="身体尚好")], OFFICER
    ),
    "a visit to another officer's household": Row([ENROLLED], VISIT, "roll-own-place", COLLEAGUE),
    "a visit to whoever left": Row([ENROLLED, HouseholdLeft(reason="搬走")], VISIT, "roll-standing"),
    "a visit still to come": Row(
        [ENROLLED], VISIT, "stated-before", replace(OFFICER, occurred_at=KEEPER.recorded_at + timedelta(hours=1))
    ),
    "to be visited every month": Row([ENROLLED], LIST, [EMPTY_NESTER]),
    "for a second reason": Row([ENROLLED, EMPTY_NESTER], ListMustVisit(group=ILL.group), [ILL]),
    "for the same reason": Row([ENROLLED, EMPTY_NESTER], LIST, []),
    "an officer lists nobody": Row([ENROLLED], LIST, "keeper-only", OFFICER),
    "no longer for one of two reasons": Row(
        [ENROLLED, EMPTY_NESTER, ILL],
        DELIST,
        [MustVisitDelisted(group=Group.EMPTY_NESTER, last=False, reason="子女搬回同住")],
    ),
    "no longer at all": Row(
        [ENROLLED, EMPTY_NESTER],
        DELIST,
        [MustVisitDelisted(group=Group.EMPTY_NESTER, last=True, reason="子女搬回同住")],
    ),
    "it never was": Row([ENROLLED], DELIST, "must-visit-listed"),
    "an officer takes nobody off": Row([ENROLLED, EMPTY_NESTER], DELIST, "keeper-only", OFFICER),
    "whoever leaves need not be visited": Row(
        [ENROLLED, EMPTY_NESTER, ILL],
        LEAVE,
        [
            MustVisitDelisted(group=Group.EMPTY_NESTER, last=False, reason="搬走了"),
            MustVisitDelisted(group=Group.SERIOUS_ILLNESS, last=True, reason="搬走了"),
            HouseholdLeft(reason="搬走了"),
        ],
    ),
    "an officer lets nobody go": Row([ENROLLED], LEAVE, "keeper-only", OFFICER),
    "a member checks in": Row([], CHECK_IN, [CHECKED_IN]),
    "checked in already": Row([CHECKED_IN], CHECK_IN, []),
    "checked in again": Row([CHECKED_IN, MemberCheckedOut(reason="调走")], CHECK_IN, [CHECKED_IN]),
    "not with a grid": Row([], CHECK_IN.model_copy(update={"community": "grid"}), "roll-place"),
    "a service": Row([CHECKED_IN], SERVE, [MemberServed(service="排查积水")]),
    "a service in a grid of the community": Row([CHECKED_IN], SERVE, [MemberServed(service="排查积水")], OFFICER),
    "a service told by an officer of elsewhere": Row([CHECKED_IN], SERVE, "roll-own-place", ELSEWHERE),
    "a service by whoever left": Row([CHECKED_IN, MemberCheckedOut(reason="调走")], SERVE, "roll-standing"),
    "a member checks out": Row([CHECKED_IN], CHECK_OUT, [MemberCheckedOut(reason="调走了")]),
}


def folded(row: Row) -> Any:
    entry: Entry | None = None
    for event in row.given:
        entry = EVOLVE[row.when.roll](entry, "entry-1", event, LONG_AGO)
    return entry


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_follows(row: Row) -> None:
    if not isinstance(row.then, str):
        assert decide(row.when, folded(row), row.by) == row.then
        return
    with pytest.raises(Refused) as no:
        decide(row.when, folded(row), row.by)
    assert no.value.rule.id == row.then
    assert "{" not in no.value.sentence


def test_every_rule_has_a_row() -> None:
    assert {row.then for row in ROWS.values() if isinstance(row.then, str)} == {
        *RULES,
        *OF_HOUSEHOLDS,
        *(KEEPER_ONLY.id, STATED_BEFORE.id),
    }


@pytest.mark.parametrize("command", [VISIT, LIST, DELIST, LEAVE, SERVE, CHECK_OUT], ids=lambda one: one.name)
def test_nothing_is_said_of_whom_nobody_enrolled(command: AnyCommand) -> None:
    with pytest.raises(LookupError):
        decide(command, None, SECRETARY)


def after(*told: tuple[Event, int]) -> Any:
    """A household after events, each so many days from now."""
    entry: Any = None
    for event, days in told:
        entry = EVOLVE["household"](entry, "entry-1", event, KEEPER.recorded_at + timedelta(days=days))
    return entry


GONE = MustVisitDelisted(group=Group.EMPTY_NESTER, last=True, reason="不再")
LEFT = HouseholdLeft(reason="搬走")


def test_how_often_it_was_enrolled_and_listed_is_counted() -> None:
    entry = after((ENROLLED, -99), (EMPTY_NESTER, -99), (ILL, -99), (GONE, -60), (LEFT, -60), (ENROLLED, -1))
    assert (entry.standing.enrolment, entry.standing.listing, entry.standing.place) == (2, 1, HOME)


@pytest.mark.parametrize(("days", "resumes"), [(-31, True), (-32, False)])
def test_so_soon_again_is_as_if_it_had_never_been_struck_off(days: int, resumes: bool) -> None:
    [again] = decide(ENROL, after((ENROLLED, -99), (LEFT, days)), SECRETARY)
    assert again == HouseholdEnrolled(place=HOME, resumes=resumes)
    [listed] = decide(LIST, after((ENROLLED, -99), (EMPTY_NESTER, -99), (GONE, days)), SECRETARY)
    assert listed == MustVisitListed(group=Group.EMPTY_NESTER, first=True, resumes=resumes)
    entry = after((ENROLLED, -99), (EMPTY_NESTER, -99), (GONE, days), (listed, 0), (LEFT, days), (again, 0))
    assert (entry.standing.enrolment, entry.standing.listing) == ((1, 1) if resumes else (2, 2))


def test_in_another_community_it_begins_anew() -> None:
    gone = after((HouseholdEnrolled(place=OFFICE.model_copy(update={"community": "elsewhere"})), -9), (LEFT, -1))
    assert decide(ENROL, gone, replace(KEEPER, role=Role.ADMIN)) == [HouseholdEnrolled(place=HOME)]


@pytest.mark.parametrize("roll", EVOLVE)
def test_what_does_not_begin_with_an_enrolment_is_nothing_of_ours(roll: Any) -> None:
    event = HouseholdVisited(met=True) if roll == "household" else MemberServed(service="做")
    with pytest.raises(ValueError, match="does not begin"):
        EVOLVE[roll](None, "entry-1", event, LONG_AGO)
