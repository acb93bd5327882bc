"""The event frame: stored events as the typed columns that every projection selects from. No personal field enters it.

Events of cases are the table `events`, described here; those of rolls are `rolls` (`projections.roll_frame`).

| columns | |
|---|---|
| `n`, `position`, `sign` | place in the frame, place in the store, +1 or −1 (`projections.restating`) |
| `"case"`, `version`, `type` | whose event, the how manieth, its stored name |
| `actor`, `role`, `unit` | who acted, in which capacity, for which unit |
| `effective_at`, `recorded_at`, `claimed_at` | microseconds since 1970, as all times here |
| `day` | the date in Asia/Shanghai of `effective_at`: 2026-02-16 |
| `district` … `building`, `kind`, `urgency`, `category` | the case's standing, as corrected |
| `stage`, `cycle`, `hops`, `cycle_began_at`, `reported_at`, `resolved_at` | the case just after the event |
| `held_by`, `officer`, `lead` | whose it was just after the event |
| `due_at`, `due_clock`, `yellow_at` | of the clocks that run: the first due time and whose, the first yellow light |
| `undetermined`, `call_at` | whether one of them waits for a calendar; when to call whoever is on duty |
| `handle_due_at`, `arrive_due_at` | when the case has to be handled in this cycle, and attended |
| `took` | of an event that ends a stretch: `stretch`, seconds `net`, `worked`, `worked_net`, its `due_at` |
| `held` | of an event that takes a case from somebody: `since`, and their `level`, `lead`, `officer` |
| `heard` | once there is a result: how many are `asked`, how many `satisfied`, `unsatisfied`, `responded` … |
| `counts`, `exempted` | false for a duplicate; true where a timeout is forgiven |
| `undone` | true for a result that failed its check, on a result only |
| `data` | the event's own fields: every scalar that names no person, times as TIMESTAMPTZ |

Outside `data` a text that is missing is '', and a clock that does not run has 0 for its times: so they can be
keys, and can clear what stood before.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from functools import cache
from typing import Any, Self

import duckdb
import orjson
import pyarrow as pa

from domain.casework.recording import UPCASTS, upcast
from domain.incident.events import BY_TYPE
from domain.incident.keys import Heard
from projections import roll_frame
from projections.frame_columns import PATH, data_columns
from projections.projection import Projection
from projections.restating import Row


class UnreadablePage(RuntimeError):
    """Stored events that do not fit the frame. Says which positions, and nothing of what is in them."""

    @classmethod
    def of(cls, rows: Sequence[Row], why: str) -> Self:
        return cls(f"events {rows[0].position} to {rows[-1].position} do not fit the frame: {why}")


def _structure(types: dict[str, Any]) -> str:
    return orjson.dumps(types).decode()


CLOCK_TIMES = ("due_at", "yellow_at", "handle_due_at", "arrive_due_at", "call_at")
DATA = data_columns(BY_TYPE.values())
STANDING = {"place": dict.fromkeys(PATH, "VARCHAR"), "kind": "VARCHAR", "urgency": "INTEGER", "category": "VARCHAR"}
KEYS = {
    "standing": STANDING,
    **dict.fromkeys(("reported_at", "cycle_began_at", "resolved_at"), "TIMESTAMPTZ"),
    **dict.fromkeys(("stage", "held_by", "officer", "lead"), "VARCHAR"),
    **dict.fromkeys(("cycle", "hops"), "INTEGER"),
    "counts": "BOOLEAN",
    **dict.fromkeys(CLOCK_TIMES, "TIMESTAMPTZ"),
    "due_clock": "VARCHAR",
    "undetermined": "BOOLEAN",
    "took": {
        "stretch": "VARCHAR",
        **dict.fromkeys(("net", "worked", "worked_net"), "DOUBLE"),
        "due_at": "TIMESTAMPTZ",
    },
    "held": {"since": "TIMESTAMPTZ", **dict.fromkeys(("level", "lead", "officer"), "VARCHAR")},
    "heard": dict.fromkeys(Heard.model_fields, "INTEGER"),
}
STATE = {
    **dict.fromkeys(("actor", "role", "unit"), "VARCHAR"),
    **dict.fromkeys(("effective_at", "recorded_at", "occurred_at"), "TIMESTAMPTZ"),
    "keys": KEYS,
    "event": DATA,
}
"""All that is read of a stored event; `from_json` drops the rest."""


FRAME = f"""
    CREATE OR REPLACE TEMP TABLE events AS
    WITH stored AS (
        SELECT *, from_json(state, '{_structure(STATE)}') AS s, from_json(standing, '{_structure(STANDING)}') AS now
        FROM page
    ), settled AS (SELECT *, s.keys AS k, coalesce(now, s.keys.standing) AS stands FROM stored)
    SELECT
        n, position, sign, "case", version, type,
        s.actor AS actor, s.role AS role, coalesce(s.unit, '') AS unit,
        epoch_us(s.effective_at) AS effective_at, epoch_us(s.recorded_at) AS recorded_at,
        epoch_us(s.occurred_at) AS claimed_at,
        strftime(s.effective_at AT TIME ZONE 'Asia/Shanghai', '%Y-%m-%d') AS day,
        {", ".join(f"coalesce(stands.place.{level}, '') AS {level}" for level in PATH)},
        stands.kind AS kind, stands.urgency AS urgency, stands.category AS category,
        k.stage AS stage, k.cycle AS cycle, coalesce(k.hops, 0) AS hops, epoch_us(k.cycle_began_at) AS cycle_began_at,
        epoch_us(k.reported_at) AS reported_at, epoch_us(k.resolved_at) AS resolved_at,
        k.held_by AS held_by, coalesce(k.officer, '') AS officer, coalesce(k."lead", '') AS "lead",
        {", ".join(f"coalesce(epoch_us(k.{time}), 0) AS {time}" for time in CLOCK_TIMES)},
        coalesce(k.due_clock, '') AS due_clock, coalesce(k.undetermined, false) AS undetermined,
        coalesce(page_counts, k.counts) AS counts, exempted, undone,
        k.took AS took, k.held AS held, k.heard AS heard, s.event AS data
    FROM settled"""
FITS = """
    SELECT count(*) FROM events
    WHERE (effective_at + recorded_at + reported_at + cycle_began_at + cycle + urgency) IS NULL
       OR (role || actor || kind || category || stage || held_by) IS NULL OR counts IS NULL"""
COLUMNS = {
    "n": pa.int64(),
    "position": pa.int64(),
    "case": pa.string(),
    "version": pa.int32(),
    "type": pa.string(),
    "state": pa.string(),
    "sign": pa.int32(),
    "standing": pa.string(),
    "page_counts": pa.bool_(),
    "exempted": pa.bool_(),
    "undone": pa.bool_(),
}


class Frame:
    """One page of events after the other, in an in-process DuckDB. For one thread at a time."""

    def __init__(self, threads: int = 1) -> None:
        self._duck = duckdb.connect(
            config={
                "threads": threads,
                "temp_directory": "",
                "autoload_known_extensions": False,
                "autoinstall_known_extensions": False,
            }
        )
        self._types: frozenset[str] = frozenset()
        self._no_rolls = False

    def load(self, rows: Sequence[Row]) -> None:
        """Make these rows the frame. Raises `UnreadablePage`."""
        self._types = frozenset(row.type for row in rows)
        of_rolls = [row for row in rows if row.type.startswith(roll_frame.ROLLS)]
        of_cases = [row for row in rows if not row.type.startswith(roll_frame.ROLLS)] if of_rolls else rows
        self._fill(of_cases, FRAME, FITS)
        if of_rolls or not self._no_rolls:
            self._fill(of_rolls, roll_frame.FRAME, roll_frame.FITS)
            self._no_rolls = not of_rolls

    def _fill(self, rows: Sequence[Row], frame: str, fits: str) -> None:
        try:
            self._duck.register("page", _table(rows))
            self._duck.execute(frame)
            [[unfit]] = self.select(fits)
        except (duckdb.Error, pa.ArrowInvalid) as error:
            raise UnreadablePage.of(rows, type(error).__name__) from None  # its message may quote an event
        finally:
            self._duck.unregister("page")
        if unfit:
            raise UnreadablePage.of(rows, f"{unfit} without what every event has")

    def changes(self, projection: type[Projection]) -> list[tuple[Any, ...]]:
        """What the frame adds to a view, in the order of its columns."""
        if projection.reads and projection.reads.isdisjoint(self._types):
            return []
        return self.select(projection.page_select())

    def select(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the frame, which is called `events`, that of rolls `rolls`."""
        return self._duck.execute(statement).fetchall()

    def close(self) -> None:
        self._duck.close()


