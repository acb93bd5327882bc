"""Who may ask what, and when: every command in every stage, against the table of domain.md §3."""

from dataclasses import replace

import pytest

from domain.incident import commands as c
from domain.incident import rules
from domain.incident.words import Stage
from domain.model import Refused
from tests.rules.recipes import RECIPES
from tests.rules.rows import refusal
from tests.rules.scene import AUDITOR, CASE, OFFICER, RESIDENT, Actor, Scene

S = Stage
ENDED = {S.REJECTED, S.WITHDRAWN, S.VOIDED}
HANDLING, RESOLVED, CLOSED = {S.HANDLING}, {S.RESOLVED}, {S.CLOSED}
WORKING = {S.ACCEPTED, S.DISPATCHED, S.HANDLING}
UNTIL_RESOLVED = {S.REPORTED, *WORKING}
OPEN = {*UNTIL_RESOLVED, S.RESOLVED, S.CHECKED}
UNTIL_ARCHIVED = {*OPEN, S.CLOSED, *ENDED}
"""Not for a duplicate: it accepts only follow-up, withdrawal and unmerging."""
TRACKED = {S.RESOLVED, S.CHECKED, S.CLOSED}

ALLOWED: dict[str, set[Stage]] = {
    "accept": {S.REPORTED},
    "reject": {S.REPORTED},
    "withdraw": {*UNTIL_RESOLVED, S.MERGED},
    **dict.fromkeys(("dispatch", "assign"), WORKING),
    "hand-over": {*WORKING, S.RESOLVED, S.CHECKED},
    "sign-for": {S.DISPATCHED},
    "return": {S.DISPATCHED, S.HANDLING},
    **dict.fromkeys(("arrive", "take-action"), UNTIL_RESOLVED),
    **dict.fromkeys(("convene-meeting", "hold-meeting", "keep-commitment", "break-commitment"), HANDLING),
    **dict.fromkeys(("escalate", "request-help", "answer-help"), WORKING),
    "supervise": OPEN,
    **dict.fromkeys(("request-extension", "grant-extension", "request-suspension", "grant-suspension"), OPEN),
    **dict.fromkeys(("request-void", "grant-void", "resume"), OPEN),
    **dict.fromkeys(("request-correction", "grant-correction", "refuse-correction"), UNTIL_ARCHIVED),
    # Refusing outlives granting, so that a forgotten request cannot keep a case from the archive.
    **dict.fromkeys(("refuse-extension", "refuse-suspension", "refuse-void", "uphold-timeout"), UNTIL_ARCHIVED),
    **dict.fromkeys(("advance-cost", "receive-contribution", "grant-fund", "pay-cost"), UNTIL_ARCHIVED),
    **dict.fromkeys(("refund-payment", "return-contribution", "reimburse-cost"), UNTIL_ARCHIVED),
    "resolve": {S.HANDLING},
    **dict.fromkeys(("pass-check", "fail-check"), RESOLVED),
    "follow-up": {*TRACKED, S.MERGED},
    "close": {S.CHECKED},
    "reopen": {S.CLOSED, S.CHECKED},
    **dict.fromkeys(("appeal-timeout", "exempt-timeout"), CLOSED),
    "archive": {S.CLOSED, S.WITHDRAWN},
    "merge": OPEN,
    "unmerge": {S.MERGED},
    "add-evidence": UNTIL_ARCHIVED,
    "redact-text": set(Stage),
    **dict.fromkeys(("call-duty", "redraw", "determine-deadlines"), OPEN),
}
ACCEPTED_ONCE = {*Stage} - {S.REPORTED, S.REJECTED}  # in these lives, that is; and signed for in most of them
NOTHING_NEW: dict[str, set[Stage]] = {
    "accept": ACCEPTED_ONCE,
    "sign-for": ACCEPTED_ONCE - {S.ACCEPTED, S.DISPATCHED},
    "pass-check": {S.CHECKED, S.CLOSED, S.ARCHIVED},
    "close": {S.CLOSED, S.ARCHIVED},
    "archive": {S.ARCHIVED},
}
"""Idempotent by content: nothing new, and no error."""
NOTHING_NEW_YET = dict.fromkeys(("redraw", "determine-deadlines"), OPEN)
"""In these lives the map stays as it is, and all working days are published."""
NO_REQUEST_LEFT = {"uphold-timeout": UNTIL_ARCHIVED - CLOSED, "refuse-void": {S.VOIDED}}
"""Allowed, but in these lives nothing can be waiting there."""


def test_the_table_knows_every_command_and_every_command_has_its_recipe() -> None:
    assert ALLOWED.keys() == c.BY_NAME.keys() == RECIPES.keys()
    assert len(c.ALL) == len(c.BY_NAME)


def outcome(name: str, stage: Stage) -> str:
    """What becomes of a command in a stage, everything but the stage being as it should."""
    recipe = RECIPES[name]
    scene = Scene().play(*recipe.leading_to(stage))
    assert scene.case.stage is stage
    try:
        scene.play(*(recipe.first if stage in ALLOWED[name] else ()))
        return "allowed" if scene.ask(recipe.move) else "nothing new"
    except Refused as no:
        return no.rule.id


@pytest.mark.parametrize("name", ALLOWED)
def test_a_command_is_allowed_in_its_stages_and_in_no_other(name: str) -> None:
    expected = dict.fromkeys(Stage, "stage")
    expected |= dict.fromkeys(NOTHING_NEW.get(name, ()), "nothing new")
    expected |= dict.fromkeys(ALLOWED[name], "allowed")
    expected |= dict.fromkeys(NOTHING_NEW_YET.get(name, ()), "nothing new")
    expected |= dict.fromkeys(NO_REQUEST_LEFT.get(name, ()), "request-pending")
    assert {stage: outcome(name, stage) for stage in Stage} == expected


@pytest.mark.parametrize("name", ["pass-check", "fail-check", "sign-for", "accept", "close", "archive", "resume"])
def test_what_is_already_so_is_nothing_new_whoever_asks_again(name: str) -> None:
    recipe = RECIPES[name]
    stage = next(stage for stage in Stage if stage in ALLOWED[name])
    scene = Scene().play(*recipe.leading_to(stage), *recipe.first, recipe.move)
    assert scene.ask(recipe.move) == []
    assert scene.ask(replace(recipe.move, actor=OFFICER)) == []


RESIDENTS_MAY = {"withdraw", "follow-up", "add-evidence"}


@pytest.mark.parametrize("outsider", [RESIDENT, AUDITOR], ids=lambda actor: actor.role)
@pytest.mark.parametrize("name", ALLOWED)
def test_residents_speak_for_themselves_and_auditors_only_read(name: str, outsider: Actor) -> None:
    recipe = RECIPES[name]
    stage = next(stage for stage in Stage if stage in ALLOWED[name])
    scene = Scene().play(*recipe.leading_to(stage), *recipe.first)
    move = replace(recipe.move, actor=outsider, of=CASE)
    if outsider is RESIDENT and name in RESIDENTS_MAY:
        assert scene.ask(move)
    elif name in RESIDENTS_MAY:
        refusal(scene, move)
    else:
        assert refusal(scene, move)[0] == rules.STAFF_ONLY
