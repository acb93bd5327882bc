"""依法删除: who may ask that somebody be forgotten, who approves it, and what must be done before."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.act import Act
from domain.clocks import SHANGHAI
from domain.erasure import (
    RULES,
    ApproveErasure,
    Asked,
    Concern,
    ConcludeErasure,
    Destroyed,
    ErasureApproved,
    ErasureCommand,
    ErasureCompleted,
    ErasureEvent,
    ErasureRefused,
    ErasureRequested,
    ErasureRestricted,
    Ground,
    Kept,
    RefuseErasure,
    RequestErasure,
    erased,
    require_ready,
)
from domain.model import Refused, Retention, Role
from domain.retention import TERMS, Erasures, kept_until
from tests.registering import KEEPER, refusal, told
from tests.rules.scene import MORNING

WHO = "s-zeng"
REQUEST = RequestErasure(subject=WHO, ground=Ground.CONSENT_WITHDRAWN)
APPROVE, REFUSE = ApproveErasure(subject=WHO), RefuseErasure(subject=WHO, reason="办错了")
KEY = Destroyed(subject=WHO, retention=Retention.CONTACT, generation=1, fingerprint="00" * 16)
LATER = MORNING + timedelta(days=3650)
CONCLUDE = ConcludeErasure(subject=WHO, keys=())
KEPT = Kept(retention=Retention.CASE, until=LATER)
RESIDENT = replace(KEEPER, actor=WHO, role=Role.RESIDENT, level=None, scope=None)
SYSTEM = replace(KEEPER, actor="bidao", role=Role.SYSTEM, level=None, scope=None)
REQUESTED, APPROVED = ErasureRequested(subject=WHO, ground=Ground.CONSENT_WITHDRAWN), ErasureApproved(subject=WHO)
REFUSED = ErasureRefused(subject=WHO, reason="办错了")
RESTRICTED = ErasureRestricted(subject=WHO, kept=(KEPT,), keys=(KEY,))
DONE = ErasureCompleted(subject=WHO, keys=(KEY,))


def after(*events: ErasureEvent, by: str = WHO) -> Erasures:
    return erased(Asked(event, by, MORNING) for event in events)


def given(act: Act, *events: ErasureEvent, by: str = WHO) -> Act:
    return replace(act, erasures=after(*events, by=by))


ROWS: dict[str, tuple[ErasureCommand, Act, str]] = {
    "a resident asks for another": (RequestErasure(subject="s-lin", ground=Ground.TERM_OVER), RESIDENT, "erasure-own"),
    "nobody asked": (APPROVE, KEEPER, "erasure-asked"),
    "it was refused before": (APPROVE, given(KEEPER, REQUESTED, REFUSED), "erasure-asked"),
    "it is done already": (APPROVE, given(KEEPER, REQUESTED, APPROVED, DONE), "erasure-asked"),
    "whoever asked approves": (APPROVE, given(KEEPER, REQUESTED, by=KEEPER.actor), "erasure-other-person"),
    "refused once it is approved": (REFUSE, given(KEEPER, REQUESTED, APPROVED), "erasure-approved"),
    "concluded unapproved": (CONCLUDE, given(SYSTEM, REQUESTED), "erasure-asked"),
    "an officer approves": (APPROVE, given(replace(KEEPER, role=Role.GRID_OFFICER), REQUESTED), "keeper-only"),
    "a person says it is done": (CONCLUDE, given(KEEPER, REQUESTED, APPROVED), "keeper-only"),
}
CASE, ENTRY = Concern("00" * 16, "20260302-000001", open=False), Concern("11" * 16, "m-8fw3", open=False)
IN_THE_WAY = {
    "a case is open": (CASE._replace(open=True), "erasure-case-open", "20260302-000001"),
    "an entry stands on its roll": (ENTRY._replace(on_roll=True), "erasure-on-roll", "m-8fw3"),
    "a text was not looked through": (CASE._replace(unread=True), "erasure-text-first", "20260302-000001"),
}


@pytest.mark.parametrize(("command", "act", "rule"), ROWS.values(), ids=ROWS)
def test_what_is_refused(command: ErasureCommand, act: Act, rule: str) -> None:
    assert refusal(command, act) == rule


@pytest.mark.parametrize(("concern", "rule", "named"), IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_what_stands_in_the_way_is_named(concern: Concern, rule: str, named: str) -> None:
    require_ready([CASE, ENTRY])
    with pytest.raises(Refused) as no:
        require_ready([CASE, ENTRY, concern])
    assert (no.value.rule.id, named in no.value.sentence) == (rule, True)


def test_every_rule_has_its_row() -> None:
    rows = {rule for *_, rule in ROWS.values()} | {rule for _, rule, _ in IN_THE_WAY.values()}
    assert rows - {"keeper-only"} == RULES.keys()


def test_residents_ask_for_themselves_and_staff_for_anybody() -> None:
    assert told(REQUEST, RESIDENT) == told(REQUEST, KEEPER) == [REQUESTED]


def test_asked_twice_is_asked_once_until_it_is_refused() -> None:
    for standing in ((REQUESTED,), (REQUESTED, APPROVED), (REQUESTED, APPROVED, DONE)):
        assert told(REQUEST, given(RESIDENT, *standing)) == []
    assert told(REQUEST, given(RESIDENT, REQUESTED, REFUSED)) == [REQUESTED]


def test_another_approves_once() -> None:
    assert told(APPROVE, given(KEEPER, REQUESTED)) == [APPROVED]
    assert told(APPROVE, given(KEEPER, REQUESTED, APPROVED)) == []


def test_what_has_to_be_kept_is_restricted_until_it_need_not_be() -> None:
    part = ConcludeErasure(subject=WHO, keys=(KEY,), kept=(KEPT,))
    assert told(part, given(SYSTEM, REQUESTED, APPROVED)) == [RESTRICTED]
    restricted = after(REQUESTED, APPROVED, RESTRICTED)
    assert restricted.restricted == {WHO}
    assert restricted.of[WHO].restricted == {Retention.CASE: LATER}
    whole = ConcludeErasure(subject=WHO, keys=(KEY,))
    assert told(whole, replace(SYSTEM, erasures=restricted)) == [DONE]
    done = after(REQUESTED, APPROVED, RESTRICTED, DONE)
    assert (done.restricted, done.underway) == (frozenset(), ())


def test_two_processes_may_finish_it_and_it_is_written_once() -> None:
    assert told(ConcludeErasure(subject=WHO, keys=(KEY,)), given(SYSTEM, REQUESTED, APPROVED, DONE)) == []


@pytest.mark.parametrize(
    ("retention", "began", "until"),
    [
        (Retention.CONTACT, MORNING, MORNING),
        (Retention.CASE, MORNING, MORNING.replace(year=MORNING.year + 10)),
        (Retention.CASE, datetime(2028, 2, 29, tzinfo=SHANGHAI), datetime(2038, 3, 1, tzinfo=SHANGHAI)),
        (Retention.ACCOUNTS, MORNING, datetime(MORNING.year + 31, 1, 1, tzinfo=SHANGHAI)),
    ],
)
def test_terms_are_whole_years(retention: Retention, began: datetime, until: datetime) -> None:
    assert kept_until(retention, began) == until


def test_every_class_has_a_term_and_says_where_it_is_written() -> None:
    assert TERMS.keys() == set(Retention)
    assert all(term.source for term in TERMS.values())
