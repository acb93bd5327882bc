"""Cases kept in memory after writing: their state, head and commands, newest use last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.casework.asking import Receipt
from domain.casework.recording import RecordedEvent
from domain.incident.events import DutyCalled, Reported
from domain.incident.events.duplicates import OnPrimary
from domain.incident.evolve import evolve
from domain.incident.state import Incident

NOTHING: Mapping[str, Incident] = {}


@dataclass(slots=True)
class Written:
    """What one command once got: version and position of its last event, and the HMAC of its body."""

    version: int
    position: int
    body_mac: str

    def is_in(self, line: RecordedEvent, client: str, key: str) -> bool:
        """Whether this line is that event, written for that key."""
        found = (line.version, line.position, line.body_mac, line.client, line.command_id)
        return found == (self.version, self.position, self.body_mac, client, key)


@dataclass(slots=True)
class OpenCase:
    """One case as of its `version`; `recorded_at` is that of its last event."""

    state: Incident
    version: int
    position: int
    recorded_at: datetime
    written_by: tuple[str, str] = ("", "")
    """Client and key of the command that wrote its last event."""
    moved_at: int = 0
    """The last version at which something happened; after it, at most, somebody on duty was called."""
    commands: dict[tuple[str, str], Written] = field(default_factory=dict)

    @classmethod
    def load(cls, lines: list[RecordedEvent]) -> OpenCase:
        """Fold a whole case file."""
        first = lines[0]
        if not isinstance(first.event, Reported):
            raise ValueError(f"case file {first.case_id} does not begin with incident.reported")
        case = cls(Incident.begin(first.case_id, first.event, first.by), 0, 0, first.recorded_at)
        case.extend(lines)
        return case

    def ends_with(self, lines: list[RecordedEvent]) -> bool:
        """Whether these lines, which begin with its last version, are that and no more."""
        return [(one.version, one.position, one.recorded_at, (one.client, one.command_id)) for one in lines] == [
            (self.version, self.position, self.recorded_at, self.written_by)
        ]

    def receipt(self, *, changed: bool) -> Receipt:
        """The case as it stands."""
        return Receipt(incident_id=self.state.id, version=self.version, position=self.position, changed=changed)

    def extend(self, lines: list[RecordedEvent], after: Incident | None = None) -> None:
        """Fold the lines that follow; `after` is what they make of the case, where that is known already."""
        for line in lines:
            self.state = after or evolve(self.state, line.event, line.by)
            self.version, self.position, self.recorded_at = line.version, line.position, line.recorded_at
            self.written_by = line.client, line.command_id
            if not isinstance(line.event, DutyCalled):
                self.moved_at = line.version
            if not isinstance(line.event, OnPrimary):
                written = Written(line.version, line.position, line.body_mac)
                self.commands[line.client, line.command_id] = written


class OpenCases:
    """At most `size` cases, the least recently used forgotten first."""

    def __init__(self, size: int = 20_000) -> None:
        self._size = size
        self._cases: OrderedDict[str, OpenCase] = OrderedDict()

    def get(self, case_id: str) -> OpenCase | None:
        if case_id in self._cases:
            self._cases.move_to_end(case_id)
        return self._cases.get(case_id)

    def put(self, case_id: str, case: OpenCase) -> None:
        self._cases[case_id] = case
        while len(self._cases) > self._size:
            self._cases.popitem(last=False)

    def evict(self, case_id: str) -> None:
        self._cases.pop(case_id, None)

    def clear(self) -> None:
        self._cases.clear()

    def written(self, lines: list[RecordedEvent], after: Mapping[str, Incident] = NOTHING) -> None:
        """Take note of what was just committed and how it leaves its cases; forget those whose head is elsewhere."""
        for case_id in {line.case_id for line in lines}:
            own = [line for line in lines if line.case_id == case_id]
            case = self._cases.get(case_id)
            if case is None and own[0].version == 1:
                self.put(case_id, OpenCase.load(own))
            elif case is not None and case.version == own[0].version - 1:
                case.extend(own, after.get(case_id))
            else:
                self.evict(case_id)
