"""What holds in every history the rules allow, told from the events alone and not from the state that decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache

import pytest

from domain.act import Attribution
from domain.incident import events as e
from domain.incident.evolve import evolve, replay
from domain.incident.state import Incident
from domain.incident.words import MUST_ATTEND, Answer, Stage
from domain.model import Refused, Role
from tests.rules.scene import CLOCKS, PUBLISHED, REDRAWN, WAITING, Scene, minutes
from tests.rules.walk import Walk

Line = tuple[e.IncidentEvent, Attribution]
WALKS, STEPS = 200, 120
DONE = {Stage.RESOLVED, Stage.CHECKED, Stage.CLOSED, Stage.ARCHIVED}
CONTENT = {"accept", "sign-for", "close", "archive", "resume", "pass-check", "fail-check"}


class Walked(Scene):
    """A history, and every state each case went through."""

    def __init__(self, seed: int) -> None:
        super().__init__(CLOCKS if seed % 2 else WAITING)
        self.refusals: Counter[str] = Counter()
        self.states: list[Incident] = []
        walk = Walk(seed)
        for step in range(STEPS):
            if step == STEPS // 3:
                self.territory, self.clocks = REDRAWN, CLOCKS if seed % 2 else PUBLISHED
            self.try_one(walk)

    def try_one(self, walk: Walk) -> None:
        before, written = dict(self.cases), len(self.lines)
        move = walk.next(self.cases)
        try:
            events = self.take(move)
        except Refused as no:
            self.refusals[no.rule.id] += 1
            assert (self.cases, len(self.lines)) == (before, written), "a refused command leaves nothing"
            return
        self.states += self.cases.values()
        if events and move.command.name in CONTENT:
            assert self.ask(move) == [], f"{move.command.name} by content"

    def of(self, name: str) -> list[Line]:
        return [(event, by) for of, event, by in self.lines if of == name]


@cache
def walked(seed: int) -> Walked:
    return Walked(seed)


def histories() -> Iterable[tuple[list[Line], Incident]]:
    for seed in range(WALKS):
        for name, case in walked(seed).cases.items():
            yield walked(seed).of(name), case


def test_the_walks_go_everywhere() -> None:
    """Else the rest would hold for want of trying."""
    written = {event.type for lines, _ in histories() for event, _ in lines}
    assert written == e.BY_TYPE.keys() - {e.TextRedacted.model_fields["type"].default}
    assert {state.stage for seed in range(WALKS) for state in walked(seed).states} == {*Stage}


def test_whatever_a_case_was_it_is_again_when_its_events_are_replayed() -> None:
    for lines, case in histories():
        assert replay(case.id, lines) == case


def test_three_kinds_never_stand_resolved_without_anybody_having_come() -> None:
    for lines, _ in histories():
        came, case = False, replay("case", lines[:1])
        for event, by in lines[1:]:
            came = came or isinstance(event, e.Arrived | e.Withdrawn)  # or nobody had to come any more
            case = evolve(case, event, by)
            assert came or case.stage not in DONE or case.standing.kind not in MUST_ATTEND


def test_money_is_never_spent_twice_nor_paid_back_beyond_what_was_advanced() -> None:
    into = (e.CostAdvanced, e.ContributionReceived, e.FundGranted, e.PaymentRefunded)
    out = (e.CostPaid, e.ContributionReturned)
    for lines, case in histories():
        balance, owed = 0, Counter[str]()
        for event, by in lines:
            if isinstance(event, into):
                balance += event.amount
            if isinstance(event, out):
                balance -= event.amount
            if isinstance(event, e.CostAdvanced):
                owed[event.advancer] += event.amount
            if isinstance(event, e.CostReimbursed):
                owed[event.advancer] -= event.amount
                assert by.actor != event.advancer
            assert balance >= 0
            assert all(left >= 0 for left in owed.values())
            assert not isinstance(event, e.Archived) or (balance, owed.total()) == (0, 0)
        assert (case.purse.balance, case.purse.outstanding) == (balance, owed.total())


ASKED_AND_ANSWERED = {
    e.ExtensionRequested: (e.ExtensionGranted, e.ExtensionRefused),
    e.SuspensionRequested: (e.SuspensionGranted, e.SuspensionRefused),
    e.CorrectionRequested: (e.CorrectionGranted, e.CorrectionRefused),
    e.VoidRequested: (e.VoidGranted, e.VoidRefused),
    e.TimeoutAppealed: (e.TimeoutExempted, e.TimeoutUpheld),
}


@pytest.mark.parametrize("asked", ASKED_AND_ANSWERED, ids=lambda asked: asked.__name__)
def test_every_answer_has_its_request_and_comes_from_somebody_else(asked: type[e.RequestEvent]) -> None:
    answers = ASKED_AND_ANSWERED[asked]
    for lines, case in histories():
        requester: str | None = None
        for event, by in lines:
            if isinstance(event, asked):
                assert requester is None
                requester = by.actor
            elif isinstance(event, answers):
                assert requester not in (None, by.actor)
                requester = None
        assert case.stage is not Stage.ARCHIVED or requester is None


def test_nobody_checks_what_they_did_themselves() -> None:
    for lines, _ in histories():
        handlers: set[str] = set()
        for event, by in lines:
            if isinstance(event, e.Arrived | e.ActionTaken | e.Resolved):
                handlers.add(by.actor)
            assert not isinstance(event, e.CheckPassed | e.CheckFailed) or by.actor not in handlers


def test_satisfied_is_a_residents_own_word() -> None:
    for lines, _ in histories():
        for event, by in lines:
            if isinstance(event, e.FollowedUp | e.DuplicateFollowedUp):
                spoken = event.answer in (Answer.SATISFIED, Answer.UNSATISFIED)
                assert (by.role is Role.RESIDENT) == spoken


def test_numbers_run_on_and_limits_are_kept_in_every_cycle() -> None:
    for lines, case in histories():
        of_cycle: Counter[str] = Counter()
        for event, _ in lines:
            if isinstance(event, e.Reopened) or (isinstance(event, e.Unmerged) and event.cycle > 1):
                of_cycle.clear()
            of_cycle[event.type] += 1
            assert of_cycle["incident.extension_granted"] <= 2
            assert of_cycle["incident.suspension_granted"] <= 1
        cycles = [event.cycle for event, _ in lines if isinstance(event, e.Reopened | e.Unmerged)]
        assert cycles == sorted(cycles)
        assert case.cycle == max([1, *cycles])
        returned = [event.hop for event, _ in lines if isinstance(event, e.Returned)]
        assert returned == list(range(1, len(returned) + 1))
        assert sum(isinstance(event, e.Accepted) for event, _ in lines) <= 1


def test_the_two_files_of_a_merger_agree() -> None:
    for seed in range(WALKS):
        cases = walked(seed).cases
        for name, case in cases.items():
            if case.stage is Stage.MERGED:
                assert case.merged_into is not None
                primary = cases[case.merged_into]
                assert primary.merged_into is None
                assert name in primary.duplicates
                own, other = case.standing, primary.standing
                assert own.kind is other.kind
                assert own.urgency >= other.urgency
                assert primary.stage not in (Stage.REJECTED, Stage.WITHDRAWN, Stage.VOIDED)
            for duplicate in case.duplicates:
                assert cases[duplicate].merged_into == name or case.stage is Stage.ARCHIVED


def test_nothing_a_case_tells_ran_backwards() -> None:
    """Steps follow each other and the work before them, whatever was claimed; no clock and no pause is negative."""
    for lines, case in histories():
        begun = latest = lines[0][1].effective_at
        for event, by in lines[1:]:
            assert begun <= by.effective_at <= by.recorded_at
            if isinstance(event, e.StepEvent):
                assert latest <= by.effective_at, event.type
            if isinstance(event, e.StepEvent | e.WorkEvent):
                latest = max(latest, by.effective_at)
            if isinstance(event, e.Reopened) or (isinstance(event, e.Unmerged) and event.cycle > 1):
                begun = by.effective_at
        for clock in case.clocks:
            assert clock.stopped_at is None or clock.started_at <= clock.stopped_at
            assert all(begins <= ends for begins, ends in clock.pauses)


def test_a_prompt_claim_counts_unless_it_would_run_backwards() -> None:
    """Work on site is entered in any order: within half an hour it counts as claimed, from the cycle's start on."""
    counted = 0
    for lines, _ in histories():
        begun = lines[0][1].effective_at
        for event, by in lines[1:]:
            if isinstance(event, e.WorkEvent) and begun <= by.occurred_at < by.recorded_at:
                late = by.recorded_at - by.occurred_at > minutes(30)
                assert by.effective_at == (by.recorded_at if late else by.occurred_at)
                counted += not late
            if isinstance(event, e.Reopened) or (isinstance(event, e.Unmerged) and event.cycle > 1):
                begun = by.effective_at
    assert counted
