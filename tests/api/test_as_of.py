"""Looking back: what the service answered at some moment it answers again, whatever has come to light since."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import httpx
import pytest

from projections.pages import Page, Pages
from tests.api.visitor import START, Clock, Visitor, identity
from tests.lives import CLOSED, HANDLING, LIVES, RESIDENT, SYSTEM
from tests.server import serving, settings_for
from tests.stores import Store

DOCKET, WORKLOAD, TIMES = "/api/v1/incidents", "/api/v1/views/workload", "/api/v1/views/response-times"
KPIS, MONTHLY = "/api/v1/views/kpis", "/api/v1/reports/monthly"
VIEWS = (DOCKET, WORKLOAD, TIMES)
GRID = "grid-chuangdan-1"
MORE: dict[str, list[dict[str, str]]] = {
    DOCKET: [
        {"sort": "light", "limit": "5"},
        {"light": "red"},
        {"light": "yellow", "territory": "street-chengzhong"},
        {"open": "true", "alike": "true"},
        {"stage": "closed", "sort": "-updated_at"},
    ],
    WORKLOAD: [
        *({"by": by, "drawn": "now"} for by in ("building", "grid", "street")),
        {"by": "officer"},
        {"split_by_day": "true"},
        {"territory": GRID},
    ],
    TIMES: [{"by": by, "stage": "resolve", "drawn": "now"} for by in ("grid", "kind", "day")],
    KPIS: [{"by": by, "drawn": "now"} for by in ("grid", "kind", "month")],
}
"""What else is asked of a view than all of it."""
NEEDED: dict[str, dict[str, str]] = {
    f"{KPIS}/cases": {"kpi": "handled_on_time"},
    f"{KPIS}/owed": {"kpi": "must_visited", "running": "true"},
    MONTHLY: {"territory": "street-chengzhong", "month": "2026-03"},
}
"""What has to be asked."""


def questions(path: str) -> list[dict[str, str]]:
    return [NEEDED.get(path, {}) | more for more in ({}, *MORE.get(path, ()))]


SPLIT = {
    "grid": GRID,
    "into": [
        {"id": "grid-east", "name": "东网格", "buildings": ["building-chuangdan-1-2"]},
        {"id": "grid-west", "name": "西网格"},
    ],
}
CHANGING = (
    *("grant-correction", "grant-void", "unmerge", "exempt-timeout", "reopen", "hand-over", "fail-check"),
    *("grant-suspension", "hold-meeting", "escalate"),
)
"""What becomes of cases from one look to the next."""


ASKED = r"as_of(_position)?=[^&\"]*"
LOOKED_BACK = re.compile(rf"\?{ASKED}(?=\")|{ASKED}&|&{ASKED}")
"""In the address of the cases behind a figure: whoever looks back finds those of then."""
COUNTED = re.compile(r'"(numerator|denominator|reported|n|stints|count)":[1-9]')


class Answer(NamedTuple):
    status: int
    position: int
    body: str


def ask(visitor: Visitor, path: str, actor: str = "district-desk", **query: Any) -> Answer:
    answer = visitor.client.get(path, params=query, headers=identity(actor))
    return Answer(answer.status_code, int(answer.headers.get("Bidao-Position", -1)), LOOKED_BACK.sub("", answer.text))


def code(answer: httpx.Response) -> tuple[int, str, str | None]:
    told = answer.json()
    return answer.status_code, told["code"], told.get("errors", [{}])[0].get("parameter")


@contextmanager
def visiting(settings: Any) -> Iterator[Visitor]:
    clock = Clock()
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield Visitor(client, clock)


@pytest.fixture(scope="module")
def service(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A service of its own, two cases old."""
    with visiting(store.settings(tmp_path_factory.mktemp("past"), wait_timeout=20)) as visitor:
        visitor.case(CLOSED)
        visitor.case(HANDLING)
        visitor.clock.forward(hours=1)
        yield visitor


