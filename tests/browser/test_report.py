"""月报 in a real browser: Chinese is drawn, nothing is fetched or run, and what is printed fits on its paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.api.visitor import Visitor, identity
from tests.browser.chromium import MISSING, chromium
from tests.reports.asking import COMMUNITY, MONTHLY, lived, sheet_of
from tests.stores import Store

A4_LANDSCAPE = (297, 210)
"""In millimetres."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with lived(Store("memory"), tmp_path_factory.mktemp("press")) as visitor:
        yield visitor


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def page(browser: Browser, service: Visitor) -> Iterator[Page]:
    """The page of a community, and in `asked` whatever the browser asked the network for."""
    with browser.new_context(extra_http_headers=identity("district-desk")) as context:
        page = context.new_page()
        page.set_viewport_size({"width": 1160, "height": 900})
        seen = f"territory={COMMUNITY}&month=2026-03&after={service.stored()}"
        page.goto(f"{service.client.base_url}{MONTHLY}.html?{seen}")
        yield page


def test_the_page_is_seen_with_its_charts(page: Page, tmp_path: Path) -> None:
    assert page.title() == "三角坪社区 2026-03 月报"
    for section in ("指标", "工作量", "响应时间", "分布与负担", "口径"):
        assert page.get_by_role("heading", name=section, exact=True).is_visible()
    for chart in ("近十二个月按期处置率", "每日新增与办结", "响应时间", "各网格本月新增"):
        drawn = page.get_by_role("img", name=chart)
        assert drawn.is_visible()
        box = drawn.bounding_box()
        assert box is not None
        assert box["width"] > 300
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1160
    picture = page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert picture.startswith(b"\x89PNG")


def test_what_is_seen_is_what_the_api_says(page: Page, service: Visitor) -> None:
    figures = {one["label"]: one["shown"] or "—" for one in sheet_of(service)["rows"][0]["kpis"]["figures"]}
    table = page.locator("table[data-table=各项指标]")
    labels = table.locator("thead th").all_inner_texts()[1:]
    cells = table.locator("tr.whole td").all_inner_texts()
    assert {label: cell.split("\n")[0] for label, cell in zip(labels, cells, strict=True)} == figures


@pytest.mark.parametrize("word", ["三角坪社区月报", "近十二个月按期处置率"])
def test_chinese_is_drawn_and_no_empty_boxes(page: Page, word: str) -> None:
    """A character there is no glyph for looks like any other there is none for."""
    drawn = page.evaluate(
        """(word) => [...word, '\\u{10fffd}'].map(one => {
            const canvas = document.createElement('canvas'), pen = canvas.getContext('2d');
            pen.font = '32px ' + getComputedStyle(document.body).fontFamily;
            pen.fillText(one, 4, 40);
            return canvas.toDataURL();
        })""",
        word,
    )
    *characters, empty = drawn
    assert empty not in characters, f"no glyphs for Chinese: {MISSING}"
    assert len(set(characters)) == len(set(word))


def test_nothing_is_fetched_and_nothing_is_run(browser: Browser, service: Visitor) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    with browser.new_context(extra_http_headers=identity("district-desk"), java_script_enabled=False) as context:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{service.client.base_url}{MONTHLY}.html?territory={COMMUNITY}&month=2026-03")
    assert [url for url in asked if not url.endswith("/favicon.ico")] == asked[:1]
    assert complaints == []


def test_printed_it_is_a4_landscape_with_numbered_pages(page: Page, tmp_path: Path) -> None:
    printed = page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True, print_background=False)
    boxes = re.findall(rb"/MediaBox ?\[ ?0 0 ([\d.]+) ([\d.]+) ?\]", printed)
    assert 2 <= len(boxes) <= 8
    for box in boxes:
        assert tuple(float(side) / 72 * 25.4 for side in box) == pytest.approx(A4_LANDSCAPE, abs=0.5)


def test_where_there_is_no_browser_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(FileNotFoundError, match="apt-get install chromium fonts-noto-cjk"), chromium():
        pass
