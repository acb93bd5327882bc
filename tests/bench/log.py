"""The log of a whole district as it is stored, a file for each street: made once, and kept in the temporary folder.

Another seed, another length or other rules make another log; old ones go with the temporary folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from heapq import merge
from itertools import takewhile
from multiprocessing import get_context
from pathlib import Path
from tempfile import gettempdir
from typing import NamedTuple, cast
from uuid import UUID

import pyarrow as pa
from eventsourcing.persistence import StoredEvent

from domain.casework.recording import RecordedEvent, encoded
from projections.reading import microseconds
from tests.bench.district import STREETS
from tests.bench.generator import BEGINS, BETWEEN_REPORTS, lived
from tests.bench.measuring import batches

SCHEMA = pa.schema(
    {"at": pa.int64(), "stream": pa.binary(16), "version": pa.int32(), "topic": pa.string(), "state": pa.binary()}
)
BATCH = 10_000
HERE = Path(__file__).parent
RULES = HERE.parents[1] / "domain"
COURSES = [HERE / f"{name}.py" for name in ("generator", "courses", "requests", "deeds", "district")]


class Stored(NamedTuple):
    """One event as it is stored, and when, in microseconds since 1970."""

    at: int
    stream: bytes
    version: int
    topic: str
    state: bytes


@dataclass(frozen=True, slots=True)
class Log:
    """What happened until about so many cases had been reported."""

    seed: int
    cases: int

    def events(self, cases: int | None = None) -> Iterator[StoredEvent]:
        """The events in order of recording; of a log of fewer cases, if asked."""
        end = microseconds(_end(cases or self.cases))
        for one in takewhile(lambda one: one.at < end, merge(*map(_read, self.files()))):
            yield StoredEvent(UUID(bytes=one.stream), one.version, one.topic, one.state)

    def files(self) -> list[Path]:
        """Where it lies, a file for each street; made now if they are not there."""
        folder = Path(gettempdir(), f"bidao-district-{_edition()}-{self.seed}-{self.cases}")
        folder.mkdir(exist_ok=True)
        paths = [folder / f"street-{street}.arrow" for street in range(STREETS)]
        missing = [street for street, path in enumerate(paths) if not path.exists()]
        if missing:
            workers = min(len(missing), os.cpu_count() or 1)
            with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
                for _ in pool.map(self.make, missing, [paths[street] for street in missing]):
                    pass
        return paths

    def make(self, street: int, path: Path) -> None:
        """Live through one street's share of it."""
        end = _end(self.cases)
        lines = takewhile(lambda line: line.recorded_at < end, lived(self.seed, street))
        begun = path.with_suffix(f".{os.getpid()}")
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_file(begun, SCHEMA, options=options) as file:
            for batch in batches(lines, BATCH):
                file.write_batch(_written(batch, [_as_written(line) for line in batch]))
        begun.rename(path)


def _as_written(line: RecordedEvent) -> StoredEvent:
    """Not sealed, so that every store can read it: the keys would be missing. Views read nothing personal."""
    return StoredEvent(line.originator_id, line.version, line.event.type, encoded(line))


def _end(cases: int) -> datetime:
    return BEGINS + cases * BETWEEN_REPORTS


def _written(lines: Sequence[RecordedEvent], stored: Sequence[StoredEvent]) -> pa.RecordBatch:
    columns = (
        [microseconds(line.recorded_at) for line in lines],
        [cast(UUID, one.originator_id).bytes for one in stored],
        [one.originator_version for one in stored],
        [one.topic for one in stored],
        [one.state for one in stored],
    )
    return pa.record_batch([pa.array(given, kind.type) for given, kind in zip(columns, SCHEMA, strict=True)], SCHEMA)


def _read(path: Path) -> Iterator[Stored]:
    with pa.ipc.open_file(path) as file:
        for nth in range(file.num_record_batches):
            columns = file.get_batch(nth).columns
            yield from map(Stored, *(column.to_pylist() for column in columns))


def _edition() -> str:
    """A digest of the rules and courses that the log is made by."""
    found = sha256()
    for source in [*sorted(RULES.rglob("*.py")), *COURSES]:
        found.update(source.read_bytes())
    return found.hexdigest()[:16]
