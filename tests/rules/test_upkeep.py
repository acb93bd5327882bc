"""时限与值守: what the service itself writes, when time has passed or the map was redrawn."""

from collections.abc import Iterable

import pytest

from domain.clocks import deadline
from domain.duty import Roster, Shift
from domain.incident import commands as c
from domain.incident import rules
from domain.incident.due import Due
from domain.incident.events import DeadlineDetermined, DutyCalled, Redrawn
from domain.incident.keys import keys_of
from domain.incident.words import Call, ClockName, Kind, Stage
from domain.model import Role
from domain.territory import Place, Staff, Territory
from tests.rules.rows import Row, passes, refused
from tests.rules.scene import (
    CLOCKS,
    DISTRICT,
    MORNING,
    OFFICER,
    PUBLISHED,
    REDRAWN,
    SECRETARY,
    SYSTEM,
    TERRITORY,
    WAITING,
    Actor,
    Scene,
    days,
    hours,
    minutes,
    report,
    until,
)

CALL = c.CallDuty()
REPORTED = (OFFICER(report(Kind.EMERGENCY, urgency=1)),)
ROWS = (
    refused(
        rules.UPKEEP,
        "an officer says that duty was called",
        *REPORTED,
        when=OFFICER(CALL),
        says="“呼叫值班”由系统按时限和辖区自动办理，不由人工填报。",
    ),
    passes(rules.UPKEEP, "the service calls duty", *REPORTED, when=SYSTEM(CALL), then=(DutyCalled,)),
    passes(
        rules.UPKEEP,
        "an administrator makes up for a service that stood still",
        *REPORTED,
        when=Actor("admin", Role.ADMIN)(CALL),
        then=(DutyCalled,),
    ),
)


def calls(scene: Scene) -> list[tuple[Call, ClockName | None]]:
    """What is called now, as the service would."""
    events = scene.take(SYSTEM(CALL, after=minutes(0)))
    assert scene.ask(SYSTEM(CALL, after=minutes(0))) == []
    return [(event.about, event.clock) for event in events if isinstance(event, DutyCalled)]


