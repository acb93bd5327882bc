"""A month printed again: asked as of when it was printed, it is what it was, whatever was corrected since."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.visitor import START, Visitor
from tests.lives import CLOSED, LIVES
from tests.reports import reading_back
from tests.reports.asking import COMMUNITY, MONTHLY, RESTATED, ask, lived, printed, sheet_of
from tests.reports.reading_back import near
from tests.stores import Store


@pytest.fixture
def corrected(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A service of its own: what is corrected here is nobody else's."""
    with lived(store, tmp_path_factory.mktemp("corrected")) as visitor:
        yield visitor


def test_a_sheet_is_printed_again_as_it_was(corrected: Visitor) -> None:
    places = (COMMUNITY, "district-hecheng")
    before = {place: sheet_of(corrected, territory=place) for place in places}
    files = {ending: printed(corrected, f"{MONTHLY}{ending}") for ending in (".csv", ".xlsx")}
    told_at = before[COMMUNITY]["told_at"]
    corrected.clock.forward(hours=24 * 20)
    for life in (CLOSED, *(LIVES[command] for command in RESTATED)):
        corrected.play(life)
    for place in places:
        assert sheet_of(corrected, territory=place) != before[place], "else nothing was to be tried"
        assert sheet_of(corrected, territory=place, as_of=told_at) == before[place]
    assert {ending: printed(corrected, f"{MONTHLY}{ending}", as_of=told_at) for ending in files} == files


def test_the_files_of_then_say_what_the_views_said_then(corrected: Visitor) -> None:
    position = corrected.stored() // 2
    expected = near(reading_back.expected(sheet_of(corrected, as_of_position=position)))
    assert near(reading_back.from_csv(printed(corrected, f"{MONTHLY}.csv", as_of_position=position))) == expected
    assert near(reading_back.from_xlsx(printed(corrected, f"{MONTHLY}.xlsx", as_of_position=position))) == expected


def test_before_the_month_there_is_no_sheet_of_it(corrected: Visitor) -> None:
    answer = ask(corrected, as_of=START.replace(month=2, day=26).isoformat())
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"detail": "还没有到这个月。", "parameter": "month"}]