def looking_back(visitor: Visitor, case: str) -> list[str]:
    """Every address that can be asked about the past, with this case where one has to be named.

    Of the sheets that one which is JSON: the others are made of it (`tests.reports.test_again`).
    """
    operations = visitor.client.get("/openapi.json").json()["paths"]
    return [
        path.replace("{incident_id}", case)
        for path, methods in operations.items()
        if "as_of_position" in [parameter["name"] for parameter in methods.get("get", {}).get("parameters", [])]
        and not path.startswith((f"{MONTHLY}.", f"{MONTHLY}/"))
    ]


def test_every_view_answers_again_what_it_answered(store: Store, tmp_path: Path) -> None:
    """Through corrections, mergers, voids, exemptions, reopenings, hand-overs, and a grid renamed and split."""
    with visiting(store.settings(tmp_path, wait_timeout=30, past_views=2)) as visitor:
        case = visitor.report(building="building-chuangdan-1-2").json()["incident_id"]
        said: dict[tuple[str, str, Any], Answer] = {}
        moments = []

        def look() -> None:
            visitor.clock.forward(hours=1)
            moments.append(visitor.clock.now)
            for path in looking_back(visitor, case):
                for query in questions(path):
                    answer = ask(visitor, path, **query, after=visitor.stored())
                    said[path, repr(query), visitor.clock.now] = answer
            visitor.clock.forward(hours=1)

        look()
        for one, other in zip(CHANGING[::2], CHANGING[1::2], strict=True):
            visitor.case(LIVES[one])
            visitor.case(LIVES[other])
            look()
        assert visitor.enact("territory", "rename-node", {"node": GRID, "new_name": "床单厂大网格"}).is_success
        in_three_hours = {"effective_from": (visitor.clock.now + timedelta(hours=3)).isoformat()}
        assert visitor.enact("territory", "split-grid", SPLIT | in_three_hours).is_success
        look()
        look()
        assert visitor.ask(SYSTEM, "redraw", {}, case).is_success
        look()

        assert len(set(said.values())) > len(said) / 2, "there is something to tell apart"
        assert {answer.status for answer in said.values()} == {200}
        for moment in reversed(moments):
            for path in looking_back(visitor, case):
                for query in questions(path):
                    answer = said[path, repr(query), moment]
                    then: dict[str, Any] = {"as_of": moment.isoformat()}
                    assert ask(visitor, path, **query, **then) == answer
                    assert ask(visitor, path, **query, **then, as_of_position=answer.position) == answer


def test_a_position_is_answered_as_it_was_written_down(service: Visitor) -> None:
    """Without a moment it is that at which its event was recorded."""
    before = ask(service, WORKLOAD, after=service.stored())
    recorded = service.clock.now - timedelta(hours=1)
    service.case(CLOSED)
    service.clock.forward(hours=1)
    assert ask(service, WORKLOAD, as_of_position=before.position) == before
    then = ask(service, DOCKET, as_of_position=before.position, sort="light")
    assert then == ask(service, DOCKET, as_of=recorded.isoformat(), sort="light")
    assert then != ask(service, DOCKET, as_of=service.clock.now.isoformat(), sort="light")


def test_the_newest_is_what_is_in_use(service: Visitor) -> None:
    service.report()
    service.clock.forward(hours=1)
    now = ask(service, WORKLOAD, after=service.stored())
    assert ask(service, WORKLOAD, as_of=service.clock.now.isoformat()) == now
    assert ask(service, WORKLOAD, as_of_position=now.position) == now


def test_before_anything_was_known_there_is_nothing(service: Visitor) -> None:
    for path in looking_back(service, service.report().json()["incident_id"]):
        for query in ({"as_of": "1970-01-01T00:00:00Z"}, {"as_of_position": 0}, {"as_of_position": 1}):
            answer = ask(
                service, path, **NEEDED.get(path, {}) | ({"month": "1970-01"} if path == MONTHLY else {}) | query
            )
            if path.endswith("/alike"):
                assert (answer.status, "那时还没有这个案件" in answer.body) == (404, True)
            elif path == MONTHLY:
                assert (answer.status, "那时的辖区里没有" in answer.body) == (422, True)
            else:
                assert (answer.status, answer.position) == (200, query.get("as_of_position", 0)), answer.body
                assert not COUNTED.search(answer.body)


