"""案卷重演 in a real browser: what is printed fits A4, and carries the fingerprint that `bidao verify` reports."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from playwright.sync_api import Browser, Page
from typer.testing import CliRunner

from api.__main__ import app as bidao
from api.settings import Settings
from tests.api.terminal import Terminal
from tests.api.visitor import Clock, Visitor, identity
from tests.browser.chromium import chromium
from tests.lives import LIVES
from tests.server import serving, settings_for

A4 = (210, 297)
"""In millimetres."""
AUDITOR = identity("auditor-wang")


class Desk(NamedTuple):
    """An inspector's: a service that was sealed after the case was corrected, and then went on."""

    visitor: Visitor
    settings: Settings
    case: str

    @property
    def address(self) -> str:
        return f"{self.visitor.client.base_url}/api/v1/incidents/{self.case}/replay"

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = self.visitor.client.get(self.address, headers=AUDITOR).json()
        return told


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    settings = settings_for(tmp_path_factory.mktemp("desk"))
    terminal = Terminal(settings)
    assert terminal.run("keys", "init", "hecheng.example.cn/bidao").exit_code == 0
    clock = Clock()
    with serving(settings, clock) as url, httpx.Client(base_url=url, timeout=60) as client:
        visitor = Visitor(client, clock)
        case = visitor.case(LIVES["grant-correction"])
        yield Desk(visitor, settings, case)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, desk: Desk) -> Iterator[Page]:
    assert Terminal(desk.settings).run("seal").exit_code == 0
    with browser.new_context(extra_http_headers=AUDITOR) as context:
        page = context.new_page()
        page.set_viewport_size({"width": 840, "height": 1100})
        page.goto(f"{desk.address}.html?as=corrected")
        yield page


def test_every_step_is_seen_with_what_it_changed_and_who_corrected_it(page: Page, desk: Desk, tmp_path: Path) -> None:
    told = desk.visitor.client.get(f"{desk.address}?as=corrected", headers=AUDITOR).json()
    assert page.get_by_role("heading", name="案卷重演").is_visible()
    assert page.locator("section.step").count() == len(told["steps"])
    for step in told["steps"]:
        shown = page.locator(f"section[data-step='{step['version']}']")
        assert shown.get_by_text(step["sentence"]).is_visible()
        fields = [row.get_attribute("data-field") for row in shown.locator("[data-part=changes] tbody tr").all()]
        assert fields == [change["field"] for change in step["changes"]]
        assert shown.locator("[data-part=clocks] tbody tr").count() == len(step["clocks"])
    marked = [change for change in told["steps"][0]["changes"] if change["corrected_by"]]
    assert marked
    for change in marked:
        row = page.locator(f"section[data-step='1'] tr[data-field='{change['field']}']").inner_text()
        assert f"更正 第{change['corrected_by']}步更正，当时所记：{change['recorded_said']}" in row
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "wider than the page"
    assert page.screenshot(path=tmp_path / "page.png", full_page=True).startswith(b"\x89PNG")


def test_the_paper_and_the_verifier_report_the_same_fingerprint(page: Page, desk: Desk, tmp_path: Path) -> None:
    shown, proof = page.locator(".fingerprint").inner_text(), desk.told()["proof"]
    verified = Terminal(desk.settings).run("verify", "log")
    assert verified.exit_code == 0
    assert shown == proof["fingerprint"]
    assert f"{proof['size']} 条事件与封存时相同；指纹 {shown}" in verified.output
    assert f"封存了 {proof['size']} 条" in page.locator(".proof").inner_text()
    for leaf, step in zip(proof["leaves"], desk.told()["steps"], strict=True):
        assert (leaf["leaf"], leaf["as_sealed"]) == (step["position"] - 1, True)
        assert f"叶子 {leaf['leaf']}" in page.locator(f"section[data-step='{step['version']}']").inner_text()
    kept = tmp_path / "typed-from-paper"
    kept.write_text(page.locator(".proof pre").inner_text().rstrip("\n") + "\n", "utf-8")
    bundle = tmp_path / "case.jsonl"
    assert Terminal(desk.settings).run("export", "bundle", desk.case, "--out", bundle).exit_code == 0
    offline = CliRunner().invoke(bidao, ["verify", "bundle", str(bundle)], env={"COLUMNS": "200"})
    assert f"检查点指纹 {shown}" in offline.output
    assert "与另存的 1 个检查点或声明相符" in Terminal(desk.settings).run("verify", "log", "--against", kept).output


def test_printed_it_is_a4_with_numbered_pages(page: Page) -> None:
    printed = page.pdf(prefer_css_page_size=True, print_background=False)
    boxes = re.findall(rb"/MediaBox ?\[ ?0 0 ([\d.]+) ([\d.]+) ?\]", printed)
    assert 2 <= len(boxes) <= 6
    for box in boxes:
        assert tuple(float(side) / 72 * 25.4 for side in box) == pytest.approx(A4, abs=0.5)


def test_nothing_is_fetched_and_nothing_is_run(browser: Browser, desk: Desk) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    with browser.new_context(extra_http_headers=AUDITOR, java_script_enabled=False) as context:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{desk.address}.html")
    assert [url for url in asked if not url.endswith("/favicon.ico")] == asked[:1]
    assert complaints == []


def test_what_was_rewritten_since_says_so_on_the_paper(tmp_path: Path) -> None:
    """The control: leaves are compared with what is stored, not only counted; and what came later is not sealed yet."""
    settings = settings_for(tmp_path / "data")
    terminal = Terminal(settings)
    assert terminal.run("keys", "init", "hecheng.example.cn/bidao").exit_code == 0
    with serving(settings, clock := Clock()) as url, httpx.Client(base_url=url, timeout=60) as client:
        visitor = Visitor(client, clock)
        case = visitor.case(LIVES["take-action"])
        assert terminal.run("seal").exit_code == 0
        last = visitor.stored()
        with sqlite3.connect(settings.events_db) as connection:
            rewriting = "UPDATE stored_events SET state = replace(state, '}', ' }') WHERE rowid = ?"
            assert connection.execute(rewriting, [last]).rowcount == 1
        connection.close()
        address = f"/api/v1/incidents/{case}/replay"
        proof = client.get(address, headers=AUDITOR).json()["proof"]
        assert [leaf["as_sealed"] for leaf in proof["leaves"]] == [True] * (len(proof["leaves"]) - 1) + [False]
        assert "与封存时不同" in client.get(f"{address}.html", headers=AUDITOR).text
        note = (settings.log_folder / "checkpoint").read_text("utf-8")
        (settings.log_folder / "checkpoint").write_text(note.replace(f"\n{last}\n", f"\n{last + 1}\n", 1), "utf-8")
        told = client.get(address, headers=AUDITOR).json()
        assert told["proof"] is None
        assert "签名不对" in told["unproved"]
        assert [step["version"] for step in told["steps"]] == [leaf["version"] for leaf in proof["leaves"]]
