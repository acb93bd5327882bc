"""A skipped test fails the run, however it was skipped."""

import shutil
from pathlib import Path

from tests.inner_pytest import run_pytest

WAYS = {
    "by_mark": "@pytest.mark.skip(reason='later')\ndef test_it(): pass",
    "by_condition": "@pytest.mark.skipif(True, reason='later')\ndef test_it(): pass",
    "in_the_body": "def test_it(): pytest.skip('later')",
    "in_a_fixture": "@pytest.fixture\ndef store(): pytest.skip('later')\ndef test_it(store): pass",
    "whole_module": "pytest.skip('later', allow_module_level=True)",
    "missing_import": "pytest.importorskip('no_such_module_until_later')",
    "no_parameters": "@pytest.mark.parametrize('later', [])\ndef test_it(later): pass",
}


def test_every_way_to_skip_is_a_failure(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    for way, body in WAYS.items():
        (tmp_path / f"test_{way}.py").write_text(f"import pytest\n\n{body}\n", encoding="utf-8")
    run = run_pytest(tmp_path, "-q", "-rN", "--continue-on-collection-errors")
    assert run.returncode == 1, run.stdout + run.stderr
    assert run.stdout.count(" was skipped, and nothing here may be (") == len(WAYS), run.stdout
    closing = run.stdout.splitlines()[-1]
    assert "passed" not in closing, closing
    assert "skipped" not in closing, closing
