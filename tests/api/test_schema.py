"""The description is the truth: schemathesis tries every operation against it, with all its checks."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from os import environ
from pathlib import Path
from typing import Any

import httpx
from schemathesis.config import ChecksConfig

from domain import household, membership
from domain.access import Reveal
from domain.erasure import ApproveErasure, RefuseErasure, RequestErasure
from domain.rostering import AssignShifts
from tests.api.spare import BODIES, DISTRICT, list_corner
from tests.api.terminal import Terminal
from tests.api.test_case_files import CHILD
from tests.api.visitor import START, Clock, Visitor, identity
from tests.lives import LIVES, OFFICER, PRIMARY, REPORTED, TWICE
from tests.photographs import MINUTES
from tests.sealing import seal_beside
from tests.server import serving
from tests.stores import Store

HERE = Path(__file__).parent
READER, AUDITOR = (identity(who)["Bidao-Actor"] for who in ("district-desk", "auditor-wang"))
SECRETARY = "secretary-sanjiaoping"


def prepare(visitor: Visitor, described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """For every operation who asks, and for every command a case in the stage where it is granted."""
    ready: dict[str, dict[str, Any]] = {}
    list_corner(visitor)
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            stands = handed_in(visitor) if "/evidence" in path else {"incident_id": visitor.case(REPORTED)}
            ready[operation["operationId"]] = {"identity": READER, **stands}
            last = path.rpartition("/")[2]
            if last == Reveal.name:
                child = visitor.report(on_behalf_of=CHILD).json()["incident_id"]
                ready[operation["operationId"]]["incident_id"] = child
            elif method == "post" and "/incidents" in path and "/evidence" not in path and last != "search":
                ready[operation["operationId"]] = prepared_for(visitor, last)
            elif "{entry_id}" in path:
                ready[operation["operationId"]] |= enrolled_for(visitor, path, last)
            elif last in ("{form}", "accesses"):
                ready[operation["operationId"]]["identity"] = AUDITOR
            elif last in BODIES:
                ready[operation["operationId"]] |= {"identity": DISTRICT, "body": BODIES[last]}
            elif last in (ApproveErasure.name, RefuseErasure.name):
                body = {**RequestErasure.example, "subject": f"s-{last}"}
                visitor.enact("erasure", RequestErasure.name, body, SECRETARY)
                example = RefuseErasure.example if last == RefuseErasure.name else {}
                ready[operation["operationId"]] |= {
                    "identity": DISTRICT,
                    "body": {**example, "subject": body["subject"]},
                }
            elif last == "cancel-shift":
                visitor.enact("duty", "assign-shifts", AssignShifts.example)
            visitor.clock.now = START  # a case never goes back behind its own last line, and no other waits meanwhile
    return ready


def handed_in(visitor: Visitor) -> dict[str, Any]:
    """A case with minutes in it."""
    case = visitor.report().json()["incident_id"]
    version = visitor.ask(OFFICER, "evidence", case=case, files={"file": MINUTES}).json()["version"]
    return {"incident_id": case, "evidence_version": version, "file": MINUTES.decode()}


def prepared_for(visitor: Visitor, last: str) -> dict[str, Any]:
    """What the example of one command needs."""
    visitor.ask_before(last)
    *before, turn = LIVES["report" if last == "incidents" else last]
    told = {"identity": identity(turn.actor)["Bidao-Actor"], "body": turn.asked}
    if not before:
        return told
    primary = visitor.case(TWICE[:1]) if PRIMARY in turn.asked.values() else None
    told["body"] = {field: primary if value == PRIMARY else value for field, value in turn.asked.items()}
    answer = visitor.play(tuple(before))
    return {**told, "incident_id": answer.json()["incident_id"], "If-Match": answer.headers["ETag"]}


def enrolled_for(visitor: Visitor, path: str, last: str) -> dict[str, Any]:
    """An entry on its roll, of which the example of a command holds."""
    entry = f"ready-{last.strip('{}')}"
    roll = path.removeprefix("/api/v1/").partition("/")[0]
    enrolling = household.EnrolHousehold if roll == "households" else membership.CheckIn
    if last != enrolling.name:
        visitor.enact(f"{roll}/{entry}", enrolling.name, enrolling.example, SECRETARY)
    if last == household.DelistMustVisit.name:
        group = {"group": household.DelistMustVisit.example["group"]}
        visitor.enact(f"{roll}/{entry}", household.ListMustVisit.name, group, SECRETARY)
    return {"identity": identity(SECRETARY)["Bidao-Actor"], "entry_id": entry}


def run(url: str, prepared: Path, report: Path) -> subprocess.CompletedProcess[str]:
    """All checks, all phases, through schemathesis's own command."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")),
            *("run", f"{url}/openapi.json", "--checks", "all", "--no-color"),
            *("--report", "ndjson", "--report-ndjson-path", str(report)),
        ],
        env={**environ, "SCHEMATHESIS_HOOKS": "tests.api.schema_hooks", "BIDAO_PREPARED": str(prepared)},
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def outcomes(report: Path) -> Iterator[tuple[str, int]]:
    """Every operation asked, and the status it answered."""
    for line in report.read_text("utf-8").splitlines():
        scenario = json.loads(line).get("ScenarioFinished") or {}
        recorder = scenario.get("recorder") or {}
        for case, interaction in recorder.get("interactions", {}).items():
            if interaction.get("response"):
                asked = recorder["cases"][case]["value"]
                yield f"{asked['method']} {asked['path']}", interaction["response"]["status_code"]


def test_schemathesis_finds_nothing_and_every_operation_succeeds_at_least_once(
    postgres_url: str, tmp_path: Path
) -> None:
    """On the store that takes the least: text without NUL, numbers of 64 bits. `test_commands` asks every one."""
    settings = Store("postgres", postgres_url).settings(tmp_path / "data")
    clock, given, report = Clock(), tmp_path / "prepared.json", tmp_path / "report.ndjson"
    assert Terminal(settings).run("keys", "init", "example.org/log").exit_code == 0
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=60) as client:
        described = client.get("/openapi.json").json()
        given.write_text(json.dumps(prepare(Visitor(client, clock), described)), "utf-8")
        seal_beside(settings)
        finished = run(url, given, report)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    succeeded = {operation for operation, status in outcomes(report) if 200 <= status < 300}
    every = {f"{method.upper()} {path}" for path, methods in described["paths"].items() for method in methods}
    assert every - succeeded == set()


def test_its_configuration_adds_three_answers_and_nothing_else() -> None:
    configuration = tomllib.loads((HERE / "schemathesis.toml").read_text("utf-8"))
    assert configuration.keys() == {"generation", "phases", "checks"}
    for name, check in configuration["checks"].items():
        assert check.keys() == {"expected-statuses"}
        by_default = set(getattr(ChecksConfig().get_by_name(name=name), "expected_statuses", ()))
        assert by_default < set(check["expected-statuses"]) <= by_default | {"412", "422", "428"}
