"""回访：the word of whoever is affected, from their own mouth."""

import pytest
from pydantic import ValidationError

from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import (
    FollowedUp,
)
from domain.incident.voices import ANONYMOUS
from domain.incident.words import Answer, Stage
from domain.model import Minor, Person, Role
from tests.rules.rows import Row, passes, refused
from tests.rules.scene import (
    CHECKER,
    LIN,
    NEIGHBOUR,
    OFFICER,
    RESIDENT,
    SATISFIED,
    SOLVED,
    UNREACHABLE,
    UNSATISFIED,
    Actor,
    until,
)

RESOLVED, CHECKED = until(Stage.RESOLVED), until(Stage.CHECKED)
TWO_AFFECTED = until(Stage.CHECKED, on_behalf_of=LIN)
CHILD = until(Stage.CHECKED, on_behalf_of=Minor(subject="s-child", name="小林", guardian=LIN))
UNNAMED = until(Stage.CHECKED, reporter=None)
NOT_APPLICABLE = c.FollowUp(answer=Answer.NOT_APPLICABLE)
SAYS = [
    refused(rules.AFFECTED_PERSON, "有两位当事人，没说是谁", *TWO_AFFECTED, when=RESIDENT(SATISFIED)),
    refused(
        rules.AFFECTED_PERSON,
        "不是本案的人",
        *CHECKED,
        when=NEIGHBOUR(c.FollowUp(person=LIN.subject, answer=Answer.SATISFIED)),
    ),
    passes(
        rules.AFFECTED_PERSON,
        "指明是哪一位",
        *TWO_AFFECTED,
        when=NEIGHBOUR(c.FollowUp(person=LIN.subject, answer=Answer.SATISFIED)),
        then=[FollowedUp(person=LIN.subject, answer=Answer.SATISFIED)],
    ),
    passes(rules.AFFECTED_PERSON, "只有一位，不必指明", *CHECKED, when=RESIDENT(SATISFIED), then=[FollowedUp]),
    *(
        refused(rules.RESIDENT_ANSWERS, story, *given, when=actor(c.FollowUp(person=person, answer=answer)))
        for answer in (Answer.SATISFIED, Answer.UNSATISFIED)
        for story, given, actor, person in (
            (f"工作人员替答{answer.label}", CHECKED, OFFICER, RESIDENT.id),
            (f"邻居替答{answer.label}", CHECKED, NEIGHBOUR, RESIDENT.id),
            (f"反映人替所代的人答{answer.label}", TWO_AFFECTED, RESIDENT, LIN.subject),
        )
    ),
    refused(
        rules.RESIDENT_ANSWERS,
        "自己经办，自己答满意",
        *until(Stage.HANDLING),
        Actor(RESIDENT.id, Role.GRID_OFFICER, "grid")(c.TakeAction(note="自己清理")),
        OFFICER(SOLVED),
        when=RESIDENT(SATISFIED),
    ),
    passes(
        rules.RESIDENT_ANSWERS,
        "别人经办，本人答复",
        *until(Stage.HANDLING),
        OFFICER(c.TakeAction(note="清理")),
        OFFICER(SOLVED),
        when=RESIDENT(SATISFIED),
        then=[FollowedUp],
    ),
    passes(
        rules.RESIDENT_ANSWERS,
        "监护人替孩子答",
        *CHILD,
        when=NEIGHBOUR(c.FollowUp(person="s-child", answer=Answer.UNSATISFIED)),
        then=[FollowedUp(person="s-child", answer=Answer.UNSATISFIED)],
    ),
    refused(
        rules.RESIDENT_ANSWERS,
        "孩子自己答不算",
        *CHILD,
        when=Actor("s-child", Role.RESIDENT)(c.FollowUp(person="s-child", answer=Answer.SATISFIED)),
    ),
    refused(
        rules.RESIDENT_ANSWERS,
        "匿名反映，没有本人可答",
        *UNNAMED,
        when=Actor(ANONYMOUS, Role.RESIDENT)(SATISFIED),
    ),
    passes(
        rules.RESIDENT_ANSWERS, "本人改口", *CHECKED, RESIDENT(SATISFIED), when=RESIDENT(UNSATISFIED), then=[FollowedUp]
    ),
    refused(rules.STAFF_RECORD_TRIES, "居民登记自己联系不上", *CHECKED, when=RESIDENT(UNREACHABLE)),
    passes(
        rules.STAFF_RECORD_TRIES,
        "工作人员登记联系不上",
        *CHECKED,
        when=OFFICER(UNREACHABLE),
        then=[FollowedUp(person=RESIDENT.id, answer=Answer.UNREACHABLE)],
    ),
    refused(rules.NOT_APPLICABLE_ANONYMOUS, "有名有姓，不能算不适用", *CHECKED, when=OFFICER(NOT_APPLICABLE)),
    passes(
        rules.NOT_APPLICABLE_ANONYMOUS,
        "匿名反映",
        *UNNAMED,
        when=OFFICER(NOT_APPLICABLE),
        then=[FollowedUp(person=ANONYMOUS, answer=Answer.NOT_APPLICABLE)],
    ),
    *(
        refused(rules.ANSWERED_ALREADY, f"已答{said.answer.label}", *CHECKED, RESIDENT(said), when=OFFICER(UNREACHABLE))
        for said in (SATISFIED, UNSATISFIED)
    ),
    passes(
        rules.ANSWERED_ALREADY, "还没答过", *CHECKED, OFFICER(UNREACHABLE), when=OFFICER(UNREACHABLE), then=[FollowedUp]
    ),
    passes(
        rules.ANSWERED_ALREADY,
        "返工后重新问起",
        *RESOLVED,
        RESIDENT(SATISFIED),
        CHECKER(c.FailCheck(reason="没好")),
        OFFICER(SOLVED),
        when=OFFICER(UNREACHABLE),
        then=[FollowedUp],
    ),
]


@pytest.mark.parametrize("row", SAYS, ids=str)
def test_follow_up(row: Row) -> None:
    row.check()


def test_nobody_is_called_like_the_reporter_nobody_knows() -> None:
    with pytest.raises(ValidationError):
        Person(subject=ANONYMOUS, name="某居民")
