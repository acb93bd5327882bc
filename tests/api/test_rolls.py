"""Rolls over HTTP: who may ask and read, what stays covered, and how a figure is opened to the visits behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from domain import household, membership
from domain.casework.rolls import AnyCommand
from tests.api.visitor import Clock, Visitor, identity
from tests.server import serving
from tests.stores import Store

HOUSEHOLD, MEMBER = "/api/v1/households/household-1", "/api/v1/members/member-1"
MONTH = 31 * 24
FEW, SOME = 2, 4


@pytest.fixture
def desk(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    clock = Clock()
    with (
        serving(store.settings(tmp_path_factory.mktemp("rolls"), wait_timeout=20), clock) as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        yield Visitor(client, clock)


def ask(
    desk: Visitor, path: str, command: type[AnyCommand], actor: str = "secretary-sanjiaoping", **body: Any
) -> httpx.Response:
    key = {"Idempotency-Key": f"{path}-{command.name}-{desk.clock().timestamp()}-{actor}".replace("/", "-")}
    desk.clock.forward(0.1)
    return desk.client.post(f"{path}/{command.name}", json=body or command.example, headers={**identity(actor), **key})


def test_every_command_succeeds_with_its_own_example(desk: Visitor) -> None:
    for command in household.COMMANDS:
        body = {"group": "unemployed"} if command is household.ListMustVisit else {}
        answer = ask(desk, HOUSEHOLD, command, **body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["changed"]
        assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'
    for enrolled in membership.COMMANDS:
        assert ask(desk, MEMBER, enrolled).json()["changed"]
    told = read(desk, HOUSEHOLD)
    assert [line["type"].partition(".")[2] for line in told["events"]] == [
        *("enrolled", "must_visit_listed", "must_visit_delisted", "visited", "left")
    ]
    assert (told["enrolled"], told["must_visit"]) == (False, False)
    assert "三角坪社区" in read(desk, MEMBER)["events"][0]["sentence"]


def read(desk: Visitor, path: str, actor: str = "secretary-sanjiaoping", **query: Any) -> Any:
    answer = desk.client.get(path, params=query, headers=identity(actor))
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_for_what_somebody_is_visited_is_covered_from_everybody(desk: Visitor) -> None:
    ask(desk, HOUSEHOLD, household.EnrolHousehold)
    ask(desk, HOUSEHOLD, household.ListMustVisit, group="corrections")
    answer = desk.client.get(HOUSEHOLD, headers=identity("secretary-sanjiaoping"))
    assert answer.json()["must_visit"]
    assert "corrections" not in answer.text
    assert "矫正" not in answer.text
    assert answer.json()["events"][1]["data"]["group"] == "***"


@pytest.mark.parametrize("actor", ["officer-zhang", "s-zeng", "drainage-desk"])
def test_whoever_does_not_answer_for_the_place_learns_nothing(desk: Visitor, actor: str) -> None:
    ask(desk, HOUSEHOLD, household.EnrolHousehold)
    for path in (HOUSEHOLD, "/api/v1/households/never-enrolled"):
        answer = desk.client.get(path, headers=identity(actor))
        assert answer.status_code == 404
        assert "案件" not in answer.text, "it is no case"
    refused = ask(desk, HOUSEHOLD, household.RecordVisit, actor)
    assert refused.status_code in (404, 409)


def test_what_was_read_need_not_be_sent_again_until_it_changes(desk: Visitor) -> None:
    ask(desk, HOUSEHOLD, household.EnrolHousehold)
    first = desk.client.get(HOUSEHOLD, headers=identity("officer-ge"))
    again = {**identity("officer-ge"), "If-None-Match": first.headers["ETag"]}
    assert desk.client.get(HOUSEHOLD, headers=again).status_code == 304
    ask(desk, HOUSEHOLD, household.RecordVisit, "officer-ge")
    assert desk.client.get(HOUSEHOLD, headers=again).status_code == 200


def test_a_figure_opens_to_the_visits_behind_it(desk: Visitor) -> None:
    homes = [f"/api/v1/households/home-{nth}" for nth in range(SOME)]
    for home in homes:
        ask(desk, home, household.EnrolHousehold)
        ask(desk, home, household.ListMustVisit)
    desk.clock.forward(MONTH)
    for home in homes[:FEW]:
        ask(desk, home, household.RecordVisit)
    ask(desk, homes[FEW], household.RecordVisit, met=False)
    desk.clock.forward(MONTH)
    [row] = read(desk, "/api/v1/views/kpis", kpi="must_visited", after=desk.stored())["rows"]
    [figure] = row["figures"]
    assert (figure["numerator"], figure["denominator"], figure["shown"]) == (FEW, SOME, "50.00%")
    asked = urlsplit(figure["cases"])
    narrowed = {name: value for name, [value] in parse_qs(asked.query).items()}
    missed = read(desk, asked.path, **narrowed, part="missed")
    assert [one["entry"] for one in missed["items"]] == ["home-2", "home-3"]
    events = read(desk, missed["items"][0]["events"])["events"]
    assert [line["data"].get("met") for line in events][-1] is False
    running = read(desk, asked.path, **narrowed, part="missed", running="true")
    assert running["count"] == FEW + SOME, "nobody was visited yet this month"


def test_of_one_or_two_households_nothing_is_told(desk: Visitor) -> None:
    for nth in range(FEW):
        ask(desk, f"/api/v1/households/home-{nth}", household.EnrolHousehold)
        ask(desk, f"/api/v1/households/home-{nth}", household.ListMustVisit)
    desk.clock.forward(2 * MONTH)
    [row] = read(desk, "/api/v1/views/kpis", kpi="must_visited", after=desk.stored())["rows"]
    assert row["suppressed"]
    assert row["figures"][0]["denominator"] is None


@pytest.mark.parametrize(
    ("command", "body", "status"),
    [
        (household.EnrolHousehold, {"grid": "moon"}, 409),
        (household.EnrolHousehold, {"grid": "张三家"}, 422),
        (household.ListMustVisit, {"group": "rich"}, 422),
        (household.RecordVisit, {"met": "yes"}, 422),
        (household.DelistMustVisit, {"group": "unemployed"}, 422),
    ],
)
def test_bad_input_is_told_and_leaves_nothing(
    desk: Visitor, command: type[AnyCommand], body: dict[str, Any], status: int
) -> None:
    before = desk.stored()
    answer = ask(desk, HOUSEHOLD, command, **body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert desk.stored() == before
