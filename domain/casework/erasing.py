"""依法删除 carried out: what is said of a subject is found, its keys are destroyed, and that is written down.

In this order, so that nothing is said to be gone that is not: the approval is durable, then the keys are destroyed,
then it is recorded which. Broken off anywhere it is done again, and the same comes out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

import orjson

from domain.casework.application import Casework
from domain.casework.asking import Caller, RegisterReceipt
from domain.casework.batches import stream_name
from domain.casework.kept_keys import DESTROYED, KeptKey
from domain.casework.keyring import SubjectKey, bound_to, left
from domain.casework.recorders import LogLine
from domain.casework.recording import STREAMS, RecordedEvent, RollLine
from domain.casework.redactions import gone_with, handed_in_by
from domain.casework.rolls import folded
from domain.casework.sealed_lines import field_places
from domain.erasure import ApproveErasure, Concern, ConcludeErasure, Destroyed, ErasureCommand, Kept, require_ready
from domain.incident.events import EvidenceAdded, TextRedacted
from domain.incident.evolve import replay
from domain.incident.words import OPEN, Stage
from domain.model import Retention, Role
from domain.retention import Erasure, kept_until

PAGE = 5_000
"""Events looked at at once."""
CLASSES = {one.value: one for one in Retention}


class Mention(NamedTuple):
    """Where something is said of a subject: what stands in the way there, and until when each class has to be kept."""

    concern: Concern
    until: Mapping[Retention, datetime]
    redacted: frozenset[tuple[int, str]] = frozenset()


class Erasing:
    """The way in for every command about an erasure; whatever is `due` was broken off, or had to be kept until now."""

    def __init__(self, casework: Casework) -> None:
        self._casework, self._ring, self._store = casework, casework.files.keyring, casework.files.store

    async def enact(self, command: ErasureCommand, caller: Caller, *, dry_run: bool = False) -> RegisterReceipt:
        """Ask it; what is approved is carried out at once. Raises as `Casework.enact` does."""
        if not isinstance(command, ApproveErasure):
            return await self._casework.enact(command, caller, dry_run=dry_run)
        require_ready(mention.concern for mention in await self.mentions(command.subject))
        receipt = await self._casework.enact(command, caller, dry_run=dry_run)
        if command.subject in self.due():
            await self.conclude(command.subject)
        return receipt

    def due(self) -> tuple[str, ...]:
        """Subjects of whom something is to be destroyed by now, as far as is known here (`Casework.refresh`)."""
        registers = self._casework.registers
        return tuple(one.subject for one in registers.erasures.underway if _is_due(one, registers.now))

    async def mentions(self, subject: str) -> list[Mention]:
        """Everywhere something is said of a subject, from the events themselves."""
        streams = await asyncio.to_thread(self._streams_about, subject)
        asked = self._casework.registers.erasures.of.get(subject)
        return [mention for stream in streams for mention in await self._mention(stream, subject, asked)]

    async def conclude(self, subject: str) -> None:
        """Destroy what need not be kept, and record it. Raises `Refused` where something stands in the way."""
        mentions = await self.mentions(subject)
        require_ready(mention.concern for mention in mentions)
        keys, kept = await asyncio.to_thread(self._destroy, subject, mentions)
        await asyncio.to_thread(self._discard, mentions)
        command = ConcludeErasure(subject=subject, keys=tuple(keys), kept=tuple(kept))
        system = Caller(client="bidao", key=f"erasure-{uuid4()}", actor="bidao", role=Role.SYSTEM, channel="watch")
        await self._casework.enact(command, system)

    def _streams_about(self, subject: str) -> list[UUID]:
        """The streams whose stored bytes name it."""
        own = _own_stream(subject)
        if own is not None:
            return [own] if self._store.select_case(own) else []
        named, sealed = f'"{subject}"'.encode(), f" {subject} ".encode()
        about, after, head = dict[str, None](), 0, self._store.max_notification_id()
        while page := self._store.select_log(after, head, PAGE):
            about |= {line[1]: None for line in page if _says(line, named) or _says(line, sealed)}
            after = page[-1][0]
        about.pop(STREAMS["erasure"].hex, None)
        return [UUID(hex=stream) for stream in about]

    async def _mention(self, stream: UUID, subject: str, asked: Erasure | None) -> Iterator[Mention]:
        rows = await asyncio.to_thread(self._store.select_case, stream)
        lines = await asyncio.to_thread(self._casework.files.lines.to_lines, rows)
        if isinstance(lines[0], RecordedEvent):
            case = [line for line in lines if isinstance(line, RecordedEvent)]
            return iter([_in_case(case, subject, asked, text=subject == stream.hex)])
        if isinstance(lines[0], RollLine):
            return iter([_on_roll([line for line in lines if isinstance(line, RollLine)])])
        if stream == STREAMS["territory"]:
            heads = {head.person.subject for head in self._casework.territory.heads}
            entry = Concern(stream.hex, "楼栋长", open=False, on_roll=subject in heads)
            return iter([Mention(entry, {Retention.REGISTER: lines[-1].recorded_at})])
        return iter(())

    def _destroy(self, subject: str, mentions: list[Mention]) -> tuple[list[Destroyed], list[Kept]]:
        """What is destroyed now or was before, and what has to be kept."""
        now = self._casework.registers.now
        until = _latest(mention.until for mention in mentions)
        replaced, kept = dict[KeptKey, bytes](), dict[Retention, datetime]()
        for key in self._store.select_keys([subject]):
            retention = CLASSES[key.id.retention]
            if key.wrapped == DESTROYED:
                continue
            if (ends := until.get(retention, now)) > now:
                kept[retention] = ends
            else:
                replaced[key] = DESTROYED
        for mention in mentions:
            for key, others in self._without(mention):
                if (ends := mention.until[CLASSES[key.id.retention]]) > now:
                    kept[CLASSES[key.id.retention]] = max(ends, kept.get(CLASSES[key.id.retention], ends))
                else:
                    replaced[key] = others
        self._store.replace_keys(replaced)
        self._store.scrub()
        self._ring.forget()
        told = [_told(key, partly=False) for key in self._store.select_keys([subject]) if key.wrapped == DESTROYED]
        told += [_told(key, partly=True) for key in replaced if key.id.subject != subject]
        return told, [Kept(retention=retention, until=ends) for retention, ends in kept.items()]

    def _discard(self, mentions: Iterable[Mention]) -> None:
        """Remove the files of these cases that cannot be opened any more."""
        for mention in mentions:
            rows = self._store.select_case(UUID(hex=mention.concern.stream))
            for line in self._casework.files.lines.to_lines(rows):
                if isinstance(line.event, EvidenceAdded) and "file" in line.erased:
                    self._casework.files.evidence.discard(line.event.original, line.event.rendition)

    def _without(self, mention: Mention) -> Iterator[tuple[KeptKey, bytes]]:
        """The keys of a case's text of which some fields are to lose theirs, and what is left of each, wrapped."""
        if not mention.redacted:
            return
        stream = mention.concern.stream
        places = [place for row in self._store.select_case(UUID(stream)) for place in field_places(row)]
        for kept in self._store.select_keys([stream]):
            key = self._ring.opened(kept)
            own = [place for id, place in places if id == kept.id]
            stay = [place for place in own if (place.version, place.path) not in mention.redacted]
            if len(stay) < len(own) and _holds_more(key, len(stay)):
                fields = {left(place): secret.hex() for place in stay if (secret := key.of_field(place))}
                yield kept, self._ring.wrapping.wrap(orjson.dumps(fields), bound_to(kept.id))


