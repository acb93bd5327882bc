"""The frame of rolls: stored events of households and members as typed columns. No personal field enters it.

| columns | |
|---|---|
| `n`, `position` | place in the frame, place in the store |
| `id`, `type` | whose event, and its stored name |
| `enrolment`, `listing` | how often it was enrolled so far, and listed as one to be visited every month |
| `effective_at`, `day` | microseconds since 1970, and the date of it in Asia/Shanghai |
| `district` … `building` | where it was enrolled, as drawn then |
| `data` | the event's own fields: every scalar that names no person |
"""

from __future__ import annotations

from typing import Any

import orjson

from domain.casework.recording import ROLL_EVENTS
from projections.frame_columns import PATH, data_columns

ROLLS = tuple(sorted({name.partition(".")[0] + "." for name in ROLL_EVENTS}))
"""How the stored names of what happens to the entries of rolls begin."""
STATE: dict[str, Any] = {
    "entry": "VARCHAR",
    "effective_at": "TIMESTAMPTZ",
    "standing": {"place": dict.fromkeys(PATH, "VARCHAR"), "enrolment": "INTEGER", "listing": "INTEGER"},
    "event": data_columns(ROLL_EVENTS.values()),
}
FRAME = f"""
    CREATE OR REPLACE TEMP TABLE rolls AS
    WITH stored AS (SELECT *, from_json(state, '{orjson.dumps(STATE).decode()}') AS s FROM page)
    SELECT
        n, position, s.entry AS id, type,
        s.standing.enrolment AS enrolment, s.standing.listing AS listing,
        epoch_us(s.effective_at) AS effective_at,
        strftime(s.effective_at AT TIME ZONE 'Asia/Shanghai', '%Y-%m-%d') AS day,
        {", ".join(f"coalesce(s.standing.place.{level}, '') AS {level}" for level in PATH)},
        s.event AS data
    FROM stored"""
FITS = "SELECT count(*) FROM rolls WHERE (id || day || district) IS NULL OR (enrolment + listing) IS NULL"
