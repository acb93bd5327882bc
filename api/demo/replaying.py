"""Tell the stories to a casework: every command goes in by the same door as anybody's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from api.demo.stories import MERGES, STORIES, Deed
from domain.casework.application import Casework
from domain.casework.asking import Caller
from domain.casework.case_files import CaseFiles
from domain.casework.identifying import case_id_of
from domain.clocks import SHANGHAI
from domain.incident import commands as c
from domain.model import Command, Role
from domain.territory import Territory

DEMO = "demo"
"""The client they come from, and the door they come in by."""


class StoryClock:
    """The clock of a store that only holds the stories: it shows when they happened."""

    def __init__(self) -> None:
        self.now = datetime.fromisoformat("2020-01-01T00:00:00+08:00")

    def __call__(self) -> datetime:
        return self.now

    def set(self, local: str) -> None:
        self.now = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI)


@dataclass(frozen=True, slots=True)
class Told:
    """One story and the case it became."""

    title: str
    incident_id: str


class NotAlone(Exception):
    """The store holds something else."""


def holds_stories(files: CaseFiles) -> bool:
    """Whether they were told to this store before."""
    first = next(iter(STORIES.values()))[0]
    return bool(files.store.select_case(case_id_of(DEMO, f"story-{first.case}-00")))


async def replay_stories(casework: Casework, clock: StoryClock) -> list[Told]:
    """Replay all three; asked again, the keys are known and nothing is written twice."""
    cases: dict[str, str] = {}
    told = []
    for title, deeds in STORIES.items():
        for number, deed in enumerate(deeds):
            clock.set(deed.at)
            await _do(casework, cases, deed, f"story-{deed.case}-{number:02d}")
        told.append(Told(title, cases[deeds[0].case]))
    return told


async def _do(casework: Casework, cases: dict[str, str], deed: Deed, key: str) -> None:
    caller = caller_of(casework.territory, deed.actor, key)
    if isinstance(deed.command, c.Report):
        cases[deed.case] = (await casework.report(deed.command, caller)).incident_id
        if deed.case in MERGES:
            primary = cases[MERGES[deed.case]]
            merge = c.Merge(into=primary, reason="同一处地下层积水，重复反映")
            await casework.act(cases[deed.case], merge, caller_of(casework.territory, deed.actor, f"{key}-merge"))
    else:
        await casework.act(cases[deed.case], _step(deed.command), caller)


def _step(command: Command) -> c.Step | c.PairedStep:
    if not isinstance(command, c.Step | c.PairedStep):
        raise TypeError(f"{command.name} is not asked of an open case")
    return command


def caller_of(territory: Territory, actor: str, key: str) -> Caller:
    """A member of staff as registered; anybody else is a resident."""
    staff = next((member for member in territory.staff if member.id == actor), None)
    if staff is None:
        return Caller(client=DEMO, key=key, actor=actor, role=Role.RESIDENT, channel=DEMO)
    return Caller(client=DEMO, key=key, actor=actor, role=staff.role, scope=staff.scope, unit=staff.unit, channel=DEMO)