def _says(line: LogLine, what: bytes) -> bool:
    state: bytes | str = line[-1]  # whoever rewrites a SQLite file may have left a text there
    return what in (state.encode("utf-8", "surrogateescape") if isinstance(state, str) else state)


def _holds_more(key: SubjectKey, fields: int) -> bool:
    """Whether there is anything to take from it."""
    return bool(key.secret) or (key.fields is not None and len(key.fields) > fields)


def _own_stream(subject: str) -> UUID | None:
    """The stream that a subject is itself, if it is one: then it is the text there that is meant."""
    try:
        stream = UUID(hex=subject)
    except ValueError:
        return None
    return stream if stream_name(stream) == subject else None


def _in_case(lines: list[RecordedEvent], subject: str, asked: Erasure | None, *, text: bool) -> Mention:
    """`text`: it is the text of the case itself that is to be forgotten, so nobody has to look through it."""
    case = replay(lines[0].case_id, ((line.event, line.by) for line in lines))
    told = [(line.recorded_at, line.event) for line in lines if isinstance(line.event, TextRedacted)]
    looked = [event for _, event in told if event.subject == subject]
    since = [at for at, event in told if event.subject == subject and asked and at >= asked.asked_at]
    number = next((line.event.number for line in lines if line.event.type == "incident.accepted"), "") or case.id
    concern = Concern(
        UUID(case.id).hex,
        number,
        open=case.stage in OPEN or case.stage is Stage.CLOSED,
        unread=not text and not since,
    )
    ended = case.advanced_at
    kept = ended if case.stage is not Stage.ARCHIVED and not case.accepted else kept_until(Retention.CASE, ended)
    redacted = {(one.version, field) for event in looked for one in event.redactions for field in gone_with(one.field)}
    redacted.update(*(handed_in_by(line, subject) for line in lines))
    until = {
        Retention.CONTACT: kept_until(Retention.CONTACT, ended),
        Retention.CASE: kept,
        Retention.ACCOUNTS: kept_until(Retention.ACCOUNTS, ended),
    }
    return Mention(concern, until, frozenset(redacted))


def _on_roll(lines: list[RollLine]) -> Mention:
    last = lines[-1]
    entry = folded("household" if last.event.type.startswith("household") else "member", lines)
    concern = Concern(stream_name(last.originator_id), last.entry, open=False, on_roll=entry.ended is None)
    return Mention(concern, {Retention.ROLL: kept_until(Retention.ROLL, last.recorded_at)})


def _is_due(one: Erasure, now: datetime) -> bool:
    return not one.restricted or min(one.restricted.values()) <= now


def _latest(of: Iterable[Mapping[Retention, datetime]]) -> dict[Retention, datetime]:
    """Until when a class has to be kept everywhere."""
    found = dict[Retention, datetime]()
    for until in of:
        for retention, ends in until.items():
            found[retention] = max(ends, found.get(retention, ends))
    return found


def _told(key: KeptKey, *, partly: bool) -> Destroyed:
    subject, retention, generation = key.id
    return Destroyed(
        subject=subject,
        retention=CLASSES[retention],
        generation=generation,
        fingerprint=key.fingerprint.hex(),
        partly=partly,
    )
