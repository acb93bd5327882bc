"""What one test leaves in a store, the next one does not find."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from api.opening import open_case_files, open_outbox, open_views
from api.settings import Settings
from domain.casework.asking import Receipt
from projections.docket import DocketQuery, docket
from projections.scope import Scope
from tests.domain_driver import Domain
from tests.drivers import Clock
from tests.lives import REPORT
from tests.steps.cast import TERRITORY, who
from tests.steps.words import moment
from tests.stores import Store

NOON = moment("2026-03-02 12:00")


def left(settings: Settings) -> tuple[int, int, int]:
    """How many events there are, how far the views have come, and how many cases they list."""
    with closing(open_case_files(settings)) as files, closing(open_views(settings, files)) as views:
        views.catch_up()
        cases = len(docket(views, Scope.all(), DocketQuery(), NOON).items)
        return files.store.max_notification_id() or 0, views.position, cases


def report_a_case(settings: Settings) -> None:
    with Domain(settings, TERRITORY, Clock(NOON)) as service:
        assert isinstance(service.ask(who("葛岳辉"), "k", "report", REPORT, None), Receipt)
        assert service.docket({})
    open_outbox(settings).close()


def test_a_new_store_is_nobody_elses(store: Store, tmp_path: Path) -> None:
    report_a_case(store.settings(tmp_path / "one"))
    assert left(store.settings(tmp_path / "other")) == (0, 0, 0)


def test_a_store_used_again_is_empty_and_as_guarded_as_before(postgres_url: str, tmp_path: Path) -> None:
    store = Store("postgres", postgres_url)
    for test in ("one", "other"):
        settings = store.emptied(tmp_path / test, "used_again")
        assert left(settings) == (0, 0, 0)
        report_a_case(settings)
        assert left(settings) == (1, 1, 1)
        with store.owner_of(settings) as order, pytest.raises(psycopg.errors.InsufficientPrivilege):
            order("DELETE FROM stored_events")
