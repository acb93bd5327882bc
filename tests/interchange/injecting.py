"""Violations put into exported histories: each is one that the rules would have refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

from projections.interchange.telling import Told

Case = list[Told]
Violation = Callable[[Case], Case | None]
"""A history with the violation in it; None where it has no place for one."""
ATTENDED = ("incident.resolved/came", "incident.resolved/agreed", "incident.resolved/tried")


def nobody_came(case: Case) -> Case | None:
    """三必到: resolved, and nobody was on site before."""
    resolved = _first(case, *ATTENDED)
    if resolved is None:
        return None
    return [one for nth, one in enumerate(case) if nth > resolved or one.type != "incident.arrived"]


def not_mediated(case: Case) -> Case | None:
    """A dispute settled, and nobody sat together before."""
    resolved = _first(case, "incident.resolved/agreed")
    if resolved is None:
        return None
    left = {"incident.meeting_held/agreed", "incident.action_taken/agreed"}
    return [one for nth, one in enumerate(case) if nth > resolved or activity(one) not in left]


def not_checked(case: Case) -> Case | None:
    """Closed without a check."""
    return _without_the_last(case, "incident.check_passed", before="incident.closed")


def not_accepted(case: Case) -> Case | None:
    """Dispatched before it was accepted."""
    accepted, dispatched = _first(case, "incident.accepted"), _first(case, "incident.dispatched")
    if accepted is None or dispatched is None:
        return None
    sent = case[dispatched]
    return [*case[:accepted], sent, *case[accepted:dispatched], *case[dispatched + 1 :]]


def after_the_archive(case: Case) -> Case | None:
    """Something happens to a case that was archived."""
    archived = _first(case, "incident.archived")
    again = _first(case, "incident.duty_called", "incident.arrived", "incident.cost_paid", "incident.followed_up")
    return None if archived is None or again is None else [*case, case[again]]


def closed_twice(case: Case) -> Case | None:
    """Closed, and closed again."""
    return _again(case, "incident.closed")


def reported_twice(case: Case) -> Case | None:
    return _again(case, "incident.reported")


def granted_unasked(case: Case) -> Case | None:
    """Granted, and nobody had asked."""
    for what in ("extension", "suspension", "correction", "void"):
        if found := _without_the_last(case, f"incident.{what}_requested", before=f"incident.{what}_granted"):
            return found
    return None


def never_parted(case: Case) -> Case | None:
    """Handled on its own again, and was never parted from its primary."""
    unmerged = next((nth for nth, one in enumerate(case) if one.type == "incident.unmerged"), None)
    if unmerged is None or unmerged + 1 == len(case):
        return None
    later = {"incident.followed_up", "incident.withdrawn"}  # a duplicate's people may still do
    return None if case[unmerged + 1].type in later else [*case[:unmerged], *case[unmerged + 1 :]]


VIOLATIONS: tuple[Violation, ...] = (
    *(nobody_came, not_mediated, not_checked, not_accepted, after_the_archive),
    *(closed_twice, reported_twice, granted_unasked, never_parted),
)


def injected(cases: dict[str, Case], draw: Random) -> Iterator[tuple[str, str | None, Case]]:
    """Each case, about half of them with a violation (its name) where there is room for any."""
    for id, case in cases.items():
        fitting = {one.__name__: found for one in VIOLATIONS if (found := one(case)) is not None}
        if not fitting or draw.random() < 0.5:
            yield id, None, case
        else:
            name = draw.choice(sorted(fitting))
            yield id, name, _restamped(fitting[name])


def _restamped(case: Case) -> Case:
    """With times that rise in the order the events are in now, or readers would put them back."""
    return [one._replace(time=time) for one, time in zip(case, sorted(one.time for one in case), strict=True)]


def by_case(events: Sequence[Told]) -> dict[str, Case]:
    """The histories of cases, by the ids of these."""
    found: dict[str, Case] = {}
    for one in events:
        about, _ = next(iter(one.relations))
        if about.type == "case":
            found.setdefault(about.id, []).append(one)
    return found


def activity(event: Told) -> str:
    return str(event.attributes["activity"])


def _first(case: Case, *activities: str) -> int | None:
    return next((nth for nth, one in enumerate(case) if activity(one) in activities), None)


def _again(case: Case, name: str) -> Case | None:
    there = _first(case, name)
    return None if there is None else [*case[: there + 1], case[there], *case[there + 1 :]]


def _without_the_last(case: Case, left_out: str, *, before: str) -> Case | None:
    end = _first(case, before)
    if end is None:
        return None
    there = max(nth for nth, one in enumerate(case[:end]) if one.type == left_out)
    return [*case[:there], *case[there + 1 :]]
