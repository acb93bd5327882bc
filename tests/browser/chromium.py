"""The chromium of this machine, driven by playwright: no browser is ever downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"),
    "--headless",
)
MISSING = (
    "没有 chromium：请先以管理员身份运行 apt-get install chromium fonts-noto-cjk（make browser 会替您装），再跑测试。"
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Raises `FileNotFoundError` with a sentence where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise FileNotFoundError(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        try:
            yield browser
        finally:
            browser.close()
