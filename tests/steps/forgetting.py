"""The steps about 依法删除: asking that somebody be forgotten, approving it, refusing it."""

from __future__ import annotations

from pytest_bdd import parsers, step, then

from domain.casework.recording import stream_of_entry
from domain.erasure import ApproveErasure, RefuseErasure, RequestErasure
from tests.steps.cast import ENTRIES, PEOPLE
from tests.steps.keeping import WHO, enact
from tests.steps.world import World

OF = r'"(?P<whose>[^"]*)"的资料'


def subject(whose: str) -> str:
    """The number of a person, of an entry on a roll, or of a case: then it is their text that is meant."""
    if whose in ENTRIES:
        return stream_of_entry(ENTRIES[whose].roll, ENTRIES[whose].id).hex
    return PEOPLE[whose]


@step(parsers.re(WHO + "申请删除" + OF))
def _(world: World, who: str, whose: str) -> None:
    enact(world, who, RequestErasure, {"subject": subject(whose), "ground": "consent_withdrawn"})


@step(parsers.re(WHO + "批准删除" + OF))
def _(world: World, who: str, whose: str) -> None:
    enact(world, who, ApproveErasure, {"subject": subject(whose)})


@step(parsers.re(WHO + "不同意删除" + OF + '，理由"(?P<reason>[^"]*)"'))
def _(world: World, who: str, whose: str, reason: str) -> None:
    enact(world, who, RefuseErasure, {"subject": subject(whose), "reason": reason})


@then(parsers.parse('整份案卷里没有"{word}"'))
def _(world: World, word: str) -> None:
    assert word not in str(world.file())
    assert word not in str(world.history())
