"""派遣与处置：who is responsible, and what they may do about it."""

import pytest

from domain.incident import commands as c
from domain.incident import rules
from domain.incident.events import (
    Accepted,
    ActionTaken,
    Arrived,
    Assigned,
    Dispatched,
    EvidenceAdded,
    HandedOver,
    Returned,
    SignedFor,
)
from domain.incident.events.handling import RefusalToMeet, Settlement
from domain.incident.words import Capacity, Kind, Stage
from tests.rules.rows import Row, assert_written, passes, refused
from tests.rules.scene import (
    ANOTHER_UNIT,
    CHECKER,
    COLLEAGUE,
    DISPATCH,
    DISTRICT,
    LEAD,
    OFFICER,
    RESIDENT,
    SECRETARY,
    STREET,
    Scene,
    until,
)

REPORTED, ACCEPTED = until(Stage.REPORTED), until(Stage.ACCEPTED)
DISPATCHED, HANDLING = until(Stage.DISPATCHED), until(Stage.HANDLING)
RETURN = c.Return(reason="属于市政管网")
ORDERED = c.Dispatch(lead="unit-lead", binding=True)
BOUNCED_ONCE = (*DISPATCHED, LEAD(RETURN), DISTRICT(DISPATCH))
BOUNCED_TWICE = (*BOUNCED_ONCE, LEAD(RETURN))
TO_COMMUNITY = OFFICER(c.Escalate(to="community"))
SETTLED = c.TakeAction(note="当场劝解", settlement=Settlement(parties=("甲", "乙"), terms="各让一步"))

LEADS = [
    refused(
        rules.LEAD_ONLY,
        "别的单位来签收",
        *DISPATCHED,
        when=ANOTHER_UNIT(c.SignFor()),
        says="只有首接负责单位可以签收。",
    ),
    refused(
        rules.LEAD_ONLY,
        "没有单位的人来签收",
        *DISPATCHED,
        when=DISTRICT(c.SignFor()),
        says="只有首接负责单位可以签收。",
    ),
    passes(
        rules.LEAD_ONLY,
        "首接负责单位签收",
        *DISPATCHED,
        when=LEAD(c.SignFor()),
        then=[SignedFor(lead="unit-lead")],
    ),
    refused(
        rules.LEAD_ONLY, "别的单位来退回", *DISPATCHED, when=ANOTHER_UNIT(RETURN), says="只有首接负责单位可以退回。"
    ),
    refused(
        rules.LEAD_ONLY,
        "网格员自办的案件没有首接单位，谁也不能退回",
        *ACCEPTED,
        OFFICER(c.Arrive()),
        when=OFFICER(RETURN),
        says="只有首接负责单位可以退回。",
    ),
    passes(
        rules.LEAD_ONLY,
        "首接负责单位签收后才发现不归自己",
        *HANDLING,
        when=LEAD(RETURN),
        then=[Returned(lead="unit-lead", hop=1, reason="属于市政管网")],
    ),
    refused(rules.REASON, "退回不写理由", *DISPATCHED, when=LEAD(c.Return(reason=""))),
    passes(rules.REASON, "退回写明理由", *DISPATCHED, when=LEAD(RETURN), then=[Returned]),
]

BINDING = [
    refused(rules.BINDING_STAYS, "上级指定承办", *ACCEPTED, STREET(ORDERED), when=LEAD(RETURN)),
    refused(
        rules.BINDING_STAYS, "上级指定承办，已签收", *ACCEPTED, STREET(ORDERED), LEAD(c.SignFor()), when=LEAD(RETURN)
    ),
    passes(rules.BINDING_STAYS, "不是指定承办", *DISPATCHED, when=LEAD(RETURN), then=[Returned]),
    refused(
        rules.BINDING_AFTER_RETURNS,
        "退回两次后再普通派遣",
        *BOUNCED_TWICE,
        when=DISTRICT(DISPATCH),
        says="本案已退回2次，只能由上级指定承办。",
    ),
    passes(
        rules.BINDING_AFTER_RETURNS,
        "退回一次，还可普通派遣",
        *DISPATCHED,
        LEAD(RETURN),
        when=DISTRICT(DISPATCH),
        then=[Dispatched(lead="unit-lead")],
    ),
    passes(
        rules.BINDING_AFTER_RETURNS,
        "退回两次，上级指定承办",
        *BOUNCED_TWICE,
        when=DISTRICT(ORDERED),
        then=[Dispatched(lead="unit-lead", binding=True)],
    ),
    refused(rules.BINDING_FROM_ABOVE, "网格员指定承办", *ACCEPTED, when=OFFICER(ORDERED)),
    refused(rules.BINDING_FROM_ABOVE, "平级的社区指定承办", *ACCEPTED, TO_COMMUNITY, when=SECRETARY(ORDERED)),
    refused(rules.BINDING_FROM_ABOVE, "部门没有层级，不能指定", *ACCEPTED, when=ANOTHER_UNIT(ORDERED)),
    passes(rules.BINDING_FROM_ABOVE, "社区指定网格里的案件", *ACCEPTED, when=SECRETARY(ORDERED), then=[Dispatched]),
    passes(
        rules.BINDING_FROM_ABOVE, "街道指定社区的案件", *ACCEPTED, TO_COMMUNITY, when=STREET(ORDERED), then=[Dispatched]
    ),
]

