"""The process that draws: begun when asked, ended when idle, begun anew after it died."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from time import sleep

import orjson
import pytest

from api.reports import pen as pens
from api.reports.pen import NotDrawn, Pen

ASKED = orjson.dumps({"on-time": {"title": "按期处置率", "points": [{"month": "2026-03", "rate": 0.5}]}})
HEAVY = ("altair", "vl_convert", "xlsxwriter")


@pytest.fixture
def pen() -> Iterator[Pen]:
    with closing(Pen()) as pen:
        yield pen


def test_the_same_process_answers_again(pen: Pen) -> None:
    first = pen.draw(ASKED)
    process = pen._process
    assert pen.draw(ASKED) == first
    assert pen._process is process
    assert "按期处置率" in orjson.loads(first)["on-time"]


def test_after_it_died_the_next_question_begins_anew(pen: Pen) -> None:
    first = pen.draw(ASKED)
    assert pen._process is not None
    pen._process.kill()
    pen._process.wait()
    assert pen.draw(ASKED) == first


def test_what_cannot_be_drawn_is_said_and_takes_nothing_with_it(pen: Pen) -> None:
    with pytest.raises(NotDrawn):
        pen.draw(b'{"no-such-chart": {}}')
    assert pen.draw(ASKED)


def test_who_waits_too_long_waits_no_longer(pen: Pen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pens, "PATIENCE", 0.0)
    with pytest.raises(NotDrawn):
        pen.draw(ASKED)


def test_it_ends_when_nobody_asks() -> None:
    pen = Pen(idle=0.01)
    assert pen.draw(ASKED)
    while pen._process is not None:
        sleep(0.01)


def test_a_service_that_draws_nothing_loads_nothing_to_draw_with() -> None:
    program = "import sys, api.app; print([name for name in sys.argv[1:] if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", program, *HEAVY], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
