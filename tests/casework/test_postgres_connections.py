"""A connection that fails is a failure and never a conflict; what was asked is done once."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from eventsourcing.persistence import DataError, IntegrityError, PersistenceError

from domain.casework.postgres import PostgresCaseRecorder
from domain.incident.words import Stage
from tests.casework.cutting import cut_after
from tests.casework.databases import Connection, library_store
from tests.casework.elsewhere import Elsewhere, Mistake, Peer, forget_keys
from tests.casework.office import ARRIVE, Office
from tests.casework.stores import event, opening, postgres_store
from tests.rules.scene import until

APPENDED = b"actual\0"
"""A column of the answer to an append, and to nothing else; it leaves the server after the commit."""


def test_a_connection_cut_after_the_commit_is_no_conflict(postgres_url: str, schema: str, tmp_path: Path) -> None:
    case = uuid4()
    with postgres_store(postgres_url, schema) as store:
        store.insert_batch([opening()])
        with cut_after(APPENDED, postgres_url) as (url, armed), postgres_store(url, schema) as cut:
            armed.set()
            with pytest.raises(PersistenceError) as failure:
                cut.insert_batch([[event(case, 1)]])
            assert not isinstance(failure.value, IntegrityError)
            assert [line.id for line in cut.select_case(case)] == [2], "stored, and found on a new connection"
        assert store.max_notification_id() == 2, "and stored once"


def test_the_library_calls_it_a_conflict(postgres_url: str, schema: str, tmp_path: Path) -> None:
    """The negative control: it tries again by itself and meets its own event."""
    with cut_after(b"COMMIT\0", postgres_url) as (url, armed), library_store(url, schema) as theirs:
        armed.set()
        with pytest.raises(IntegrityError):
            theirs.insert_events(opening())
        assert theirs.max_notification_id() == 1


def test_what_breaks_a_rule_of_the_table_is_no_conflict(store: PostgresCaseRecorder, owner: Connection) -> None:
    owner.execute("ALTER TABLE stored_events ADD CONSTRAINT small CHECK (length(state) < 3)")
    with pytest.raises(DataError):
        store.insert_batch([opening(), opening(b"too long")])
    assert store.insert_batch([opening()]) == [[1]], "nothing of it was stored"


def test_a_backend_that_was_ended_is_replaced(store: PostgresCaseRecorder, owner: Connection) -> None:
    store.insert_batch([opening()])
    owner.execute("""
        SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()""")
    assert store.insert_batch([opening()]) == [[2]]


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["postgres"], indirect=True)
@pytest.mark.parametrize(("mistake", "arrivals"), [(None, 1), (forget_keys, 2)], ids=["ours", "negative control"])
async def test_a_process_that_was_cut_off_and_asks_again(
    office: Office, another_process: Peer, mistake: Mistake | None, arrivals: int
) -> None:
    """It has done what it was asked and does not know: the key in the events tells it, and tells everybody else."""
    here = office.process()
    with cut_after(APPENDED, office.kind.url) as (url, armed):
        there = await Elsewhere.at(office, another_process, mistake, url=url)
        await there.do(*until(Stage.ACCEPTED))
        armed.set()
        with pytest.raises(PersistenceError):
            await there.do(ARRIVE, key="came")
        assert (await here.told()).count("arrived") == 1
        receipt = await there.do(ARRIVE, key="came")
        assert (await here.told()).count("arrived") == arrivals
        if mistake is None:
            assert await here.do(ARRIVE, key="came") == receipt
