"""Exports over HTTP: the very file that `bidao export` writes, for auditors of everything and for nobody else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import httpx
import pytest

from api.exports import NotWanted, _made
from api.opening import open_case_files
from projections.interchange.forms import Form
from tests.api.terminal import Terminal
from tests.api.visitor import Clock, Visitor, identity
from tests.lives import CLOSED, LIVES, OFFICER, REPORT, RESIDENT
from tests.server import serving
from tests.stores import Store

AUDITOR = identity("auditor-wang")
FORMS = {"ocel": ("events.json", "json"), "ocel-sqlite": ("events.sqlite", "vnd.sqlite3"), "xes": ("cases.xes", "xml")}


@pytest.fixture(scope="module")
def terminal(lasting_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    return Terminal(lasting_store.settings(tmp_path_factory.mktemp("exports") / "data"))


@pytest.fixture(scope="module")
def service(terminal: Terminal) -> Iterator[Visitor]:
    clock = Clock()
    with serving(terminal.settings, clock) as url, httpx.Client(base_url=url, timeout=120) as client:
        visitor = Visitor(client, clock)
        for life in (CLOSED, LIVES["grant-correction"], LIVES["unmerge"]):
            visitor.play(life)
        yield visitor


@pytest.mark.parametrize("form", FORMS)
def test_it_is_what_the_command_writes_and_names_nobody(
    service: Visitor, terminal: Terminal, tmp_path: Path, form: str
) -> None:
    name, media = FORMS[form]
    answer = service.client.get(f"/api/v1/exports/{form}", headers=AUDITOR)
    assert answer.status_code == 200, answer.text
    assert terminal.run("export", form.partition("-")[0], tmp_path / name).exit_code == 0
    assert answer.content == (tmp_path / name).read_bytes()
    assert answer.headers["Content-Type"].startswith(f"application/{media}")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Bidao-Position"] == str(service.stored())
    personal = (REPORT["reporter"]["name"], REPORT["reporter"]["phone"], REPORT["description"])
    assert not [secret for secret in personal if secret.encode() in answer.content]


@pytest.mark.parametrize("form", FORMS)
def test_only_auditors_of_everything_may(service: Visitor, form: str) -> None:
    local = {"Bidao-Actor": "auditor-chen; role=auditor; scope=community-sanjiaoping"}
    nowhere = {"Bidao-Actor": "auditor-chen; role=auditor"}
    for headers in (local, nowhere, *map(identity, (OFFICER, "district-desk", RESIDENT))):
        answer = service.client.get(f"/api/v1/exports/{form}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_of_no_other_form_is_anything_known(service: Visitor) -> None:
    assert service.client.get("/api/v1/exports/pdf", headers=AUDITOR).status_code == 404


@pytest.mark.parametrize("form", Form)
def test_nothing_is_left_of_it_on_the_disk_nor_of_one_that_nobody_waits_for(
    service: Visitor, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Form
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    files, gone = open_case_files(terminal.settings), Event()
    head = service.stored()
    with _made(form, files, head, gone) as made:
        assert made.read(1)
    gone.set()
    with pytest.raises(NotWanted):
        _made(form, files, head, gone)
    files.close()
    assert list(tmp_path.iterdir()) == []
