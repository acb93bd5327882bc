"""XES 1.0 (IEEE 1849-2016): a trace for each case, with the extensions concept, lifecycle, organizational and time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import IO
from xml.sax.saxutils import quoteattr

from projections.interchange.fields import Value
from projections.interchange.ocel_sqlite import key
from projections.interchange.telling import Told

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<global scope="trace">
<string key="concept:name" value="__INVALID__"/>
</global>
<global scope="event">
<string key="concept:name" value="__INVALID__"/>
<string key="lifecycle:transition" value="complete"/>
<string key="org:resource" value="__INVALID__"/>
<date key="time:timestamp" value="1970-01-01T00:00:00.000+00:00"/>
<string key="label" value="__INVALID__"/>
<string key="activity" value="__INVALID__"/>
<int key="position" value="0"/>
<int key="leaf" value="0"/>
<int key="version" value="0"/>
</global>
<classifier name="Event" keys="concept:name"/>
<classifier name="Life" keys="activity"/>
<string key="concept:name" value="bidao"/>
<string key="lifecycle:model" value="standard"/>
"""
Case = tuple[str, Iterable[Told]]


def write(cases: Iterable[Case], file: IO[bytes]) -> None:
    """All of them, one by one."""
    file.write(_HEAD.encode())
    for id, events in cases:
        file.write(f"<trace>\n{attribute('concept:name', id)}\n".encode())
        for event in events:
            file.write("\n".join(_event(event)).encode() + b"\n")
        file.write(b"</trace>\n")
    file.write(b"</log>\n")


def _event(event: Told) -> Iterator[str]:
    yield "<event>"
    yield attribute("concept:name", event.type)
    yield attribute("lifecycle:transition", "complete")
    yield attribute("time:timestamp", event.time)
    yield attribute("org:resource", key(event.actor))
    for name, value in event.attributes.items():
        yield attribute("org:role" if name == "role" else name, value)
    yield "</event>"


def attribute(name: str, value: Value) -> str:
    """One element: its kind is that of the value. Times are in UTC, with their zone."""
    match value:
        case bool():
            kind, text = "boolean", "true" if value else "false"
        case int():
            kind, text = "int", str(value)
        case float():
            kind, text = "float", repr(value)
        case datetime():
            kind, text = "date", value.astimezone(UTC).isoformat(timespec="microseconds")
        case _:
            kind, text = "string", str(value)
    return f"<{kind} key={quoteattr(name)} value={quoteattr(text)}/>"
