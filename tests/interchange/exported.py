"""A store's exports in a folder, as `bidao export` writes them; and what should be in them, counted from the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from eventsourcing.persistence import Notification

from domain.casework.case_files import MEMORY_ENV, CaseFiles
from projections.interchange import ocel_json, ocel_sqlite, pnml, reading, xes
from projections.interchange.fields import PLACE, SOMEBODY
from projections.interchange.objects import LEVELS, Object
from projections.interchange.telling import Told
from tests.histories import store

SQLITE, JSON, XES, LIFE = "log.sqlite", "log.json", "log.xes", "life.pnml"


def unheard(done: int, whole: int) -> None:
    """Progress that nobody looks at."""


def told(rows: Sequence[Notification]) -> list[Told]:
    """The events of a history, as they are exported."""
    with closing(CaseFiles(env=MEMORY_ENV)) as files:
        store(files, rows)
        return list(reading.events(files, files.store.max_notification_id(), unheard))


def export(rows: Sequence[Notification], folder: Path) -> None:
    """A history in all forms."""
    with closing(CaseFiles(env=MEMORY_ENV)) as files:
        store(files, rows)
        head = files.store.max_notification_id()
        ocel_sqlite.write(reading.events(files, head, unheard), folder / SQLITE)
        with (folder / XES).open("wb") as file:
            xes.write(reading.cases(files, head, unheard), file)
    with (folder / JSON).open("wb") as file:
        ocel_json.write(folder / SQLITE, file, unheard)
    with (folder / LIFE).open("wb") as file:
        pnml.write(file)


@dataclass
class Counted:
    """How much there is of everything."""

    events: int
    types: dict[str, int]
    objects: int
    object_types: dict[str, int]
    relations: int
    links: int
    changes: int
    cases: int
    case_events: int


def counted(rows: Sequence[Notification]) -> Counted:
    """In memory and in one pass, from the stored names and what events say."""
    ledger = Ledger()
    for one in told(rows):
        ledger.take(one)
    of_cases = [row for row in rows if row.topic.startswith("incident.")]
    return Counted(
        events=len(rows),
        types=dict(Counter(row.topic for row in rows)),
        objects=len(ledger.objects),
        object_types=dict(Counter(one.type for one in ledger.objects)),
        relations=len(ledger.relations),
        links=len(ledger.links),
        changes=ledger.changes,
        cases=len({row.originator_id for row in of_cases}),
        case_events=len(of_cases),
    )


class Ledger:
    """Objects by the types they turn out to be of."""

    def __init__(self) -> None:
        self.objects: set[Object] = set()
        self.relations: set[tuple[int, Object, str]] = set()
        self.links: set[tuple[Object, Object, str]] = set()
        self.changes = 0

    def take(self, event: Told) -> None:
        for object, state in event.states:
            found = self._found(object)
            self.changes += len(state) if found in self.objects else 0
            self.objects.add(found)
        self.relations |= {(event.position, self._met(object), qualifier) for object, qualifier in event.relations}
        self.links |= {(self._met(link.source), self._met(link.target), link.qualifier) for link in event.links}

    def _met(self, object: Object) -> Object:
        found = self._found(object)
        self.objects.add(found)
        return found

    def _found(self, object: Object) -> Object:
        types = {PLACE: (*LEVELS, "city"), SOMEBODY: ("resident", "unit", "staff")}.get(object.type, (object.type,))
        known = [one for one in (Object(type_, object.id) for type_ in types) if one in self.objects]
        return known[0] if known else Object("staff" if object.type == SOMEBODY else object.type, object.id)
