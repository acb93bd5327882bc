"""Nothing that names, describes or locates a person leaves the house: of people there are random ids and no more."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar, Literal

import pytest
from eventsourcing.persistence import Notification

from domain.casework.recording import BY_TYPE, encoded
from domain.model import Event, Somebody
from domain.privacy import privacy_of
from projections.interchange import fields
from projections.interchange.fields import UnknownPerson, leaves
from tests.histories import history
from tests.interchange.canary import CANARIES, WORD, caged
from tests.interchange.exported import JSON, LIFE, SQLITE, XES, export
from tests.stored.fictional import line, stream_of

SEEDS = (0, 3, 5)


def invented() -> list[Notification]:
    """One of every event, each optional field filled, nothing sealed."""
    order = sorted(BY_TYPE, key=lambda name: name not in ("incident.reported", "territory.node_added"))
    versions: dict[object, int] = {}
    rows = []
    for position, name in enumerate(order, 1):
        stream = stream_of(name)
        versions[stream] = versions.get(stream, 0) + 1
        rows.append(Notification(stream, versions[stream], name, encoded(line(name)), position))
    return rows


def words(folder: Path) -> Iterator[tuple[str, str]]:
    """Every export as text, by the name of its file: of SQLite each value, not only the bytes."""
    for name in (JSON, XES, LIFE):
        yield name, (folder / name).read_text("utf-8")
    with closing(sqlite3.connect(folder / SQLITE)) as file:
        yield SQLITE, "\n".join(file.iterdump())
    yield f"{SQLITE} as it lies on the disk", (folder / SQLITE).read_bytes().decode("utf-8", "replace")


def flown(folder: Path) -> set[tuple[str, str]]:
    return {(name, canary) for name, text in words(folder) for canary in CANARIES if canary in text}


def test_no_canary_flies_from_an_event_of_any_kind(tmp_path: Path) -> None:
    export(caged(invented()), tmp_path)
    assert flown(tmp_path) == set()


@pytest.mark.parametrize("seed", SEEDS)
def test_nor_from_a_history(tmp_path: Path, seed: int) -> None:
    rows = caged(history(seed))
    assert sum(WORD.encode() in row.state for row in rows) > 100, "there are canaries to fly"
    export(rows, tmp_path)
    assert flown(tmp_path) == set()


def test_a_field_whose_mark_is_lost_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control."""
    leaves.cache_clear()
    monkeypatch.setattr(fields, "privacy_of", lambda model: {**privacy_of(model), "outcome": None})
    try:
        export(caged(history(3)), tmp_path)
    finally:
        leaves.cache_clear()
    assert {name for name, _ in flown(tmp_path)} >= {JSON, XES, SQLITE}


def test_an_id_of_somebody_is_never_an_attribute_and_one_nobody_placed_is_refused() -> None:
    class Seen(Event):
        type: Literal["incident.seen"] = "incident.seen"
        label: ClassVar[str] = "看见"
        witness: Somebody

    with pytest.raises(UnknownPerson, match="witness"):
        leaves(Seen)


@pytest.mark.parametrize("name", BY_TYPE)
def test_only_plain_fields_of_an_event_are_told(name: str) -> None:
    levels = privacy_of(BY_TYPE[name])
    assert {leaf.name for leaf in leaves(BY_TYPE[name])} <= {path for path, level in levels.items() if level is None}
