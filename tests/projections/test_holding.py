"""经手: how long cases were in whose hands, counted from the case files; rows in order of key and in no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from domain.incident import commands as c
from domain.incident import events as e
from domain.incident.words import Kind
from domain.territory import Level
from projections.engine import Views
from projections.holding import HoldingQuery, HoldingRow, holding
from projections.percentiles import ERROR
from projections.scope import Scope
from tests.projections.recomputation import PATH, Lines, day, steps
from tests.projections.test_response_time import exact, monday
from tests.projections.timing import Stint, stints
from tests.projections.town import Town
from tests.rules.scene import DISPATCH, DISTRICT, LEAD, OFFICER, SECRETARY, SOLVED, TERRITORY, hours, minutes, report

KeyOf = Callable[[str, Stint], str | None]


def _at(level: str) -> KeyOf:
    return lambda kind, one: getattr(one.place, level)


BY: dict[str, KeyOf] = {
    "all": lambda kind, one: None,
    "level": lambda kind, one: one.hands[0].value,
    "unit": lambda kind, one: one.hands[1],
    "officer": lambda kind, one: one.hands[2],
    "kind": lambda kind, one: kind,
    "city": lambda kind, one: "city",
    **{level: _at(level) for level in PATH},
    "day": lambda kind, one: day(one.line.effective_at),
    "week": lambda kind, one: monday(day(one.line.effective_at)),
    "month": lambda kind, one: day(one.line.effective_at)[:7],
}


def told(views: Views, scope: Scope | None = None, **query: Any) -> tuple[HoldingRow, ...]:
    return holding(views, scope or Scope.all(), HoldingQuery.model_validate(query), TERRITORY)


@pytest.fixture(scope="module")
def all_of_them(varied_files: list[Lines]) -> list[tuple[str, Stint]]:
    return [(list(steps(lines))[-1][1].standing.kind.value, one) for lines in varied_files for one in stints(lines)]


@pytest.mark.parametrize("by", BY)
def test_every_roll_up(varied_views: Views, all_of_them: list[tuple[str, Stint]], by: str) -> None:
    expected: dict[tuple[str | None, str | None], list[Stint]] = {}
    for kind, one in all_of_them:
        key = BY[by](kind, one) or None
        unknown = key is None and by in ("building", "grid", "estate")
        expected.setdefault((key, one.place.community if unknown else None), []).append(one)
    rows = told(varied_views, by=by)
    assert not any(row.suppressed for row in rows)
    assert {(row.key, row.community): row.stints for row in rows} == {key: len(one) for key, one in expected.items()}
    assert [row.key or "" for row in rows] == sorted(row.key or "" for row in rows), "in order of keys, no other"
    for row in rows:
        found = expected[row.key, row.community]
        lasted = [one.seconds for one in found]
        assert row.seconds == pytest.approx(sum(lasted))
        assert row.held
        for read, share in ((row.held.p50, 0.5), (row.held.p90, 0.9), (row.held.max, 1)):
            assert read == pytest.approx(exact(lasted, share), rel=ERROR, abs=0.01)
        stands = [one for one in found if isinstance(one.line.event, e.Resolved) and not one.undone]
        returned = sum(isinstance(one.line.event, e.Returned) for one in found)
        assert (row.returned, row.resolved) == (returned, len(stands))
        assert row.hops == sum(one.case.hops for one in stands)
        assert row.hops_per_case == (round(row.hops / len(stands), 2) if stands else None)


def test_the_histories_have_what_is_hard_to_count(all_of_them: list[tuple[str, Stint]]) -> None:
    """Else the roll-ups would be right for want of trying."""
    assert any(one.undone for _, one in all_of_them)
    assert any(isinstance(one.line.event, e.Returned) for _, one in all_of_them)
    assert any(one.case.hops and isinstance(one.line.event, e.Resolved) for _, one in all_of_them)
    assert {one.hands[0] for _, one in all_of_them} > {Level.GRID}
    assert len({one.hands[1:] for _, one in all_of_them}) > 3


def test_narrower_questions(varied_views: Views, all_of_them: list[tuple[str, Stint]]) -> None:
    def n(scope: Scope | None = None, **query: Any) -> int:
        return sum(row.stints or 0 for row in told(varied_views, scope, by="all", **query))

    days = sorted({day(one.line.effective_at) for _, one in all_of_them})
    assert n(unit="unit-lead") == sum(one.hands[1] == "unit-lead" for _, one in all_of_them) > 0
    assert n(officer="officer") == sum(one.hands[2] == "officer" for _, one in all_of_them) > 0
    assert n(level="grid") == sum(one.hands[0] == Level.GRID for _, one in all_of_them) < n()
    assert n(kind="dispute") == sum(kind == "dispute" for kind, _ in all_of_them) > 0
    within = [one for _, one in all_of_them if days[1] <= day(one.line.effective_at) <= days[2]]
    assert n(from_day=days[1], to_day=days[2]) == len(within)
    assert n(Scope.of("grid", Level.GRID)) == n(territory="grid") > 0
    assert n(Scope.of("grid", Level.GRID), territory="grid-2") == 0
    assert n(territory="nowhere") == 0


def test_rows_are_called_by_the_names_people_use(varied_views: Views) -> None:
    assert ("unit-lead", "lead单位") in {(row.key, row.name) for row in told(varied_views, by="unit")}
    assert ("grid", "网格") in {(row.key, row.name) for row in told(varied_views, by="level")}


def test_a_return_and_what_the_case_had_gone_through_before_it_was_resolved(town: Any) -> None:
    built: Town = town(
        OFFICER(report()),
        DISTRICT(c.Accept()),
        DISTRICT(DISPATCH, after=minutes(4)),
        LEAD(c.Return(reason="属于市政管网"), after=minutes(20)),
        OFFICER(c.Arrive(), after=hours(1)),
        OFFICER(SOLVED, after=hours(1)),
    )
    nobody, unit = told(built.views, by="unit")
    assert (unit.key, unit.stints, unit.seconds, unit.returned, unit.resolved) == ("unit-lead", 1, 20 * 60, 1, 0)
    assert (nobody.key, nobody.stints, nobody.seconds) == (None, 2, 5 * 60 + 2 * 3600)
    assert (nobody.resolved, nobody.hops, nobody.hops_per_case) == (1, 1, 1)


def test_one_or_two_stints_of_hardships_are_withheld(town: Any) -> None:
    hardships = [OFFICER(report(Kind.HARDSHIP), of=f"case-{nth}") for nth in range(3)]
    refused = [DISTRICT(c.Reject(reason="不归本区"), of=f"case-{nth}") for nth in range(3)]
    built: Town = town(*hardships, *refused[:2])
    asked: Sequence[dict[str, Any]] = ({"by": "kind"}, {"by": "grid", "kind": "hardship"})
    for query in asked:
        [row] = told(built.views, **query)
        assert (row.stints, row.seconds, row.held, row.resolved, row.suppressed) == (None, None, None, None, True)
    [row] = told(built.views, by="grid")
    assert row.stints == 2, "among all kinds they are nobody"


def test_three_are_told(town: Any) -> None:
    hardships = [OFFICER(report(Kind.HARDSHIP), of=f"case-{nth}") for nth in range(3)]
    built: Town = town(*hardships, *(DISTRICT(c.Reject(reason="不归本区"), of=f"case-{nth}") for nth in range(3)))
    [row] = told(built.views, by="kind")
    assert (row.stints, row.suppressed) == (3, False)


def test_the_result_of_a_hardship_that_passed_through_many_hands_is_withheld(town: Any) -> None:
    built: Town = town(
        OFFICER(report(Kind.HARDSHIP)),
        DISTRICT(c.Accept()),
        DISTRICT(DISPATCH),
        LEAD(c.Return(reason="属于市政管网")),
        DISTRICT(DISPATCH),
        OFFICER(c.Arrive()),
        OFFICER(SOLVED),
    )
    [row] = told(built.views, by="kind")
    assert (row.stints or 0) > 2, "hands are told"
    assert (row.resolved, row.hops, row.hops_per_case, row.suppressed) == (None, None, None, True)
    [row] = told(built.views, by="all")
    assert row.resolved == 1, "among all kinds it is nobody"


def test_of_a_voided_case_nobody_had_anything(town: Any) -> None:
    void = (OFFICER(c.RequestVoid(reason="误报")), SECRETARY(c.GrantVoid()))
    built: Town = town(OFFICER(report()), DISTRICT(c.Accept()), DISTRICT(DISPATCH), *void)
    assert told(built.views) == ()
