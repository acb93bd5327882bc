"""The territory over HTTP: commands, sheets, and the tree as drawn now or then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.registry.sheets import SHEETS, write_sheet
from tests.api.visitor import START, Clock, Visitor, identity
from tests.registry.ledger import LISTED
from tests.server import serving
from tests.stores import Store

TERRITORY = "/api/v1/territory"
SPLIT = {
    "grid": "g1",
    "into": [{"id": "ga", "name": "甲网格", "buildings": ["b1"]}, {"id": "gb", "name": "乙网格"}],
}
DISTRICT = {"Bidao-Actor": "district-desk; role=district; scope=district-hecheng"}
OFFICER, RESIDENT = identity("officer-ge"), identity("s-zeng")


class Desk(Visitor):
    """A visitor who keeps the territory."""

    def keep(self, command: str, body: Any, headers: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        sent = {**DISTRICT, "Idempotency-Key": self.new_key(), **(headers or {})}
        return self.client.post(f"{TERRITORY}/{command}", json=body, headers=sent, params=query)

    def sheet(self, data: bytes, media: str = "text/csv; charset=utf-8", **query: Any) -> httpx.Response:
        sent = {**DISTRICT, "Idempotency-Key": self.new_key(), "Content-Type": media}
        return self.client.post(f"{TERRITORY}/import", content=data, headers=sent, params=query)

    def look(self, node: str = "", headers: dict[str, str] = DISTRICT, **query: Any) -> httpx.Response:
        return self.client.get(f"{TERRITORY}/{node}" if node else TERRITORY, headers=headers, params=query)


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Iterator[Desk]:
    """A service whose territory is that of the rules' tests, taken in sheet by sheet."""
    clock = Clock()
    with serving(store.settings(tmp_path), clock) as url, httpx.Client(base_url=url, timeout=60) as client:
        desk = Desk(client, clock)
        for name in ("nodes", "units", "staff", "heads"):
            rows = tuple(row for row in getattr(LISTED, name) if getattr(row, "id", "") not in ("city", "district"))
            answer = desk.sheet(write_sheet(name, moved(rows)), sheet=name)
            assert answer.status_code == 200, answer.text
        yield desk


def moved(rows: tuple[Any, ...]) -> tuple[Any, ...]:
    """The ledger's district under the one that the service was furnished with; codes are that one's too."""
    changed = []
    for row in rows:
        update: dict[str, Any] = {}
        if getattr(row, "parent", None) == "district":
            update["parent"] = "district-hecheng"
        if getattr(row, "scope", None) == "district":
            update["scope"] = "district-hecheng"
        if code := getattr(row, "code", ""):
            update["code"] = code.replace("431202001", "431202009", 1)
        changed.append(row.model_copy(update=update))
    return tuple(changed)


def test_a_grid_is_split_and_cases_lie_where_their_buildings_do(desk: Desk) -> None:
    rehearsed = desk.keep("split-grid", SPLIT, dry_run=True).json()
    assert rehearsed["changed"] is True
    assert "撤销“g1号”，改设甲网格、乙网格，自2026-03-02 10:00起" in rehearsed["would"]
    assert desk.look("g1").json()["closed"] is False
    done = desk.keep("split-grid", SPLIT)
    assert done.status_code == 200
    assert done.json()["changed"] is True
    assert done.headers["ETag"] == f'"{done.json()["version"]}"'
    told = desk.look("g1").json()
    assert (told["closed"], told["successors"]) == (True, ["ga", "gb"])
    assert [node["id"] for node in desk.look("b1").json()["path"]][:2] == ["b1", "ga"]
    assert [node["id"] for node in desk.look("b2").json()["path"]][:2] == ["b2", "east"]


def test_the_tree_is_shown_as_drawn_then(desk: Desk) -> None:
    later = (START + timedelta(days=2)).isoformat()
    assert desk.keep("split-grid", {**SPLIT, "effective_from": later}).status_code == 200
    assert desk.look("g1").json()["scheduled"] == "2026-03-04T02:00:00Z"
    assert desk.look("ga").status_code == 404
    assert desk.look("ga", as_of=later).json()["closed"] is False
    desk.clock.forward(72)
    assert desk.look("ga").json()["closed"] is False
    assert desk.look("g1", as_of=START.isoformat()).json()["closed"] is False


