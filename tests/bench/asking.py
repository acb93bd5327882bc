"""How long people wait for what they ask of a whole district, beside the least SQL that would answer it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from random import Random

import psycopg

from tests.bench.client import quantile
from tests.bench.measuring import seconds
from tests.bench.questions import Kind, Question, asked, kinds
from tests.bench.report import Budget, Contender, Row
from tests.bench.stores import Bench, Place
from tests.bench.town import Town

MONTHS, JANUARY = range(1, 13), (1,)
"""Of the smaller town only January has been."""
ALIKE = 2.0
"""A month takes at most so many times longer where there are many others."""
Ask = Callable[[Question], object]


def rows(bench: Bench, large: Town, small: Town) -> Iterator[Row]:
    """Each kind of question, 50 and 99 of 100; and flat, where it is about a month or less."""
    with by_hand(large.place) as hand:
        for kind in kinds():
            yield from _rows(bench, kind, large, small, hand)


def _rows(bench: Bench, kind: Kind, large: Town, small: Town, hand: Ask) -> Iterator[Row]:
    rnd, many = bench.rnd(), bench.size.questions // (10 if kind.year else 1) or 1
    with large.looked_at() as at:
        questions = [asked(kind, rnd, at, MONTHS) for _ in range(many)]
    _answered(large, questions[0])
    ours, floor = _in_turn(bench.size.rounds, questions, lambda question: _answered(large, question), hand)
    p50, p99 = (
        Row.of(
            f"{kind.what}, {share} of 100",
            "ms ↓",
            Contender.of("the query function, permissions on", [quantile(one, share) for one in ours]),
            Contender.of("the least SQL by hand, same driver, same tables", [quantile(one, share) for one in floor]),
        )
        for share in (50, 99)
    )
    p99.budgets = [Budget.at_most(3, p99.to_floor, "× floor")]
    if not kind.year:
        p50.budgets = [Budget.at_most(ALIKE, _growth(bench, kind, large, small), "× a tenth of the cases")]
    yield from (p50, p99)


def _growth(bench: Bench, kind: Kind, large: Town, small: Town) -> float:
    """How many times longer the same questions about January take in the larger town, in the median."""
    rnd = bench.rnd()
    with small.looked_at() as at:
        questions = [asked(kind, rnd, at, JANUARY) for _ in range(bench.size.questions)]
    _answered(small, questions[0])
    ours, others = _in_turn(1, questions, lambda one: _answered(large, one), lambda one: _answered(small, one))
    return quantile(ours[0], 50) / quantile(others[0], 50)


def _in_turn(rounds: int, questions: list[Question], one: Ask, other: Ask) -> tuple[list[list[float]], ...]:
    """Seconds of two ways to answer, each question asked of both at once, so that a busy machine meets both alike."""
    took: tuple[list[list[float]], ...] = [], []
    order = Random(0)
    for _ in range(rounds):
        for told in took:
            told.append([])
        for question in questions:
            for nth in order.sample((0, 1), 2):
                ask = (one, other)[nth]
                took[nth][-1].append(seconds(lambda ask=ask, question=question: ask(question)))  # type: ignore[misc]
    return took


def _answered(town: Town, question: Question) -> None:
    with town.looked_at() as at:
        question.ours(at)


@contextmanager
def by_hand(place: Place) -> Iterator[Ask]:
    """Whoever runs the statements on a bare connection and fetches what they find."""
    if place.url is None:
        with closing(sqlite3.connect(place.settings.views_db)) as file:
            yield lambda question: [file.execute(*statement).fetchall() for statement in question.by_hand]
        return
    path = f"-c search_path={place.settings.views_schema} -c jit=off"
    with psycopg.connect(place.url, autocommit=True, options=path) as server:
        yield lambda question: [
            server.execute(sql.replace("?", "%s").encode(), values).fetchall() for sql, values in question.by_hand
        ]
