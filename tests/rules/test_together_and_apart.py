"""重复件：what becomes of two files that were one for a while."""

import pytest

from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import (
    DuplicateAttached,
    DuplicateDetached,
    DuplicateFollowedUp,
    FollowedUp,
    Unmerged,
    Withdrawn,
)
from domain.incident.keys import keys_of
from domain.incident.state import Incident
from domain.incident.voices import ANONYMOUS
from domain.incident.words import Answer, Stage
from domain.model import Minor
from tests.rules.rows import assert_written, refusal
from tests.rules.scene import (
    CASE,
    CHECKER,
    CLOCKS,
    LIN,
    MERGE,
    NEIGHBOUR,
    OFFICER,
    OTHER,
    RESIDENT,
    SATISFIED,
    SECRETARY,
    SOLVED,
    UNREACHABLE,
    UNSATISFIED,
    Scene,
    until,
)
from tests.rules.test_duplicates import MERGED, UNMERGE, duplicate, primary


def test_a_duplicate_is_reported_but_counts_neither_as_due_nor_as_closed() -> None:
    scene = Scene().play(*MERGED)
    assert (keys_of(scene.case, CLOCKS).counts, keys_of(scene.cases[OTHER], CLOCKS).counts) == (False, True)
    assert keys_of(scene.play(SECRETARY(UNMERGE)).case, CLOCKS).counts


def named(case: Incident) -> list[tuple[str, bool]]:
    return [(clock.name, clock.stopped_at is None) for clock in case.clocks]


@pytest.mark.parametrize(
    "before", [Stage.REPORTED, Stage.ACCEPTED, Stage.DISPATCHED, Stage.HANDLING, Stage.RESOLVED, Stage.CHECKED]
)
def test_unmerging_restores_the_stage(before: Stage) -> None:
    scene = Scene().play(*primary(Stage.REPORTED), *duplicate(before))
    was = scene.case
    scene.play(SECRETARY(MERGE), SECRETARY(UNMERGE))
    assert (scene.case.stage, scene.case.cycle, scene.case.cycle_began_at) == (before, 1, was.cycle_began_at)
    assert named(scene.case) == named(was), "what ran runs on"
    assert not scene.cases[OTHER].duplicates
    assert scene.cases[OTHER].voices.keys() == {RESIDENT.id}


@pytest.mark.parametrize("closed", [Stage.CLOSED, Stage.ARCHIVED])
@pytest.mark.parametrize(
    ("before", "after"),
    [(Stage.REPORTED, Stage.REPORTED), (Stage.HANDLING, Stage.HANDLING), (Stage.CHECKED, Stage.HANDLING)],
)
def test_unmerging_from_a_primary_closed_meanwhile_starts_a_new_cycle(
    before: Stage, after: Stage, closed: Stage
) -> None:
    scene = Scene().play(*primary(Stage.RESOLVED), *duplicate(before), SECRETARY(MERGE), NEIGHBOUR(SATISFIED))
    answer = RESIDENT(SATISFIED.model_copy(update={"person": RESIDENT.id}), of=OTHER)
    scene.play(CHECKER(c.PassCheck(), of=OTHER), answer, SECRETARY(c.Close(), of=OTHER))
    if closed is Stage.ARCHIVED:
        scene.play(CHECKER(c.Archive(), of=OTHER))
    unmerged, *told = scene.take(SECRETARY(UNMERGE))
    assert unmerged == Unmerged(stage=after, cycle=2, reason="不是同一处")
    assert told == (
        [] if closed is Stage.ARCHIVED else [DuplicateDetached(duplicate=CASE)]
    )  # the archive is not touched
    assert (scene.case.cycle_began_at, scene.case.outcome) == (scene.now, None)


def test_a_failed_check_of_the_last_cycle_is_not_one_of_the_new() -> None:
    reworked = (*duplicate(Stage.RESOLVED), CHECKER(c.FailCheck(reason="没好")))
    scene = Scene().play(*primary(Stage.CHECKED), *reworked, SECRETARY(MERGE), NEIGHBOUR(SATISFIED))
    answer = RESIDENT(SATISFIED.model_copy(update={"person": RESIDENT.id}), of=OTHER)
    scene.play(answer, SECRETARY(c.Close(), of=OTHER), SECRETARY(UNMERGE))
    assert refusal(scene, CHECKER(c.FailCheck(reason="没好")))[0] == rules.STAGE