def test_a_name_once_given_up_is_still_told(desk: Desk) -> None:
    assert desk.keep("rename-node", {"node": "g1", "new_name": "阳光网格"}).status_code == 200
    assert desk.keep("rename-node", {"node": "g1", "new_name": "阳光网格"}).json()["changed"] is False
    assert desk.look("g1").json()["former_names"] == [{"value": "g1号", "until": "2026-03-02T02:00:00Z"}]


def test_whoever_leaves_leaves_a_grid_uncovered_until_somebody_comes(desk: Desk) -> None:
    def uncovered() -> list[str]:
        return [node["id"] for node in desk.look(uncovered=True, under="street").json()["items"]]

    assert uncovered() == ["g3"]
    desk.keep("release-staff", {"staff": "zhang", "successor": "ge"})
    assert uncovered() == ["g2", "g3"]
    new = {"staff": "new", "staff_name": "新人", "role": "grid_officer", "scope": "g3"}
    desk.keep("appoint-staff", new)
    assert uncovered() == ["g2"]
    assert [member["id"] for member in desk.look("g3").json()["staff"]] == ["new"]


def test_the_list_is_filtered_and_paged(desk: Desk) -> None:
    first = desk.look(level="grid", under="east", limit=1).json()
    assert ([node["id"] for node in first["items"]], first["next"], first["count"]) == (["g1"], "g1", 2)
    second = desk.look(level="grid", under="east", limit=1, cursor=first["next"]).json()
    assert ([node["id"] for node in second["items"]], second["next"]) == (["g2"], None)
    assert desk.look(cursor="nowhere").json()["code"] == "bad-cursor"


def test_what_did_not_change_is_not_sent_again(desk: Desk) -> None:
    seen = desk.look("g1").headers["ETag"]
    assert desk.look("g1", {**DISTRICT, "If-None-Match": seen}).status_code == 304
    desk.keep("rename-node", {"node": "g1", "new_name": "阳光网格"})
    assert desk.look("g1", {**DISTRICT, "If-None-Match": seen}).status_code == 200


@pytest.mark.parametrize(
    "who", ["ge; role=grid_officer; scope=g1", "a; role=auditor; scope=district-hecheng", "b; role=admin; scope=east"]
)
def test_whoever_is_in_charge_knows_the_heads_of_a_building(desk: Desk, who: str) -> None:
    [head] = desk.look("b1", {"Bidao-Actor": who}).json()["heads"]
    assert (head["person"], head["name"]) == ("s-1", "某楼栋长")


ELSEWHERE = ["zhang; role=grid_officer; scope=g2", "x; role=street; scope=street-tuoyuan", "b; role=admin"]


@pytest.mark.parametrize("who", [RESIDENT["Bidao-Actor"], OFFICER["Bidao-Actor"], *ELSEWHERE])
def test_nobody_else_does(desk: Desk, who: str) -> None:
    told = desk.look("b1", {"Bidao-Actor": who})
    assert told.json()["heads"] == [{"person": "1", "name": "***", "phone": None}]
    assert "某楼栋长" not in told.text
    assert "s-1" not in told.text


def test_who_was_in_charge_once_is_not_any_more(desk: Desk) -> None:
    was = (START + timedelta(hours=1)).isoformat()
    desk.clock.forward(2)
    body = {"nodes": [{"id": "b1", "level": "building", "name": "b1号", "code": "", "parent": "g2"}]}
    assert desk.keep("import-territory", body).json()["changed"] is True
    then = desk.look("b1", {"Bidao-Actor": "ge; role=grid_officer; scope=g1"}, as_of=was).json()
    assert (then["path"][1]["id"], then["heads"][0]["name"]) == ("g1", "***")


def test_residents_see_places_not_people(desk: Desk) -> None:
    assert desk.look("g1", RESIDENT).json()["staff"] == []
    assert [member["id"] for member in desk.look("g1", OFFICER).json()["staff"]] == ["ge", "mi"]


