"""Our casework, and cases of ten events in it, each opened by ten real commands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from domain.casework.application import Casework
from domain.casework.asking import Caller
from domain.casework.books import books
from domain.incident import commands as c
from domain.incident.events.coordination import Attendance, Promise
from domain.incident.words import Capacity, Kind, Source
from domain.model import Person
from domain.territory import Staff, Territory
from tests.bench.courses import NOTES, TROUBLES
from tests.bench.district import Crew, District
from tests.bench.generator import time_ordered
from tests.bench.measuring import event_loop, in_flight
from tests.bench.stores import Place

SECRET = b"only for the bench, no secret at all"


def casework(place: Place, territory: Territory) -> Casework:
    """Casework on the case files of a place, as the service has it."""
    return Casework(place.case_files(), books(), territory, secret=SECRET)


def cases_in(place: Place, town: District, rnd: Random, count: int) -> list[str]:
    """Put so many cases of ten events into a place; return their ids."""

    async def put() -> list[str]:
        work = casework(place, town.territory)
        try:
            return await open_cases(work, town, rnd, count)
        finally:
            await work.aclose()

    with event_loop() as loop:
        return loop.run(put())


def caller(who: Staff, rnd: Random) -> Caller:
    """A member of staff with a new, time-ordered key."""
    key = str(time_ordered(rnd, datetime.now(UTC)))
    return Caller(client=who.id, key=key, actor=who.id, role=who.role, scope=who.scope, unit=who.unit)


async def open_cases(work: Casework, place: District, rnd: Random, count: int) -> list[str]:
    """Open so many disputes of ten events, each in the hands of its grid's crew; return their ids."""
    opened: list[str] = []

    async def open_one(crew: Crew) -> None:
        receipt = await work.report(_report(crew, rnd), caller(crew.community, rnd))
        for who, command in _nine_steps(crew):
            receipt = await work.act(receipt.incident_id, command, caller(who, rnd))
        opened.append(receipt.incident_id)

    await in_flight(open_one, (rnd.choice(place.crews) for _ in range(count)))
    return opened


def _report(crew: Crew, rnd: Random) -> c.Report:
    return c.Report(
        kind=Kind.DISPUTE,
        urgency=3,
        category="1302",
        grid=crew.grid,
        source=Source.HOTLINE,
        description=rnd.choice(TROUBLES),
        address=f"{crew.grid}号楼前",
        reporter=Person(subject=f"s-{rnd.getrandbits(128):032x}", name="某居民", phone="13800000000"),
    )


def _nine_steps(crew: Crew) -> Iterator[tuple[Staff, c.Step]]:
    soon = datetime.now(UTC) + timedelta(days=1)
    sides = (Capacity.PARTY, Capacity.OWNERS, Capacity.PROPERTY)
    seats = tuple(Attendance(capacity=side, name="到会者") for side in sides)
    promise = Promise(who="当事人", what="拆除新门、恢复原状", due=soon)
    yield crew.community, c.Accept()
    yield crew.community, c.Dispatch(lead=crew.unit.unit or "")
    yield crew.unit, c.SignFor()
    yield crew.community, c.Assign(officer=crew.officer.id)
    yield crew.officer, c.Arrive(note="到场查看，先做好安全防护")
    yield crew.officer, c.TakeAction(note=NOTES[0])
    yield crew.officer, c.AddEvidence(digest="9f86d081" * 8, media_type="image/jpeg", size=204_800)
    yield crew.community, c.ConveneMeeting(meets_at=soon, invited=sides, agenda="通行道纠纷")
    yield crew.community, c.HoldMeeting(attendance=seats, agreement="恢复原门，让出通行道", commitments=(promise,))