@pytest.mark.parametrize("path", VIEWS)
@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"as_of": (START + timedelta(days=3650)).isoformat()}, "as_of"),
        ({"as_of": "2026-03-02T10:00:00"}, "as_of"),
        ({"as_of": "1772416800"}, "as_of"),
        ({"as_of": "0001-01-01T00:00:00Z"}, "as_of"),
        ({"as_of_position": "9007199254740991"}, "as_of_position"),
        ({"as_of_position": "-1"}, "as_of_position"),
        ({"as_of_position": "1", "after": "1"}, "after"),
        ({"as_of": START.isoformat(), "after": "1"}, "after"),
    ],
)
def test_what_cannot_be_looked_back_to(service: Visitor, path: str, query: dict[str, str], wrong: str) -> None:
    answer = service.client.get(path, params=query, headers=identity("district-desk"))
    assert code(answer) == (422, "invalid", wrong)


def test_pages_of_a_list_as_it_was(service: Visitor) -> None:
    """One after the other, and the same from the first page that was given then."""
    asked: dict[str, Any] = {"limit": 1, "sort": "light"}
    first = service.client.get(
        DOCKET, params={**asked, "after": service.stored()}, headers=identity("district-desk")
    ).json()
    then = {"as_of": service.clock.now.isoformat()}
    service.clock.forward(hours=30)
    service.case(CLOSED)
    found: list[str] = []
    page = service.client.get(DOCKET, params={**asked, **then}, headers=identity("district-desk")).json()
    assert page == first
    while True:
        found += [row["incident_id"] for row in page["items"]]
        if page["next"] is None:
            break
        more = {**asked, **then, "cursor": page["next"]}
        page = service.client.get(DOCKET, params=more, headers=identity("district-desk")).json()
    assert len(found) == len(set(found)) == first["count"]


def test_what_was_is_not_sent_again_and_is_not_another_s(service: Visitor) -> None:
    """It never changes; but who may see what is decided now."""
    then = f"{WORKLOAD}?as_of_position={service.stored()}"
    first = service.read(then)
    service.report()
    service.clock.forward(hours=1)
    tag = {"If-None-Match": first.headers["ETag"]}
    again = service.read(then, **tag)
    assert (again.status_code, again.headers["Bidao-Position"]) == (304, first.headers["Bidao-Position"])
    assert service.read(then, "street-desk", **tag).status_code == 200
    assert service.read(f"{then}&as_of={service.clock.now:%Y-%m-%dT%H:%M:%SZ}", **tag).status_code == 200
    assert service.read(then, RESIDENT).status_code == 403
    assert service.read(then, "officer-zhang").json()["rows"] == []


def test_who_asks_again_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making takes longer than anybody is kept waiting, and goes on meanwhile."""
    go_on, read = Event(), Pages.read

    def reading(self: Pages, start: int, limit: int, stop: int | None = None) -> Page | None:
        if stop is not None:
            assert go_on.wait(60)
        return read(self, start, limit, stop)

    with visiting(settings_for(tmp_path, wait_timeout=0.1)) as visitor:
        visitor.case(CLOSED)
        before = patiently(visitor, after=visitor.stored())
        visitor.report()
        patiently(visitor, after=visitor.stored())
        monkeypatch.setattr(Pages, "read", reading)
        for _ in range(2):
            answer = visitor.read(f"{WORKLOAD}?as_of_position={before.position}")
            assert code(answer)[:2] == (503, "being-restored")
            assert answer.headers["Retry-After"] == "1"
            assert ask(visitor, WORKLOAD).status == 200, "nobody else waits"
        go_on.set()
        assert patiently(visitor, as_of_position=before.position) == before


def patiently(visitor: Visitor, **query: Any) -> Answer:
    """As somebody asks who is told to ask again."""
    while (answer := ask(visitor, WORKLOAD, **query)).status == 503:
        pass
    return answer