def test_a_withdrawn_duplicate_leaves_its_primary() -> None:
    scene = Scene().play(*MERGED)
    assert scene.take(NEIGHBOUR(c.Withdraw())) == [Withdrawn(), DuplicateDetached(duplicate=CASE)]
    assert scene.cases[OTHER].voices.keys() == {RESIDENT.id}


def test_an_anonymous_duplicate_adds_nobody_to_ask() -> None:
    scene = Scene().play(*primary(Stage.RESOLVED), *until(Stage.REPORTED, reporter=None))
    assert scene.take(SECRETARY(MERGE))[1] == DuplicateAttached(duplicate=CASE)
    not_applicable = c.FollowUp(answer=Answer.NOT_APPLICABLE)
    assert scene.take(OFFICER(not_applicable)) == [FollowedUp(person=ANONYMOUS, answer=Answer.NOT_APPLICABLE)]
    assert scene.cases[OTHER].voices.keys() == {RESIDENT.id}


def test_the_guardian_of_a_duplicates_child_answers_on_the_primary_too() -> None:
    child = Minor(subject="s-child", name="小林", guardian=LIN)
    scene = Scene().play(*primary(Stage.RESOLVED), *until(Stage.REPORTED, on_behalf_of=child), SECRETARY(MERGE))
    by_guardian = c.FollowUp(person="s-child", answer=Answer.SATISFIED)
    assert refusal(scene, RESIDENT(by_guardian, of=OTHER))[0] == rules.RESIDENT_ANSWERS
    scene.play(NEIGHBOUR(by_guardian, of=OTHER))
    assert scene.cases[OTHER].voices["s-child"].answer is Answer.SATISFIED


def test_whoever_reported_both_is_asked_once() -> None:
    scene = Scene().play(
        *primary(Stage.RESOLVED), RESIDENT(SATISFIED, of=OTHER), *until(Stage.REPORTED), SECRETARY(MERGE)
    )
    assert {person: voice.answer for person, voice in scene.cases[OTHER].voices.items()} == {
        RESIDENT.id: Answer.SATISFIED
    }


def test_a_new_result_of_the_primary_is_a_new_question_to_the_duplicates_reporter() -> None:
    """Who was unsatisfied with the first result and cannot be reached about the second."""
    again = (OFFICER(SOLVED, of=OTHER), CHECKER(c.PassCheck(), of=OTHER))
    scene = Scene().play(
        *MERGED, *again, NEIGHBOUR(UNSATISFIED), SECRETARY(c.Reopen(reason="不满意"), of=OTHER), *again
    )
    assert scene.cases[OTHER].voices[LIN.subject].answer is None
    assert_written(scene.ask(OFFICER(UNREACHABLE)), [FollowedUp, DuplicateFollowedUp])


def test_a_word_about_the_primarys_result_does_not_close_the_duplicate_once_it_is_apart() -> None:
    """It was resolved by itself, merged, answered about the other's result, and is its own case again."""
    scene = Scene().play(*primary(Stage.RESOLVED), *duplicate(Stage.CHECKED), SECRETARY(MERGE), NEIGHBOUR(SATISFIED))
    scene.play(SECRETARY(UNMERGE))
    assert scene.case.voices[LIN.subject].answer is None
    assert refusal(scene, SECRETARY(c.Close()))[0] == rules.FOLLOW_UP_FINAL
    assert_written(scene.take(NEIGHBOUR(SATISFIED)), [FollowedUp])
    assert scene.ask(SECRETARY(c.Close()))


def test_a_word_about_the_own_result_stands_when_apart_again() -> None:
    scene = Scene().play(*primary(Stage.RESOLVED), *duplicate(Stage.CHECKED), NEIGHBOUR(SATISFIED), SECRETARY(MERGE))
    assert scene.play(SECRETARY(UNMERGE)).case.voices[LIN.subject].answer is Answer.SATISFIED
