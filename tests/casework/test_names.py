"""Stored names are our own: a process in which every class has moved elsewhere reads what this one wrote."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.utils import clear_topic_cache

from domain.casework.recording import BY_TYPE
from domain.incident.words import Stage
from tests.casework.crews import Failed, Ready, together
from tests.casework.elsewhere import Elsewhere, Patch, Peer
from tests.casework.office import ARRIVE, Office
from tests.rules.scene import until


class Complaint(Aggregate):
    """A case as the library would have it."""


def move(patch: Patch) -> None:
    for cls in BY_TYPE.values():
        patch.setattr(cls, "__module__", "domain.elsewhere")


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["sqlite", "postgres"], indirect=True)
async def test_a_class_that_moved_reads_what_it_wrote_before(office: Office, another_process: Peer) -> None:
    here, there = office.process(), await Elsewhere.at(office, another_process, move)
    await here.do(*until(Stage.ACCEPTED))
    assert (await there.do(ARRIVE)).version == 3
    assert await here.told() == ["reported", "accepted", "arrived"]


def library(path: Path) -> Application[UUID]:
    return Application(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})


def read_renamed(path: Path, case: UUID, ready: Ready) -> Any:
    """In a process of its own."""
    globals()["Renamed"] = globals().pop("Complaint")
    clear_topic_cache()
    ready()
    application = library(path)
    return application.repository.get(case).version


def test_the_library_s_cannot(tmp_path: Path) -> None:
    """The negative control."""
    path = tmp_path / "library.db"
    application, case = library(path), Complaint()
    application.save(case)
    application.close()
    [failed] = together(partial(read_renamed, path, case.id))
    assert isinstance(failed, Failed)
    assert failed.kind == "TopicError"
