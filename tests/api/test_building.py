"""A view that is being built, as whoever asks for it sees it, and whoever runs the service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.doctor import examine
from api.opening import open_case_files, open_views
from api.settings import Settings
from projections import ALL, rebuilding
from projections.statements import View
from projections.workload import Workload
from tests.api.terminal import Terminal
from tests.api.visitor import Clock, Visitor
from tests.lives import CLOSED
from tests.projections.waiting import until
from tests.server import serving
from tests.stores import Store

TAKEN = 10
"""Events the view has taken in when the process that built it ended."""
WORKLOAD = "/api/v1/views/workload"
DOCKET = "/api/v1/incidents"


@contextmanager
def visiting(settings: Settings) -> Iterator[Visitor]:
    clock = Clock()
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield Visitor(client, clock)


@pytest.fixture
def settings(lasting_store: Store, tmp_path: Path) -> Settings:
    """A store with a case, whose views are all there."""
    settings = lasting_store.settings(tmp_path, wait_timeout=20)
    with visiting(settings) as visitor:
        position = visitor.play(CLOSED).json()["position"]
        assert visitor.read(f"{WORKLOAD}?after={position}").is_success
    return settings


def killed(done: int, events: int) -> None:
    raise KeyboardInterrupt


def as_if_new(settings: Settings, monkeypatch: pytest.MonkeyPatch, *views: View) -> Settings:
    """As when another version of the program has come, whose views these are, and was killed after a page."""
    monkeypatch.setattr(rebuilding, "PAGE", TAKEN)
    with closing(open_case_files(settings)) as files, closing(open_views(settings, files)) as kept:
        with kept._tables.writing() as transaction:
            for view in views:
                for table in transaction.relations():
                    if table in (view.name, f"{view.name} counted"):
                        transaction.execute(f'DROP VIEW "{table}"')
                transaction.execute("DELETE FROM views WHERE name = ?", (view.name,))
        with pytest.raises(KeyboardInterrupt):
            kept.rebuild(killed, [view.name for view in views])
    return settings.model_copy(update={"follow": False, "wait_timeout": 0.1})


def test_whoever_asks_for_it_is_told_how_far_it_is_and_every_other_view_is_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with visiting(as_if_new(settings, monkeypatch, Workload)) as visitor:
        stored = visitor.stored()
        for asked in (WORKLOAD, f"{WORKLOAD}?after={stored}"):
            answer = visitor.read(asked)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
            assert answer.json()["code"] == "view-underway"
            assert f"视图 workload.v3 正在建立：共{stored}条事件，已汇总{TAKEN}条" in answer.json()["detail"]
        docket = visitor.read(f"{DOCKET}?after={stored}")
        assert docket.json()["count"] == 1
        assert visitor.read(f"{DOCKET}?after={stored}", **{"If-None-Match": docket.headers["ETag"]}).status_code == 304
    with visiting(settings) as visitor:
        until(lambda: visitor.read(WORKLOAD).is_success)
        assert visitor.read(f"{WORKLOAD}?after={stored}").json()["position"] == stored


def test_where_there_is_no_view_yet_nobody_is_told_that_it_lags(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with visiting(as_if_new(settings, monkeypatch, *ALL)) as visitor:
        for path in (DOCKET, WORKLOAD):
            assert visitor.read(f"{path}?after={visitor.stored()}").json()["code"] == "view-underway"


def test_whoever_runs_the_service_sees_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with visiting(as_if_new(settings, monkeypatch, Workload)) as visitor:
        ready = visitor.client.get("/readyz").json()
        stored = ready["store_position"]
        assert ready["building"] == [{"view": "workload.v3", "done": TAKEN, "events": stored, "shown": False}]
        assert (ready["views_position"], ready["lag"], ready["failing"]) == (stored, 0, False)
        assert (gauge(visitor, "bidao_views_building"), gauge(visitor, "bidao_views_lag_events")) == (1, 0)
        assert gauge(visitor, "bidao_views_building_lag_events") == stored - TAKEN
    [finding] = [finding for finding in examine(settings) if "workload.v3" in finding.sentence]
    assert not finding.fine
    assert f"共{stored}条事件，已汇总{TAKEN}条" in finding.sentence


def test_a_view_that_is_made_again_is_read_meanwhile(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "PAGE", TAKEN)
    with (
        closing(open_case_files(settings)) as files,
        closing(open_views(settings, files)) as kept,
        pytest.raises(KeyboardInterrupt),
    ):
        kept.rebuild(killed, [Workload.name])
    with visiting(settings.model_copy(update={"follow": False})) as visitor:
        assert visitor.read(WORKLOAD).is_success
        [building] = visitor.client.get("/readyz").json()["building"]
        assert (building["view"], building["shown"]) == ("workload.v3", True)
    assert [one.fine for one in examine(settings) if "workload.v3" in one.sentence] == [True]


def gauge(visitor: Visitor, name: str) -> float:
    families = text_string_to_metric_families(visitor.client.get("/metrics").text)
    [value] = [sample.value for family in families for sample in family.samples if sample.name == name]
    return float(value)


def test_an_operator_rebuilds_some_views_by_name(settings: Settings) -> None:
    terminal = Terminal(settings)
    told = terminal.run("rebuild", "workload.v3")
    assert (told.exit_code, "与原视图相同：workload.v3。" in told.output) == (0, True)
    wrong = terminal.run("rebuild", "workload.v3", "nothing.v1")
    assert wrong.exit_code == 2
    assert "没有视图 nothing.v1" in wrong.output
