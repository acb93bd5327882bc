"""Nobody acts without saying who they are, and nobody may say so from another machine."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.identity import UnsafeSettings
from api.settings import is_loopback
from tests.api.visitor import Clock, Visitor, identity
from tests.lives import OFFICER, REPORT
from tests.server import serving, settings_for
from tests.stores import Store

OUTSIDE = ("0.0.0.0", "::", "10.1.2.3", "192.168.1.5", "example.cn", "")  # noqa: S104 - these are refused
INSIDE = ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "::ffff:127.0.0.1")
ACTOR = identity(OFFICER)["Bidao-Actor"]


def test_what_is_this_machine() -> None:
    assert [host for host in INSIDE if not is_loopback(host)] == []
    assert [host for host in (*OUTSIDE, None) if is_loopback(host)] == []


@pytest.mark.parametrize("host", OUTSIDE)
def test_the_service_does_not_start_where_strangers_could_name_themselves(tmp_path: Path, host: str) -> None:
    with pytest.raises(UnsafeSettings, match="BIDAO_HEADER_IDENTITY"):
        create_app(settings_for(tmp_path, host=host))


def test_the_header_says_who_acts(door: Visitor) -> None:
    sent = {"Bidao-Actor": "property-desk ;unit=unit-property;  role = department; scope=district-hecheng"}
    case = door.report().json()["incident_id"]
    assert door.ask("", "take-action", {"note": "已联系"}, case, headers=sent).status_code == 200
    line = door.read(f"/api/v1/incidents/{case}/history").json()["events"][-1]
    assert (line["actor"], line["actor_name"], line["role"]) == ("property-desk", "物业经理", "department")


@pytest.mark.parametrize(
    "claim",
    [
        None,
        "",
        "officer-ge",
        "officer-ge; role",
        "officer-ge; role=emperor",
        "; role=street",
        "葛岳辉; role=street",
        "a b; role=street",
        "x; role=street; role=district",
        "x; actor=y; role=street",
        "x; role=street; colour=red",
        "x; role=street; scope=grid-nowhere",
        "x; role=street; scope=",
    ],
)
def test_a_header_that_says_nobody_is_401(door: Visitor, claim: str | None) -> None:
    before = door.stored()
    answer = door.ask(OFFICER, "report", REPORT, headers={"Bidao-Actor": claim})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unidentified"
    assert answer.headers["WWW-Authenticate"] == "Bidao-Actor"
    assert door.stored() == before


def test_what_another_process_has_just_taken_in_is_known_here(
    lasting_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever word of it may come later: nobody is told no before the registers were read again."""

    async def hear_nothing(*_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("api.app.keep_fresh", hear_nothing)
    settings, clock = lasting_store.settings(tmp_path, wait_timeout=20), Clock()
    with (
        serving(settings, clock) as one,
        serving(settings, clock) as other,
        httpx.Client(base_url=one, timeout=30) as here,
        httpx.Client(base_url=other, timeout=30) as there,
    ):
        keeper, visitor = Visitor(here, clock), Visitor(there, clock)

        def listed(grid: str) -> dict[str, str]:
            """A grid that only the first process knows of; the header of an officer in charge of it."""
            node = {"id": grid, "level": "grid", "name": grid, "parent": "estate-chuangdan"}
            taken_in = keeper.enact("territory", "import-territory", {"nodes": [node]})
            assert taken_in.is_success, taken_in.text
            return {"Bidao-Actor": f"officer-new; role=grid_officer; scope={grid}"}

        asked = "/api/v1/incidents"
        assert there.get(asked, headers=listed("g1")).status_code == 200
        assert visitor.ask("", "report", {**REPORT, "grid": "g2"}, headers=listed("g2")).status_code == 201
        listed("g3")
        assert visitor.read(f"{asked}?territory=g3").status_code == 200
        listed("g4")
        assert visitor.read("/api/v1/territory/g4").status_code == 200
        assert visitor.read(f"{asked}?territory=g5").status_code == 422


def test_identity_comes_before_the_body(door: Visitor) -> None:
    answer = door.ask(OFFICER, "report", headers={"Bidao-Actor": "nobody"}, content=b"not even json")
    assert answer.status_code == 401


def test_without_the_setting_nobody_is_believed(tmp_path: Path) -> None:
    settings = settings_for(tmp_path).model_copy(update={"header_identity": False})
    with serving(settings) as url:
        answer = httpx.get(f"{url}/api/v1/incidents", headers=identity(OFFICER))
    assert (answer.status_code, answer.json()["code"]) == (401, "unidentified")


@pytest.mark.parametrize("sign", [{"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=1.2.3.4"}, {"Host": "evil.cn"}])
def test_behind_a_proxy_or_under_a_foreign_name_nobody_is_believed(door: Visitor, sign: dict[str, str]) -> None:
    answer = door.ask(OFFICER, "report", REPORT, headers=sign)
    assert (answer.status_code, answer.json()["code"]) == (403, "loopback-only")


def test_from_another_address_nobody_is_believed_whatever_they_say(tmp_path: Path) -> None:
    """The one way to be called from elsewhere: a socket opened by somebody else, on an address of this machine."""
    with socket.create_server(("0.0.0.0", 0)) as listening:  # noqa: S104 - that is the point
        mine = own_address()
        with serving(settings_for(tmp_path), listening=listening) as url:
            port = url.rpartition(":")[2]
            claim = {"Bidao-Actor": ACTOR, "Host": "127.0.0.1"}
            near = httpx.get(f"http://127.0.0.1:{port}/api/v1/incidents", headers=claim)
            far = httpx.get(f"http://{mine}:{port}/api/v1/incidents", headers=claim)
    assert near.status_code == 200
    assert (far.status_code, far.json()["code"]) == (403, "loopback-only")


def own_address() -> str:
    """An address of this machine that is not loopback; connecting a datagram socket sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        address: str = probe.getsockname()[0]
    return address