@cache
def texts(select: str) -> tuple[bool, ...]:
    """Which columns of a SELECT are texts; the others are whole numbers. Raises `TypeError` for anything else."""
    with closing(Frame()) as frame:
        frame.load([])
        types = {column: kind for column, kind, *_ in frame.select(f"DESCRIBE {select}")}
    if others := set(types.values()) - {"VARCHAR", "BOOLEAN", "INTEGER", "BIGINT", "HUGEINT"}:
        raise TypeError(f"views hold texts and whole numbers, not {', '.join(sorted(others))}: {types}")
    return tuple(kind == "VARCHAR" for kind in types.values())


def _table(rows: Sequence[Row]) -> pa.Table:
    position, case, version, name, state, *rest = zip(*rows, strict=True) if rows else [()] * len(Row._fields)
    current = [_current(*stored) for stored in zip(name, state, strict=True)] if UPCASTS else state
    values = (range(len(rows)), position, case, version, name, current, *rest)
    columns = zip(COLUMNS.items(), values, strict=True)
    return pa.table({column: pa.array(given, kind) for (column, kind), given in columns})


def _current(name: str, state: bytes) -> bytes:
    """The event's JSON in today's schema."""
    if any(name == old for old, _ in UPCASTS):
        return orjson.dumps(upcast(name, orjson.loads(state)))
    return state