OFFICERS = [
    refused(
        rules.OFFICER_IN_OFFICE,
        "没有这个人",
        *ACCEPTED,
        when=SECRETARY(c.Assign(officer="nobody")),
        says="“nobody”不是在岗的工作人员，请核对后再指派。",
    ),
    refused(
        rules.OFFICER_IN_OFFICE,
        "居民不能当经办人",
        *ACCEPTED,
        SECRETARY(c.Assign(officer="officer")),
        when=OFFICER(c.HandOver(officer="s-zeng")),
        says="“s-zeng”不是在岗的工作人员，请核对后再指派。",
    ),
    passes(
        rules.OFFICER_IN_OFFICE,
        "邻网格的网格员也在岗",
        *ACCEPTED,
        when=SECRETARY(c.Assign(officer="colleague")),
        then=[Assigned(officer="colleague")],
    ),
    refused(
        rules.UNIT_LISTED,
        "没有这个单位",
        *ACCEPTED,
        when=DISTRICT(c.Dispatch(lead="unit-none")),
        says="单位“unit-none”不在册，请核对后再派。",
    ),
    refused(
        rules.UNIT_LISTED,
        "协办的单位也要在册",
        *ACCEPTED,
        when=DISTRICT(c.Dispatch(lead="unit-lead", co_handlers=("unit-none",))),
        says="单位“unit-none”不在册，请核对后再派。",
    ),
    passes(
        rules.UNIT_LISTED,
        "首接、协办都在册",
        *ACCEPTED,
        when=DISTRICT(c.Dispatch(lead="unit-lead", co_handlers=("unit-another",))),
        then=[Dispatched],
    ),
    refused(
        rules.ASSIGN_ONCE,
        "已有经办人",
        *ACCEPTED,
        SECRETARY(c.Assign(officer="officer")),
        when=SECRETARY(c.Assign(officer="colleague")),
    ),
    passes(
        rules.ASSIGN_ONCE,
        "还没有经办人",
        *ACCEPTED,
        when=SECRETARY(c.Assign(officer="officer")),
        then=[Assigned(officer="officer")],
    ),
    passes(
        rules.ASSIGN_ONCE,
        "退回后重新派遣，须重新指派",
        *ACCEPTED,
        SECRETARY(c.Assign(officer="officer")),
        DISTRICT(DISPATCH),
        LEAD(RETURN),
        when=SECRETARY(c.Assign(officer="colleague")),
        then=[Assigned(officer="colleague")],
    ),
    refused(rules.HAND_OVER_TO_ANOTHER, "没有经办人可移交", *ACCEPTED, when=OFFICER(c.HandOver(officer="colleague"))),
    refused(
        rules.HAND_OVER_TO_ANOTHER,
        "移交给自己",
        *ACCEPTED,
        SECRETARY(c.Assign(officer="officer")),
        when=OFFICER(c.HandOver(officer="officer")),
    ),
    passes(
        rules.HAND_OVER_TO_ANOTHER,
        "移交给同事",
        *ACCEPTED,
        SECRETARY(c.Assign(officer="officer")),
        when=OFFICER(c.HandOver(officer="colleague")),
        then=[HandedOver(from_officer="officer", officer="colleague")],
    ),
]

ON_SITE = [
    refused(rules.SETTLE_ON_SITE, "没有到场，哪来的现场调解", *HANDLING, when=OFFICER(SETTLED)),
    passes(
        rules.SETTLE_ON_SITE,
        "到场后当场调解",
        *HANDLING,
        OFFICER(c.Arrive()),
        when=OFFICER(SETTLED),
        then=[ActionTaken(note="当场劝解", settlement=SETTLED.settlement)],
    ),
    passes(
        rules.SETTLE_ON_SITE,
        "没有到场，也能电话登记对方拒绝协调",
        *HANDLING,
        when=OFFICER(c.TakeAction(note="电话联系", refusal=RefusalToMeet(capacity=Capacity.PARTY))),
        then=[ActionTaken],
    ),
]


@pytest.mark.parametrize("row", [*LEADS, *BINDING, *OFFICERS, *ON_SITE], ids=str)
def test_handling(row: Row) -> None:
    row.check()


def test_whoever_acts_on_a_case_nobody_accepted_accepts_it_by_doing_so() -> None:
    for command in (c.Arrive(), c.TakeAction(note="先拉警戒线")):
        first, second = Scene().play(*REPORTED).ask(OFFICER(command))
        assert first == Accepted(number="20260302-000001", self_handled=True)
        assert isinstance(second, Arrived | ActionTaken)
        assert_written(Scene().play(*ACCEPTED).ask(OFFICER(command)), [type(second)])


def test_only_the_first_arrival_is_first() -> None:
    scene = Scene().play(*until(Stage.REPORTED, Kind.EMERGENCY))
    arrivals = [event for _ in range(3) for event in scene.take(OFFICER(c.Arrive())) if isinstance(event, Arrived)]
    assert [arrived.first for arrived in arrivals] == [True, False, False]
    again = scene.play(OFFICER(c.Resolve(outcome_code="solved", outcome="好了")), CHECKER(c.FailCheck(reason="没好")))
    assert again.ask(COLLEAGUE(c.Arrive())) == [Arrived(first=False)]


def test_a_returned_case_waits_for_a_new_lead() -> None:
    case = Scene().play(*ACCEPTED, SECRETARY(c.Assign(officer="officer")), DISTRICT(DISPATCH), LEAD(RETURN)).case
    assert (case.stage, case.lead, case.officer, case.signed, case.returns) == (Stage.ACCEPTED, None, None, False, 1)


def test_a_reporter_may_add_evidence() -> None:
    proof = c.AddEvidence(digest="0" * 64, media_type="image/jpeg", size=1, caption="积水")
    expected = EvidenceAdded(digest="0" * 64, media_type="image/jpeg", size=1, caption="积水")
    assert Scene().play(*REPORTED).ask(RESIDENT(proof)) == [expected]
