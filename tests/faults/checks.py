"""What must hold after any number of kills: the journal of the clients against the store, line by line.

Every check yields a sentence for each thing that is wrong. It believes nothing but the stored rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

import orjson
from eventsourcing.persistence import Notification

from domain.casework.recording import STREAMS
from tests.faults.journal import Asked, Journal

SERVICE = "bidao"
"""The service's own client: it furnishes a new store and keeps the watch."""
PAIRS = {
    "incident.merged": "incident.duplicate_attached",
    "incident.unmerged": "incident.duplicate_detached",
}
"""What a duplicate says → what its primary is told in the same append, right before."""
TO_PRIMARY = ("/merge", "/unmerge", "/follow-up")
"""Commands that may write to two streams."""


class Line(NamedTuple):
    """One stored row, as far as it can be held against the journal."""

    position: int
    stream: str
    version: int
    type: str
    client: str
    key: str
    request: str | None
    into: str | None
    recorded_at: str

    @property
    def command(self) -> tuple[str, str, str]:
        """A key belongs to its client and its stream."""
        return self.stream, self.client, self.key


def line_of(row: Notification) -> Line:
    """Read by hand: the codec is not to be believed here."""
    state = orjson.loads(row.state)
    names = {str(number): name for name, number in STREAMS.items()}
    stream = str(row.originator_id)
    return Line(
        row.id,
        names.get(stream, stream),
        row.originator_version,
        row.topic,
        state["client"],
        state["command_id"],
        state.get("correlation"),
        state["event"].get("into"),
        state["recorded_at"],
    )


class Books(NamedTuple):
    """Both sides of the account."""

    journal: Journal
    lines: Sequence[Line]

    @property
    def asked(self) -> list[Asked]:
        return self.journal.asked

    @property
    def by_command(self) -> dict[tuple[str, str, str], list[Line]]:
        found: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
        for line in self.lines:
            found[line.command].append(line)
        return found

    @property
    def by_key(self) -> dict[str, list[Line]]:
        found: dict[str, list[Line]] = defaultdict(list)
        for line in self.lines:
            found[line.key].append(line)
        return found


Check = Callable[[Books], Iterator[str]]


def faults(journal: Journal, lines: Sequence[Line]) -> list[str]:
    """Everything that is wrong; nothing, if the service kept its word."""
    return list(chain.from_iterable(check(Books(journal, lines)) for check in CHECKS))


def dense(books: Books) -> Iterator[str]:
    """Positions count from one without a gap, and so do the versions of each stream; time goes forward in it."""
    positions = [line.position for line in books.lines]
    if positions != list(range(1, len(positions) + 1)):
        yield f"positions are not dense: {len(positions)} lines, the last at {positions[-1]}"
    last: dict[str, Line] = {}
    for line in books.lines:
        before = last.get(line.stream)
        if line.version != (before.version + 1 if before else 1):
            yield f"{line.stream} has version {line.version} after {before and before.version}"
        if before and line.recorded_at < before.recorded_at:
            yield f"{line.stream} version {line.version} was recorded before the one it follows"
        last[line.stream] = line


def kept(books: Books) -> Iterator[str]:
    """Whatever was acknowledged is where its receipt says, under its key."""
    at = {line.position: line for line in books.lines}
    for one in books.asked:
        if told := one.acknowledged:
            line = at.get(told.position)
            if line is None or line.command != (told.stream, one.actor, one.key) or line.version != told.version:
                yield f"lost: {one.name} was acknowledged as {told.receipt}, but there is {line}"


def once(books: Books) -> Iterator[str]:
    """One append a command, at most: in the load no command says the same thing of a stream twice."""
    for command, lines in books.by_command.items():
        if max(Counter(line.type for line in lines).values()) > 1 and command[1] != SERVICE:
            yield f"twice: {command} is stored as {[(line.version, line.type) for line in lines]}"
        if any(later.position != line.position + 1 for line, later in pairwise(lines)):
            yield f"twice: {command} is stored in pieces at {[line.position for line in lines]}"


def alone(books: Books) -> Iterator[str]:
    """A key writes in one stream, and in that of the primary at most."""
    stored = books.by_key
    for one in books.asked:
        streams = {line.stream for line in stored.get(one.key, ())}
        if len(streams) > 1 + one.path.endswith(TO_PRIMARY):
            yield f"twice: {one.name} is stored in {sorted(streams)}"


def nothing_said_no_wrote(books: Books) -> Iterator[str]:
    """Whoever was told no, or "nothing new", and nothing else, finds nothing under the key."""
    stored = books.by_key
    for one in books.asked:
        denied = one.refused or (one.told and not one.acknowledged)
        if denied and stored.get(one.key):
            yield f"false conflict: {one.name} was answered {one.refused or 'unchanged'}, and is stored"


def consistent(books: Books) -> Iterator[str]:
    """The same key, the same answer; and no refusal where nothing can refuse."""
    for one in books.asked:
        if len({told.receipt for told in one.told}) > 1:
            yield f"two receipts: {one.name} was told {[told.receipt for told in one.told]}"
        if one.refused and (one.sure or one.told):
            yield f"false conflict: {one.name} was refused with {one.refused}"
        if not (one.told or one.refused or one.given_up):
            yield f"unanswered: {one.name}, {one.broken} times broken, {one.unavailable} times unavailable"


def asked_for(books: Books) -> Iterator[str]:
    """Nothing is stored that nobody asked for."""
    known = {(one.actor, one.key) for one in books.asked}
    for line in books.lines:
        if line.client != SERVICE and (line.client, line.key) not in known:
            yield f"nobody asked for {line}"


def paired(books: Books) -> Iterator[str]:
    """A merger is in both streams, or in none: side by side, under one key."""
    at = {line.position: line for line in books.lines}
    told = Counter(line.type for line in books.lines)
    for line in books.lines:
        if line.type not in PAIRS:
            continue
        theirs = PAIRS[line.type]
        other = at.get(line.position - 1)
        if other is None or (other.type, other.client, other.key) != (theirs, line.client, line.key):
            yield f"half a merger: {line}"
        elif line.into not in (None, other.stream):
            yield f"merged into {line.into}, told {other.stream}"
    for own, theirs in PAIRS.items():
        if told[own] != told[theirs]:
            yield f"half a merger: {told[own]} {own}, {told[theirs]} {theirs}"


def in_contract(books: Books) -> Iterator[str]:
    """Every answer was one the service promises: trouble is told as 503 with the time to wait."""
    for odd in books.journal.odd:
        yield f"no answer of ours: {odd}"


CHECKS: tuple[Check, ...] = (
    dense,
    kept,
    once,
    alone,
    nothing_said_no_wrote,
    consistent,
    asked_for,
    paired,
    in_contract,
)


def found_again(asked: Iterable[Asked], lines: Sequence[Line]) -> int:
    """How many commands were written by a request that was cut, and acknowledged to a later one."""
    at = {line.position: line for line in lines}
    acknowledged = (told for one in asked if (told := one.acknowledged))
    return sum(told.position in at and at[told.position].request != told.request for told in acknowledged)
