"""The same over HTTP: a command cut anywhere is answered 503, and asked again it is done, shown and counted once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.api.visitor import Visitor
from tests.faults.desk import Ask, desk, shown_once, told_to_wait
from tests.faults.exchange import Cut, Place
from tests.faults.proxy import Proxy, proxy
from tests.faults.test_commit_cut import APPEND, FIRST_TIME, PREPARED
from tests.fence import behind_the_fence
from tests.lives import OFFICER, REPORT, REPORTED, RESIDENT, SECRETARY
from tests.postgres import database
from tests.server import settings_for


@pytest.fixture
def through(postgres_url: str) -> Iterator[Proxy]:
    """The way to a database of the test's own."""
    with database(postgres_url) as url, proxy(behind_the_fence(url)) as through:
        yield through


@pytest.fixture
def visitor(through: Proxy, tmp_path: Path) -> Iterator[Visitor]:
    """A client of a service that reaches its database that way."""
    with desk(settings_for(tmp_path, database_url=SecretStr(through.url), wait_timeout=20)) as served:
        yield served.visitor


def a_report(visitor: Visitor) -> Ask:
    return lambda key: visitor.ask(OFFICER, "report", REPORT, headers={"Idempotency-Key": key})


def a_step(visitor: Visitor) -> Ask:
    case = visitor.case(REPORTED)
    return lambda key: visitor.ask(OFFICER, "arrive", {}, case, headers={"Idempotency-Key": key})


def a_merge(visitor: Visitor) -> Ask:
    primary, case = visitor.case(REPORTED), visitor.report(RESIDENT).json()["incident_id"]
    body = {"into": primary, "reason": "同一处积水"}
    return lambda key: visitor.ask(SECRETARY, "merge", body, case, headers={"Idempotency-Key": key})


@pytest.mark.parametrize("asking", [a_report, a_step, a_merge])
@pytest.mark.parametrize("place", Place)
def test_a_command_cut_anywhere_is_done_once(
    visitor: Visitor, through: Proxy, asking: Callable[[Visitor], Ask], place: Place
) -> None:
    stored = told = 0
    for nth in count():
        ask, key = asking(visitor), visitor.new_key()
        before = visitor.stored()
        exchange = through.follow(APPEND, Cut(nth, place))
        answer = ask(key)
        if not exchange.was_cut.is_set():
            assert exchange.said in (FIRST_TIME, PREPARED), "cut at all its messages"
            break
        if not answer.is_success:
            told_to_wait(answer)
        receipt = ask(key)
        assert receipt.is_success, f"cut {place} {exchange.said[-1]}: {receipt.text}"
        assert ask(key).json()["position"] == receipt.json()["position"]
        once = visitor.stored() - before
        assert stored in (0, once), f"cut {place} {exchange.said[-1]}"
        stored, told = once, told + 1
    assert told >= len(PREPARED)
    shown_once(visitor)
