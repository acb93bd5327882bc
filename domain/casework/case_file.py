"""The case file as people read it: folded from the stream each time, never stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from domain.casework.case_notes import (
    CallNote,
    CardNote,
    CommitmentNote,
    EvidenceNote,
    FollowUpNote,
    MeetingNote,
    Money,
    RequestNote,
    ResponseSeconds,
    Times,
    Utc,
)
from domain.casework.recording import RecordedEvent
from domain.incident import events as e
from domain.incident.evolve import replay
from domain.incident.state import Incident
from domain.incident.words import Kind, OutcomeCode, Source, Stage
from domain.model import Category, Minor, Model, Person, Personal, Point, Urgency
from domain.territory import Level, Place

Lines = Sequence[RecordedEvent]
Kept = TypeVar("Kept", bound=e.IncidentEvent)


class CaseFile(Model):
    """案卷: one case as of its `version`. Labels are for people, codes for programs."""

    incident_id: str
    version: int
    number: str | None
    stage: Stage
    stage_label: str
    kind: Kind
    kind_label: str
    urgency: Urgency
    category: Category
    place: Place
    place_names: dict[str, str]
    also_grids: tuple[str, ...]
    source: Source
    description: Personal[str]
    address: Personal[str]
    position: Personal[Point | None]
    reporter: Person | None
    on_behalf_of: Person | Minor | None
    officer: str | None
    officer_name: str | None
    lead: str | None
    lead_name: str | None
    co_handlers: tuple[str, ...]
    binding: bool
    held_by: Level
    returns: int
    cycle: int
    reworks: int
    suspended_until: Utc | None
    merged_into: str | None
    duplicates: tuple[str, ...]
    outcome_code: OutcomeCode | None
    outcome: Personal[str | None]
    times: Times
    response_seconds: ResponseSeconds
    meetings: tuple[MeetingNote, ...]
    commitments: tuple[CommitmentNote, ...]
    calls: tuple[CallNote, ...]
    cards: tuple[CardNote, ...]
    follow_ups: tuple[FollowUpNote, ...]
    pending: tuple[RequestNote, ...]
    money: Money
    evidence: tuple[EvidenceNote, ...]


def case_file(lines: Lines, names: Mapping[str, str], as_read: Lines | None = None) -> CaseFile:
    """Fold a whole case file (at least its first line); `names` maps ids of staff, units, places to names.

    `as_read`: the same lines as somebody may read them, if not everything.
    """
    case = replay(lines[0].case_id, ((line.event, line.by) for line in lines))
    lines = as_read or lines
    first = lines[0].event
    if not isinstance(first, e.Reported):
        raise ValueError("a case file begins with incident.reported")
    corrected = [event for event in _events(lines, e.CorrectionGranted) if event.description]
    dispatched = _last(lines, e.Dispatched)
    accepted = _last(lines, e.Accepted)
    resolved = _last(lines, e.Resolved) if case.resolved_at else None
    times = _times(lines, case)
    place = case.standing.place
    return CaseFile(
        incident_id=case.id,
        version=lines[-1].version,
        number=accepted.number if accepted else None,
        stage=case.stage,
        stage_label=case.stage.label,
        kind=case.standing.kind,
        kind_label=case.standing.kind.label,
        urgency=case.standing.urgency,
        category=case.standing.category,
        place=place,
        place_names={level: names.get(node, node) for level, node in place.model_dump(exclude_none=True).items()},
        also_grids=first.also_grids,
        source=first.source,
        description=corrected[-1].description if corrected else first.description,
        address=first.address,
        position=first.position,
        reporter=first.reporter,
        on_behalf_of=first.on_behalf_of,
        officer=case.officer,
        officer_name=names.get(case.officer or ""),
        lead=case.lead,
        lead_name=names.get(case.lead or ""),
        co_handlers=dispatched.co_handlers if dispatched and case.lead else (),
        binding=case.binding,
        held_by=case.held_by,
        returns=case.returns,
        cycle=case.cycle,
        reworks=case.reworks,
        suspended_until=next((ends for _, ends in case.pauses if ends > lines[-1].effective_at), None),
        merged_into=case.merged_into,
        duplicates=tuple(case.duplicates),
        outcome_code=case.outcome,
        outcome=resolved.outcome if resolved else None,
        times=times,
        response_seconds=_response(times, case),
        meetings=tuple(
            MeetingNote(
                held_at=line.effective_at, **line.event.model_dump(include={"attendance", "agreement", "failed"})
            )
            for line in lines
            if isinstance(line.event, e.MeetingHeld)
        ),
        commitments=_commitments(lines),
        calls=_calls(lines, names),
        cards=tuple(
            CardNote(card=line.event.card, level=line.event.level, demand=line.event.demand, at=line.effective_at)
            for line in lines
            if isinstance(line.event, e.Supervised)
        ),
        follow_ups=tuple(
            FollowUpNote(person=line.event.person, answer=line.event.answer, note=line.event.note, at=line.effective_at)
            for line in lines
            if isinstance(line.event, e.FollowedUp)
        ),
        pending=tuple(RequestNote(request=request, by=asked.by) for request, asked in case.pending.items()),
        money=_money(case),
        evidence=_evidence(lines),
    )


def as_known(lines: Lines, version: int | None = None, at: datetime | None = None) -> list[RecordedEvent]:
    """The lines up to a version, and of those what was recorded by a time; all of them when neither is given."""
    return [
        line
        for line in lines
        if (version is None or line.version <= version) and (at is None or line.recorded_at <= at)
    ]


def people_of(lines: Lines) -> dict[str, str]:
    """What to call the residents of a case, by subject; minors are not called by name."""
    first = lines[0].event
    if not isinstance(first, e.Reported):
        return {}
    known = [first.reporter, first.on_behalf_of]
    known += [person.guardian for person in known if isinstance(person, Minor)]
    return {person.subject: person.name for person in known if isinstance(person, Person)}


def _events(lines: Lines, kind: type[Kept]) -> list[Kept]:
    return [line.event for line in lines if isinstance(line.event, kind)]


def _last(lines: Lines, kind: type[Kept]) -> Kept | None:
    return next(iter(reversed(_events(lines, kind))), None)


def _times(lines: Lines, case: Incident) -> Times:
    latest_first = lines[::-1]

    def at(kind: type[e.IncidentEvent], among: Lines) -> datetime | None:
        return next((line.effective_at for line in among if isinstance(line.event, kind)), None)

    def last(kind: type[e.IncidentEvent], *in_stages: Stage) -> datetime | None:
        """A case that stands so came to it in this cycle, and last."""
        return at(kind, latest_first) if case.stage in in_stages else None

    began = [event.began_at for event in _events(lines, e.CorrectionGranted) if event.began_at]
    reported = _events(lines, e.Reported)[0]
    return Times(
        reported=case.reported_at,
        began=began[-1] if began else reported.began_at,
        accepted=at(e.Accepted, lines),
        dispatched=at(e.Dispatched, latest_first),
        signed_for=at(e.SignedFor, latest_first),
        arrived=at(e.Arrived, lines),
        resolved=last(e.Resolved, Stage.RESOLVED, Stage.CHECKED, Stage.CLOSED, Stage.ARCHIVED),
        checked=last(e.CheckPassed, Stage.CHECKED, Stage.CLOSED, Stage.ARCHIVED),
        closed=last(e.Closed, Stage.CLOSED, Stage.ARCHIVED),
        archived=last(e.Archived, Stage.ARCHIVED),
    )


def _response(times: Times, case: Incident) -> ResponseSeconds:
    def seconds(start: datetime | None, end: datetime | None) -> float | None:
        return (end - start).total_seconds() if start and end else None

    return ResponseSeconds(
        accept=seconds(times.reported, times.accepted),
        arrive=seconds(times.reported, times.arrived),
        resolve=seconds(case.cycle_began_at, times.resolved),
        close=seconds(times.resolved, times.closed),
    )


def _commitments(lines: Lines) -> tuple[CommitmentNote, ...]:
    kept = {event.commitment for event in _events(lines, e.CommitmentKept)}
    broken = {event.commitment for event in _events(lines, e.CommitmentBroken)}
    promises = [promise for held in _events(lines, e.MeetingHeld) for promise in held.commitments]
    return tuple(
        CommitmentNote(
            commitment=number,
            who=promise.who,
            what=promise.what,
            due=promise.due,
            kept=True if number in kept else False if number in broken else None,
        )
        for number, promise in enumerate(promises, start=1)
    )


def _calls(lines: Lines, names: Mapping[str, str]) -> tuple[CallNote, ...]:
    answers = {
        line.event.help: (line.effective_at, line.event) for line in lines if isinstance(line.event, e.HelpAnswered)
    }
    calls = []
    for call in _events(lines, e.HelpRequested):
        answered_at, answer = answers.get(call.help, (None, None))
        calls.append(
            CallNote(
                help=call.help,
                source=call.source,
                whom=call.whom,
                whom_name=names.get(call.whom, call.whom),
                request=call.request,
                answered_at=answered_at,
                came=answer.came if answer else (),
                finding=answer.finding if answer else "",
            )
        )
    return tuple(calls)


def _evidence(lines: Lines) -> tuple[EvidenceNote, ...]:
    return tuple(
        EvidenceNote(
            version=line.version,
            at=line.effective_at,
            digest=line.event.digest,
            media_type=line.event.media_type,
            size=line.event.size,
            caption=line.event.caption,
            positioned=bool(line.event.position),
            there=bool(line.event.file),
        )
        for line in lines
        if isinstance(line.event, e.EvidenceAdded)
    )


def _money(case: Incident) -> Money:
    purse = case.purse
    return Money(
        advanced=purse.advanced,
        contributed=purse.contributed,
        granted=purse.granted,
        refunded=purse.refunded,
        paid=purse.paid,
        returned=purse.given_back + purse.handed_to_funds,
        balance=purse.balance,
        outstanding=purse.outstanding,
    )
