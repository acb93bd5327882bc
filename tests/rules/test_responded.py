"""响应与解决: whether anybody responded and whether it is solved, from the mouth of whoever is affected."""

from __future__ import annotations

import pytest

from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import DuplicateFollowedUp, FollowedUp
from domain.incident.words import Answer, Stage
from domain.model import Minor
from domain.telling import tell
from tests.rules.rows import Row, passes, refused
from tests.rules.scene import CASE, LIN, NEIGHBOUR, OFFICER, OTHER, RESIDENT, SECRETARY, SOLVED, ZENG, report, until

CHECKED = until(Stage.CHECKED)
CHILD = until(Stage.CHECKED, on_behalf_of=Minor(subject="s-child", name="小林", guardian=LIN))
MERGED = (
    *until(Stage.ACCEPTED),
    NEIGHBOUR(report(reporter=LIN), of=OTHER),
    SECRETARY(c.Merge(into=CASE, reason="同一处"), of=OTHER),
    OFFICER(c.Arrive()),
    OFFICER(SOLVED),
)
WORDS = {"responded": True, "solved": False}
SAYS = [
    *(
        refused(
            rules.RESIDENT_ANSWERS,
            f"联系不上，工作人员却填了{name}={value}",
            *CHECKED,
            when=OFFICER(c.FollowUp.model_validate({"answer": Answer.UNREACHABLE, name: value})),
        )
        for name in WORDS
        for value in (True, False)
    ),
    passes(
        rules.RESIDENT_ANSWERS,
        "本人说有人响应、没有解决",
        *CHECKED,
        when=RESIDENT(c.FollowUp(answer=Answer.UNSATISFIED, responded=True, solved=False)),
        then=[FollowedUp(person=ZENG.subject, answer=Answer.UNSATISFIED, responded=True, solved=False)],
    ),
    passes(
        rules.RESIDENT_ANSWERS,
        "没有问到的不填，也不替他填",
        *CHECKED,
        when=RESIDENT(c.FollowUp(answer=Answer.SATISFIED)),
        then=[FollowedUp(person=ZENG.subject, answer=Answer.SATISFIED, responded=None, solved=None)],
    ),
    passes(
        rules.RESIDENT_ANSWERS,
        "监护人替孩子说",
        *CHILD,
        when=NEIGHBOUR(c.FollowUp(person="s-child", answer=Answer.SATISFIED, responded=True, solved=True)),
        then=[FollowedUp(person="s-child", answer=Answer.SATISFIED, responded=True, solved=True)],
    ),
    passes(
        rules.RESIDENT_ANSWERS,
        "重复件反映人的话，主案也记着",
        *MERGED,
        when=NEIGHBOUR(c.FollowUp(answer=Answer.UNSATISFIED, responded=False, solved=False), of=OTHER),
        then=[
            FollowedUp(person=LIN.subject, answer=Answer.UNSATISFIED, responded=False, solved=False),
            DuplicateFollowedUp(
                duplicate=OTHER, person=LIN.subject, answer=Answer.UNSATISFIED, responded=False, solved=False
            ),
        ],
    ),
]


@pytest.mark.parametrize("row", SAYS, ids=str)
def test_only_whoever_is_affected_says_so(row: Row) -> None:
    row.check()


TOLD = [
    ({}, "回访：不满意"),
    ({"responded": True}, "回访：不满意，有人响应"),
    ({"responded": False, "solved": False}, "回访：不满意，没有人响应，问题没有解决"),
    ({"responded": True, "solved": False}, "回访：不满意，有人响应，问题没有解决"),
    ({"responded": True, "solved": True, "note": "谢谢"}, "回访：不满意，有人响应，问题已解决，谢谢"),
]


@pytest.mark.parametrize(("words", "sentence"), TOLD, ids=[row[1] for row in TOLD])
def test_the_history_tells_it_in_words(words: dict[str, object], sentence: str) -> None:
    followed_up = FollowedUp.model_validate({"person": ZENG.subject, "answer": Answer.UNSATISFIED, **words})
    assert tell(followed_up, {}) == sentence