@pytest.mark.parametrize("who", [OFFICER, RESIDENT, identity("secretary-yunjian")])
def test_only_the_district_redraws(desk: Desk, who: dict[str, str]) -> None:
    answer = desk.keep("split-grid", SPLIT, who)
    assert (answer.status_code, answer.json()["rule"]) == (409, "keeper-only")


def test_the_same_key_writes_once(desk: Desk) -> None:
    key = {"Idempotency-Key": "the-same"}
    first, again = desk.keep("split-grid", SPLIT, key), desk.keep("split-grid", SPLIT, key)
    assert first.json() == again.json()
    assert desk.keep("split-grid", {**SPLIT, "grid": "g2"}, key).json()["code"] == "key-reused"


def test_rows_that_do_not_fit_are_told_each_and_nothing_is_taken(desk: Desk) -> None:
    rows = [
        {"id": "g8", "level": "grid", "name": "八", "parent": "east"},
        {"id": "g9", "level": "grid", "name": "九", "parent": "nowhere"},
        {"id": "b9", "level": "building", "name": "九栋", "parent": "b1"},
    ]
    answer = desk.keep("import-territory", {"nodes": rows})
    assert (answer.status_code, answer.json()["rule"]) == (409, "rows-fit")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/nodes/1", "#/nodes/2"]
    assert desk.look("g8").status_code == 404


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_sheet_in_any_of_its_encodings(desk: Desk, encoding: str) -> None:
    data = "编号,层级,名称,上级编号\ng9,网格,九网格,west\n".encode(encoding)
    assert desk.sheet(data, dry_run=True).json()["would"] == ["新设网格“九网格”，属west号"]
    assert desk.sheet(data).json()["changed"] is True
    assert desk.sheet(data).json()["changed"] is False
    assert desk.look("g9").json()["name"] == "九网格"


@pytest.mark.parametrize(
    ("body", "status", "sentences"),
    [
        ("编号,层级,名称\ng8,网格,\n,网格,九\n", 422, ["节点表第2行：“名称”没有填。", "节点表第3行：“编号”没有填。"]),
        ("编号,层级,名称,上级编号\n\ng8,网格,八,east\ng9,网格,九,无\n", 422, ["节点表第4行：“上级编号”应为"]),
        ("编号,层级,名称,上级编号\n\ng8,网格,八,east\ng9,网格,九,no\n", 409, ["节点表第4行：上级“no”不在册"]),
        (
            "编号,层级,名称,上级编号\ng8,网格,八,no\ng9,大院,九,east\n\ng8,网格,八,east\n,网格,十,east\n",
            422,
            [
                "节点表第2行：上级“no”不在册",
                "节点表第3行：“层级”应为",
                "节点表第5行：编号“g8”在表中出现了不止一次",
                "节点表第6行：“编号”没有填。",
            ],
        ),
        ("甲,乙\n1,2\n", 422, ["看不出是哪张表"]),
    ],
)  # fmt: skip
def test_a_sheet_with_bad_rows_is_not_taken_at_all(desk: Desk, body: str, status: int, sentences: list[str]) -> None:
    answer = desk.sheet(body.encode())
    assert answer.status_code == status
    told = [fault["detail"] for fault in answer.json()["errors"]]
    assert len(told) == len(sentences)
    assert all(said.startswith(sentence) for said, sentence in zip(told, sentences, strict=True))
    assert desk.look("g8").status_code == 404


def test_only_csv_within_the_limit_is_read(store: Store, tmp_path: Path) -> None:
    settings = store.settings(tmp_path, import_limit=1024)
    with serving(settings, Clock()) as url, httpx.Client(base_url=url, timeout=60) as client:
        desk = Desk(client, Clock())
        assert desk.sheet(b"a,b", media="application/json").status_code == 415
        assert desk.sheet(b"x" * 1025).status_code == 413
        assert desk.sheet(b"").status_code == 422


def test_every_sheet_can_be_rehearsed_and_taken_again(desk: Desk) -> None:
    for name in SHEETS:
        again = desk.sheet(write_sheet(name, ()), sheet=name, dry_run=True).json()
        assert (again["changed"], again["would"]) == (False, [])
