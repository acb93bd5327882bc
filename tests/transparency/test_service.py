"""The service over real HTTP: every command is answered with a receipt that holds it to its word."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, LiteralString

import httpx
from typer.testing import CliRunner

from api.__main__ import app as bidao
from api.commands.sealing import in_turn
from api.settings import Settings
from projections.transparency.keys import LogKeys
from projections.transparency.receipts import Acknowledged
from tests.api.terminal import Terminal
from tests.api.visitor import Clock, Visitor
from tests.lives import OFFICER
from tests.projections.waiting import until
from tests.server import serving
from tests.stores import Store
from tests.transparency.watching import sealed

IN_SQLITE: LiteralString = """
    UPDATE stored_events SET state = replace(state, 'officer-ge', 'officer-gi') WHERE topic = 'incident.reported'"""
IN_POSTGRES: LiteralString = """
    UPDATE stored_events
    SET state = convert_to(replace(convert_from(state, 'UTF8'), 'officer-ge', 'officer-gi'), 'UTF8')
    WHERE topic = 'incident.reported'"""


def verified(answer: httpx.Response, keys: LogKeys) -> Acknowledged:
    assert answer.is_success, answer.text
    return Acknowledged.model_validate_json(answer.content).verified(keys)


def saved(folder: Path, receipts: list[Any]) -> list[str | Path]:
    """As options of a command line."""
    words: list[str | Path] = []
    for nth, receipt in enumerate(receipts):
        path = folder / f"receipt-{nth}.json"
        path.write_bytes(receipt.content)
        words += ["--receipt", path]
    return words


def test_every_kind_of_command_is_acknowledged_and_agrees_with_the_log(
    door: Visitor, terminal: Terminal, keys: LogKeys, tmp_path: Path
) -> None:
    reported = door.report()
    case = reported.json()["incident_id"]
    with ThreadPoolExecutor(8) as pool:
        many = list(pool.map(lambda nth: door.ask(OFFICER, "take-action", {"note": f"第{nth}次"}, case), range(24)))
    household = {"grid": "grid-chuangdan-1"}
    headers = {"Bidao-Actor": "officer-ge; role=grid_officer; scope=grid-chuangdan-1", "Idempotency-Key": "enrol-1"}
    path = "/api/v1/households/hh-0001/enrol-household"
    enrolled = door.client.post(path, json=household, headers=headers)
    again = door.client.post(path, json=household, headers=headers)
    renamed = door.enact("territory", "rename-node", {"node": "grid-chuangdan-1", "new_name": "床单厂网格"})
    answers = [reported, *many, enrolled, again, renamed]
    receipts = [verified(answer, keys) for answer in answers]
    assert len({receipt.position for receipt in receipts}) == len(answers) - 1
    assert again.json()["leaf_hash"] == enrolled.json()["leaf_hash"]
    until(lambda: sealed(door))
    answer = terminal.run("verify", "log", *saved(tmp_path, answers))
    assert f"与 {len(answers)} 张回执相符" in answer.output, answer.output


def test_a_receipt_is_verified_offline_and_a_changed_one_is_not(
    door: Visitor, terminal: Terminal, tmp_path: Path
) -> None:
    answer, path, key = door.report(), tmp_path / "receipt.json", terminal.settings.log_folder / "key"
    path.write_bytes(answer.content)

    def verify() -> str:
        return CliRunner().invoke(bidao, ["verify", "receipt", str(path), "--key", str(key)]).output

    assert f"签名无误：第 {answer.json()['position']} 条事件" in verify()
    path.write_text(json.dumps({**answer.json(), "leaf_hash": "0" * 64}))
    assert "被改动过" in verify()
    path.write_text("{}")
    assert "不是回执" in verify()


def test_an_edit_in_the_second_before_sealing_is_found(
    door: Visitor, terminal: Terminal, settings: Settings, lasting_store: Store, tmp_path: Path
) -> None:
    with in_turn(settings):  # nothing is sealed meanwhile
        answer = door.report()
        with lasting_store.owner_of(settings) as owner:
            if settings.postgres is None:
                owner(IN_SQLITE)
            else:
                owner("ALTER TABLE stored_events DISABLE TRIGGER refuse_change")
                owner(IN_POSTGRES)
    until(lambda: sealed(door))
    assert "与封存时相同" in terminal.run("verify", "log").output
    found = terminal.run("verify", "log", *saved(tmp_path, [answer]))
    assert found.exit_code == 1
    assert f"第{answer.json()['position']}条事件与回执不符：答复之后、封存之前被改动过" in found.output
    assert answer.json()["incident_id"] in found.output


def test_a_key_that_cannot_be_read_keeps_nobody_from_their_work(door: Visitor, settings: Settings) -> None:
    settings.log_key.write_text("nonsense")
    answer = door.report()
    assert answer.status_code == 201
    assert answer.json()["signature"] is None
    assert len(answer.json()["leaf_hash"]) == 64
    until(lambda: door.client.get("/readyz").json()["sealing"]["failing"])
    assert "bidao_log_failing 1.0" in door.client.get("/metrics").text


def test_without_a_key_nothing_is_signed_and_nothing_sealed(settings: Settings) -> None:
    with serving(settings) as url, httpx.Client(base_url=url, timeout=60) as client:
        door = Visitor(client, Clock())
        assert door.report().json()["signature"] is None
        assert client.get("/readyz").json()["sealing"] is None