def test_a_landing_and_every_light_is_told_once() -> None:
    scene = Scene().play(*REPORTED)
    assert calls(scene) == [(Call.LANDED, None)]
    told = []
    for _ in range(40):
        scene.now += minutes(1)
        told += [(*call, (scene.now - scene.case.reported_at) // minutes(1)) for call in calls(scene)]
    assert told == [
        (Call.YELLOW, ClockName.ACCEPT, 12),
        (Call.RED, ClockName.ACCEPT, 15),
        (Call.YELLOW, ClockName.ARRIVE, 24),
        (Call.RED, ClockName.ARRIVE, 30),
    ]


def test_after_standing_still_only_the_last_light_of_each_clock_is_told() -> None:
    scene = Scene().play(*REPORTED)
    scene.now += hours(5)
    assert calls(scene) == [(Call.LANDED, None), (Call.RED, ClockName.ACCEPT), (Call.RED, ClockName.ARRIVE)]
    assert Due.of(scene.case, CLOCKS).call_at is None


def test_an_extension_turns_the_light_back_and_it_is_told_anew() -> None:
    scene = Scene().play(*until(Stage.HANDLING, urgency=1))
    scene.now = scene.case.clocks[0].started_at + minutes(110)
    assert (Call.YELLOW, ClockName.HANDLE) in calls(scene)
    scene.play(OFFICER(c.RequestExtension(reason="等配件")), SECRETARY(c.GrantExtension()))
    assert calls(scene) == []
    scene.now += hours(2)
    assert calls(scene) == [(Call.YELLOW, ClockName.HANDLE)]


@pytest.mark.parametrize("stage", [Stage.MERGED, Stage.REJECTED, Stage.WITHDRAWN, Stage.VOIDED, Stage.CLOSED])
def test_nobody_is_called_for_what_is_over(stage: Stage) -> None:
    scene = Scene().play(*until(stage))
    due = Due.of(scene.case, CLOCKS)
    assert (due.running, due.call_at, due.first) == ((), None, (None, None))


def test_it_lands_anew_wherever_it_is_escalated_to() -> None:
    scene = Scene().play(*until(Stage.HANDLING))
    calls(scene)
    scene.play(OFFICER(c.Escalate(to="community")))
    assert (Call.LANDED, None) in calls(scene)


def staffed(staff: Iterable[Staff]) -> Territory:
    """The same places with these people."""
    return Territory(nodes=TERRITORY.nodes, units=TERRITORY.units, staff=tuple(staff))


def called(scene: Scene, territory: Territory = TERRITORY, *shifts: tuple[str, str]) -> tuple[str, ...]:
    """Who is called for the landing, with these shifts (node, staff) now."""
    scene.territory = territory
    now = MORNING - days(1), MORNING + days(30)
    scene.roster = Roster(
        shifts=tuple(Shift(node=node, staff=staff, starts=now[0], ends=now[1]) for node, staff in shifts)
    )
    [*_, event] = [event for event in scene.ask(SYSTEM(CALL)) if isinstance(event, DutyCalled) and event.clock is None]
    return event.to


def test_whoever_is_called_is_the_nearest_on_duty_else_on_post() -> None:
    landed = Scene().play(*REPORTED)
    assert called(landed, TERRITORY, ("street", "street-desk"), ("grid", "colleague")) == ("colleague",)
    assert called(landed, TERRITORY, ("street", "street-desk"), ("district", "district-desk")) == ("street-desk",)
    assert called(landed, TERRITORY, ("street", "street-desk"), ("grid", "who-left")) == ("street-desk",)
    assert called(landed) == ("officer",)
    escalated = Scene().play(*until(Stage.HANDLING), OFFICER(c.Escalate(to="community")))
    assert called(escalated, TERRITORY, ("grid", "colleague")) == ("secretary",)


def test_nobody_in_office_is_nobody_told_until_there_is_somebody() -> None:
    landed = Scene().play(*REPORTED)
    landed.territory = staffed(())
    assert landed.ask(SYSTEM(CALL)) == []
    landed.territory = TERRITORY
    assert calls(landed) == [(Call.LANDED, None)]


def test_an_officer_who_left_is_called_no_more() -> None:
    scene = Scene().play(*until(Stage.HANDLING, urgency=1), SECRETARY(c.Assign(officer="officer")))
    gone = (member.model_copy(update={"released": member.id == "officer"}) for member in TERRITORY.staff)
    assert "officer" not in called(scene, staffed(gone))


def test_a_unit_hears_of_what_is_sent_to_it_and_of_its_lights() -> None:
    scene = Scene().play(*until(Stage.ACCEPTED, urgency=1))
    calls(scene)
    scene.play(DISTRICT(c.Dispatch(lead="unit-lead")))
    [landed] = scene.take(SYSTEM(CALL))
    assert isinstance(landed, DutyCalled)
    assert (landed.about, landed.to) == (Call.LANDED, ("lead-desk",))
    scene.now += hours(3)
    [late] = scene.take(SYSTEM(CALL))
    assert isinstance(late, DutyCalled)
    assert (late.clock, late.to) == (ClockName.HANDLE, ("officer", "lead-desk"))


def test_whoever_is_whistled_for_is_called_and_hears_when_it_is_late() -> None:
    scene = Scene().play(*until(Stage.HANDLING, urgency=4))
    calls(scene)
    scene.play(SECRETARY(c.RequestHelp(source="department", whom="unit-lead", request="请检测")))
    [landed] = scene.take(SYSTEM(CALL))
    scene.now += minutes(31)
    [late] = scene.take(SYSTEM(CALL))
    assert isinstance(landed, DutyCalled)
    assert isinstance(late, DutyCalled)
    assert (landed.to, late.clock, late.to) == (("lead-desk",), ClockName.HELP, ("lead-desk",))


def test_a_case_handed_over_lands_with_its_new_officer() -> None:
    scene = Scene().play(*until(Stage.HANDLING), SECRETARY(c.Assign(officer="officer")))
    calls(scene)
    scene.play(OFFICER(c.HandOver(officer="colleague")))
    [landed] = scene.take(SYSTEM(CALL))
    assert isinstance(landed, DutyCalled)
    assert landed.to == ("colleague",)


CORRECT = OFFICER(c.RequestCorrection(urgency=4, reason="登记有误"))


def test_no_correction_takes_back_that_a_case_was_overdue() -> None:
    """domain.md §7: deadlines edited afterwards are the first thing people complain about."""
    late = Scene().play(*until(Stage.HANDLING, urgency=1))
    late.now += hours(3)
    due = keys_of(late.case, CLOCKS).handle_due_at
    late.play(CORRECT, SECRETARY(c.GrantCorrection()))
    assert (late.case.standing.urgency, keys_of(late.case, CLOCKS).handle_due_at) == (4, due)
    resolved = Scene().play(
        *until(
            Stage.RESOLVED, urgency=1, meanwhile={Stage.HANDLING: (OFFICER(c.TakeAction(note="等"), after=hours(3)),)}
        )
    )
    due = keys_of(resolved.case, CLOCKS).handle_due_at
    resolved.play(CORRECT, SECRETARY(c.GrantCorrection()))
    assert keys_of(resolved.case, CLOCKS).handle_due_at == due


def test_a_correction_in_time_brings_its_own_limit() -> None:
    scene = Scene().play(*until(Stage.HANDLING, urgency=1), CORRECT, SECRETARY(c.GrantCorrection()))
    handle = scene.case.handle
    assert handle is not None
    limit = CLOCKS.table_at(MORNING).handle[4]
    assert keys_of(scene.case, CLOCKS).handle_due_at == handle.deadline(limit, CLOCKS.calendar_at(MORNING)).due


def test_having_to_attend_begins_when_it_is_said() -> None:
    scene = Scene().play(OFFICER(report(urgency=4)))
    scene.now += hours(3)
    scene.play(OFFICER(c.RequestCorrection(kind="emergency", reason="有人受伤")), SECRETARY(c.GrantCorrection()))
    assert (Call.RED, ClockName.ARRIVE) not in calls(scene)
    scene.now += minutes(31)
    assert (Call.RED, ClockName.ARRIVE) in calls(scene)


def test_what_is_a_duplicate_stands_still() -> None:
    scene = Scene().play(*until(Stage.HANDLING, urgency=1, of="other"), *until(Stage.HANDLING, urgency=1))
    due = keys_of(scene.case, CLOCKS).handle_due_at
    scene.play(
        SECRETARY(c.Merge(into="other", reason="同一处")), SECRETARY(c.Unmerge(reason="不是同一处"), after=hours(30))
    )
    assert due is not None
    assert keys_of(scene.case, CLOCKS).handle_due_at == due + hours(30)


def test_a_clock_begun_after_its_year_was_published_raises_no_alarm() -> None:
    scene = Scene(WAITING).play(*until(Stage.REPORTED, urgency=3))
    calls(scene)
    scene.clocks = PUBLISHED
    scene.play(DISTRICT(c.Accept()))
    assert calls(scene) == []
    [event] = scene.take(SYSTEM(c.DetermineDeadlines()))
    assert isinstance(event, DeadlineDetermined)


def test_a_split_grid_sends_its_cases_where_their_building_lies_now() -> None:
    at_home, somewhere = Scene(), Scene()
    at_home.play(OFFICER(report(building="building")))
    somewhere.play(OFFICER(report()))
    for scene in (at_home, somewhere):
        assert scene.ask(SYSTEM(c.Redraw())) == []
        scene.territory = REDRAWN
    [event] = at_home.take(SYSTEM(c.Redraw()))
    assert isinstance(event, Redrawn)
    assert (event.was.grid, event.place.grid, event.place.building) == ("grid", "grid-east", "building")
    assert at_home.ask(SYSTEM(c.Redraw())) == []
    somewhere.play(SYSTEM(c.Redraw()))
    assert somewhere.case.standing.place == Place(district="district", street="street", community="community")


def test_a_correction_asked_for_before_the_map_changed_does_not_put_the_case_back() -> None:
    scene = Scene().play(
        OFFICER(report(building="building")), OFFICER(c.RequestCorrection(urgency=2, reason="险情扩大"))
    )
    scene.territory = REDRAWN
    scene.play(SYSTEM(c.Redraw()), SECRETARY(c.GrantCorrection()))
    assert (scene.case.standing.urgency, scene.case.standing.place.grid) == (2, "grid-east")


def test_a_due_time_waits_for_its_calendar_and_is_then_fixed_by_an_event() -> None:
    scene = Scene(WAITING).play(*until(Stage.HANDLING, urgency=3))
    assert (Call.UNDETERMINED, ClockName.HANDLE) in calls(scene)
    assert keys_of(scene.case, WAITING).handle_due_at is None
    scene.clocks = PUBLISHED
    [event] = scene.take(SYSTEM(c.DetermineDeadlines()))
    assert isinstance(event, DeadlineDetermined)
    limit = PUBLISHED.tables[scene.case.rules].handle[3]
    [accepted] = [clock.started_at for clock in scene.case.clocks if clock.name is ClockName.HANDLE]
    assert keys_of(scene.case, PUBLISHED).handle_due_at == deadline(limit, accepted, PUBLISHED.calendar_at(MORNING)).due
    assert scene.ask(SYSTEM(c.DetermineDeadlines())) == []


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_service_alone_does_its_upkeep(row: Row) -> None:
    row.check()
