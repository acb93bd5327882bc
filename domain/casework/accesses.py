"""查阅留痕 as it is kept: a stream for each subject whose sensitive fields were read, beside the case and not in it.

Nothing sensitive leaves here before it is durable who reads it, what for, and which fields.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple
from uuid import UUID

from eventsourcing.persistence import PersistenceError
from pydantic import JsonValue

from domain.access import Looked, Reveal
from domain.casework.asking import Caller, KeyReused, NotFound, Receipt
from domain.casework.drafting import Draft
from domain.casework.identifying import mac_of
from domain.casework.recording import AccessLine, RecordedEvent, stream_of_accesses
from domain.casework.redactions import RESTRICTED, said_in, shown
from domain.casework.registers import Registers
from domain.casework.streams import Streams
from domain.incident.events import EvidenceAdded
from domain.model import Role
from domain.privacy import ERASED, parts_of
from domain.retention import Erasures

ATTEMPTS = 30


class SensitiveField(NamedTuple):
    """What a line of a case says that is sensitive, and of whom; `there` says whether it can be read."""

    at: Looked
    label: str
    """What happened in that line, in a word."""
    subject: str
    there: bool
    value: JsonValue
    """`ERASED` or `RESTRICTED` where it is not there."""


class Revealed(NamedTuple):
    """Where it is recorded, with the version of the case that was read, and the fields."""

    receipt: Receipt
    fields: list[SensitiveField]


class Accesses:
    """The way in for whoever has to read what is sensitive, and the way back to who did."""

    def __init__(self, streams: Streams, registers: Registers, *, secret: bytes) -> None:
        self._streams, self._registers, self._secret = streams, registers, secret

    async def reveal(self, case_id: str, command: Reveal, caller: Caller, file: int | None = None) -> Revealed:
        """Record it, then tell the sensitive fields of a case, or whether the file of its version `file` is there.

        Whether they may read the case is not asked here.
        Sent again with its key it writes nothing, and tells of what was recorded whatever is still there.
        Raises `NotFound`, `Refused`, `KeyReused`, or the store's `PersistenceError`.
        """
        asked = f"access/{case_id}" if file is None else f"access/{case_id}/{file}"
        mac = mac_of(self._secret, asked, command)
        for _ in range(ATTEMPTS):
            await self._registers.refresh()
            in_force, erasures = self._registers.next_versions, self._registers.erasures
            case = await self._streams.read(UUID(case_id), 0, RecordedEvent)
            if not case:
                raise NotFound(case_id)
            found = list(sensitive_fields(case, erasures, caller.role))
            if file is not None:
                found = list(files_of(case, erasures, caller.role, file))
            kept = await self._kept(case_id, found)
            known = _same_again(chain(*kept.values()), case_id, caller, mac)
            if known:
                return _told(case_id, known, found)
            lines = self._drafted(case, command, caller, mac, found, kept)
            if written := await self._streams.append(lines, in_force):
                return _told(case_id, written, found)
        raise PersistenceError("too many write to the register of accesses at once")

    async def of_case(self, case: Sequence[RecordedEvent]) -> list[AccessLine]:
        """Whoever read something sensitive of a case, in order; from the store."""
        case_id = case[0].case_id
        kept = await self._kept(case_id, sensitive_fields(case, self._registers.erasures, Role.AUDITOR))
        of_it = (line for line in chain(*kept.values()) if line.event.incident == case_id)
        return sorted(of_it, key=lambda line: line.position)

    async def _kept(self, case_id: str, found: Iterable[SensitiveField]) -> dict[str, list[AccessLine]]:
        """By subject of a case, everything that was read of them, here or in other cases."""
        subjects = list(dict.fromkeys([UUID(case_id).hex, *(one.subject for one in found)]))
        read = [self._streams.read(stream_of_accesses(subject), 0, AccessLine) for subject in subjects]
        return dict(zip(subjects, await asyncio.gather(*read), strict=True))

    def _drafted(
        self,
        case: Sequence[RecordedEvent],
        command: Reveal,
        caller: Caller,
        mac: str,
        found: Iterable[SensitiveField],
        kept: dict[str, list[AccessLine]],
    ) -> list[AccessLine]:
        """The lines to write. From here to the append nothing is awaited. Raises `Refused`."""
        before = [line.recorded_at for line in chain(*kept.values())]
        act = self._registers.act(caller, command.occurred_at, before)
        act = replace(act, effective_at=act.recorded_at)
        there = dict[str, list[Looked]]()
        for one in found:
            if one.there:
                there.setdefault(one.subject, []).append(one.at)
        draft = Draft(caller, command.name, mac, act)
        decided = command.decide(case[0].case_id, case[-1].version, there, act)
        return [draft.of_access(subject, event, len(kept[subject])) for subject, event in decided.items()]


def sensitive_fields(case: Sequence[RecordedEvent], erasures: Erasures, role: Role) -> Iterator[SensitiveField]:
    """Every sensitive field of a case, as somebody in that capacity may read it once they said what for."""
    for line, seen in zip(case, shown(case, erasures, role), strict=True):
        text, parts = UUID(line.case_id).hex, parts_of(type(line.event))
        now = {said.path: said.holder[said.name] for said in said_in(seen)}
        subjects = {said.path: (said.subject or text, said.holder[said.name]) for said in said_in(line)}
        for path in dict.fromkeys([*subjects, *line.erased]):
            subject, value = subjects.get(path, (text, None))
            whole = parts.at(path)
            if whole is None or whole.level != "sensitive":
                continue
            there = path not in line.erased and now.get(path) == value
            told = value if there else ERASED if path in line.erased else RESTRICTED
            yield SensitiveField(Looked(version=line.version, field=path), line.event.label, subject, there, told)


def files_of(case: Sequence[RecordedEvent], erasures: Erasures, role: Role, version: int) -> Iterator[SensitiveField]:
    """The file that came with a version of a case, if any did; what it says of where it was taken is sensitive."""
    for line, seen in zip(case, shown(case, erasures, role), strict=True):
        if line.version == version and isinstance(line.event, EvidenceAdded) and line.event.original:
            there = line.event.file is not None and seen.event == line.event
            at = Looked(version=version, field="file")
            yield SensitiveField(at, line.event.label, UUID(line.case_id).hex, there, None)


def _same_again(lines: Iterable[AccessLine], case_id: str, caller: Caller, mac: str) -> list[AccessLine]:
    """What was recorded under this key before; nothing for a new key. Raises `KeyReused` for another body."""
    asked = (case_id, caller.client, caller.key)
    own = [line for line in lines if (line.event.incident, line.client, line.command_id) == asked]
    if any(line.body_mac != mac for line in own):
        raise KeyReused(caller.key)
    return own


def _told(case_id: str, lines: Sequence[AccessLine], found: Iterable[SensitiveField]) -> Revealed:
    """What was recorded to be read, and what could not be read then or cannot any more."""
    recorded = {at for line in lines for at in line.event.fields}
    seen, position = lines[0].event.seen, max(line.position for line in lines)
    receipt = Receipt(incident_id=case_id, version=seen, position=position, changed=True)
    fields = [one for one in found if one.at in recorded or (not one.there and one.at.version <= seen)]
    return Revealed(receipt, fields)
