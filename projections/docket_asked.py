"""What is asked of the docket, as SQL, and by which index the cases are found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

from domain.clocks import Light
from domain.incident.words import OPEN, Kind, Stage
from domain.territory import Level
from projections import lights
from projections.database import Transaction
from projections.docket_query import DocketQuery, Sort
from projections.docket_rows import CODED, NARROW, WIDE, Docket
from projections.docket_words import Word
from projections.frame_columns import PATH
from projections.reading import Where, microseconds
from projections.scope import Scope

COUNTED = frozenset({*Docket.counted, Level.CITY.value})
SHARES = {"number": 0, "building": 0.001, "officer": 0.0025, "category": 0.013, "lead": 0.017}
"""Of all cases, about so many have one value of these columns: of which the counts kept say nothing."""
OF_WORDS = {"number": 0, "building": 0.001, "grid": 0.0025, "estate": 0.0025, "community": 0.015, "lead": 0.017}
OF_WORDS |= {"category": 0.0008, "stage": 0.1, "street": 0.15, "district": 1, "kind": 0.25}
"""The same for each value of a word; a word means all the categories of one kind, used or not."""
URGENT = {1: 0.03, 2: 0.15, 3: 0.35, 4: 0.5}
"""The same of each urgency."""
LEVELS = {level.value: level for level in Level}
APART = 12
"""So many stages, each of so many kinds, are met each by an index of its own."""
EXACT = ""
EVERY_STAGE = frozenset(Stage)


class Finder(NamedTuple):
    """An index, by the column it begins with, and about how many cases are looked at when all is found by it."""

    column: str
    size: float


@dataclass(frozen=True)
class Asked:
    """One question at one moment (`now`, in microseconds): everything in it must hold.

    `words` are those of its words that could not be said by the rest of it.
    """

    transaction: Transaction
    scopes: tuple[Scope, ...]
    query: DocketQuery
    words: tuple[Word, ...]
    now: int
    known: Mapping[str, float] = field(default_factory=dict)
    """Its `sizes`, where another question has the same."""

    @classmethod
    def of(
        cls, transaction: Transaction, scopes: Iterable[Scope], query: DocketQuery, words: Iterable[Word], now: int
    ) -> Self:
        """Words that mean the same as a filter are told as one: they are found and counted by the same ways."""
        found, narrowed, left = list(scopes), query, list[Word]()
        for word in words:
            match list(word.columns.items()):
                case []:
                    pass
                case [(level, [node])] if level in PATH:
                    found.append(Scope.of(node, LEVELS[level]))
                case [(column, values)] if more := _filter(narrowed, column, values):
                    narrowed = narrowed.model_copy(update=more)
                case _:
                    left.append(word)
        return cls(transaction, tuple(found), narrowed, tuple(left), now)

    @property
    def columns(self) -> set[str]:
        """The columns asked about besides stage, openness and light."""
        ranges = {"reported_at"} if self.query.reported_from or self.query.reported_to else set()
        words = {column for word in self.words for column in word.columns}
        return {*self.query.equal, *ranges, *words, *(scope.level for scope in self.scopes)}

    @property
    def anchor(self) -> str:
        """The narrowest of the columns with one value that has an index of its own, in order of report."""
        single = {*self.query.equal, *(scope.level for scope in self.scopes)}
        return next((anchor for anchor in (*NARROW, *WIDE, *CODED) if anchor in single), "reported_at")

    def by(self, index: str) -> Where:
        """What is asked for, light and openness apart, to be found by the index of one column."""
        where = Where(index)
        for scope in self.scopes:
            scope.narrow(where, PATH)
        for column, value in self.query.equal.items():
            if (index, column) == ("stage", "kind"):
                where.add("kind = ?", value)  # which that index tells next
            else:
                where.equal(column, value)
        if self.query.reported_from:
            where.add("reported_at >= ?", microseconds(self.query.reported_from))
        if self.query.reported_to:
            where.add("reported_at < ?", microseconds(self.query.reported_to))
        for nth, word in enumerate(self.words):
            self._mean(where, word, "" if index == _nth(nth) else "+")
        if self.stages < EVERY_STAGE or index == "stage":
            self._stand(where)
        return where

    def listed(self, index: str) -> Where:
        """The same; the index of open cases may be used where no other is wanted: said in its own words."""
        where = self.by(index)
        if self.query.light or self.query.stages <= OPEN:
            where.add("open = 1")
        return where

    def met_in_order(self) -> list[Where]:
        """What is asked for, light apart: each by an index that is in order of report.

        A few stages or kinds of a whole district have one each; or the latest cases would all be passed by first,
        where hardly any is in a stage that comes late.
        """
        kinds = [self.query.kind] if self.query.kind else list(Kind)
        apart = self.query.kind is not None or self.stages < EVERY_STAGE
        if self.anchor not in ("district", "reported_at") or not apart or len(self.stages) * len(kinds) > APART:
            return [self.listed(self.anchor)]
        each = [{"stage": (stage,), "kind": kind} for stage in sorted(self.stages) for kind in kinds]
        return [replace(self, query=self.query.model_copy(update=one)).listed("stage") for one in each]

    @property
    def stages(self) -> frozenset[Stage]:
        """The stages there can be: no clock runs for a closed case."""
        return self.query.stages & OPEN if self.query.light else self.query.stages

    @property
    def count(self) -> int | None:
        """How many there are, where the counts kept can tell."""
        return int(self.sizes[EXACT]) if EXACT in self.sizes else None

    @cached_property
    def running(self) -> Asked:
        """The same question, of open cases alone: no clock runs for others."""
        stages = tuple(stage for stage in Stage if stage in self.stages & OPEN)
        return replace(self, query=self.query.model_copy(update={"stage": stages}))

    def showing(self, light: Light, sort: Sort) -> Asked:
        """The same question, of the cases of one light, in that order."""
        query = self.query.model_copy(update={"light": (light,), "sort": sort})
        return replace(self, query=query, known=self.running.sizes)

    @property
    def finder(self) -> Finder:
        """The index by which the fewest cases are looked at to find all that is asked for."""
        indices = [Finder(*index) for index in self.sizes.items() if index[0] != EXACT]
        return min(indices, key=lambda index: index.size)

    @cached_property
    def sizes(self) -> Mapping[str, float]:
        """About how many cases each index has of what is asked for: by the counts kept, and where they do not tell,
        by a guess. That of the time of report has all there are. `EXACT`, if there, is the number asked for.
        """
        if self.known:
            return self.known
        kept = dict(self._kept())
        if self.columns <= COUNTED and not self.query.light:
            kept[EXACT] = self.by(EXACT)
        sums = [f"coalesce(sum(n) FILTER (WHERE {where}), 0)" for where in (Where(), *kept.values())]
        values = [value for where in kept.values() for value in where.values]
        told = self.transaction.execute(f'SELECT {", ".join(sums)} FROM "{Docket.name} counted"', values).fetchone()
        total, *counted = map(float, told)
        guessed = {index: total * share for index, share in self._guessed()}
        return {"reported_at": total, **guessed, **dict(zip(kept, counted, strict=True))}

    def _kept(self) -> Iterator[tuple[str, Where]]:
        """The indices whose parts are counted, each with what is asked for in it."""
        for scope in self.scopes:
            if scope.level in COUNTED and scope.level in PATH:
                where = Where()
                scope.narrow(where, PATH)
                yield scope.level.value, where
        for nth, word in enumerate(self.words):
            if word.columns.keys() <= COUNTED:
                where = Where()
                self._mean(where, word, "")
                yield _nth(nth), where
        if self.stages < EVERY_STAGE or self.query.kind:
            where = Where()
            self._stand(where)
            where.equal("kind", self.query.kind)
            yield "stage", where

    def _guessed(self) -> Iterator[tuple[str, float]]:
        """The other indices, each with a share of all cases."""
        single = {*self.query.equal, *(scope.level.value for scope in self.scopes)}
        yield from ((column, share) for column, share in SHARES.items() if column in single)
        if self.query.urgency:
            yield "urgency", URGENT[self.query.urgency]
        for nth, word in enumerate(self.words):
            if not word.columns.keys() <= COUNTED and "light" not in word.columns:
                shares = [len(values) * OF_WORDS[column] for column, values in word.columns.items()]
                yield _nth(nth), sum(shares)

    def _stand(self, where: Where) -> None:
        """In one of the stages wanted."""
        unused = "+" if where.index not in (None, "stage") else ""
        wanted = sorted(self.stages)
        where.add(f"{unused}stage IN ({','.join('?' * len(wanted))})" if wanted else "false", *wanted)

    def _mean(self, where: Where, word: Word, unused: str) -> None:
        """One of the meanings of a word."""
        terms, values = list[str](), list[Any]()
        for column, meant in word.columns.items():
            if column == "light":
                showing = Where()
                lights.require(showing, [light for light in Light if light in meant], self.now)
                terms.append(f"({unused}open = 1 AND {showing})")
                values += showing.values
            elif column == "number":
                terms.append(f"({unused}number >= ? AND {unused}number < ?)")
                values += [meant[0], meant[0] + "~"]
            elif column == "kind" and not unused:  # which an index tells after the stage
                among = self.transaction.dialect.among
                terms.append(f"({among.format('stage')} AND {among.format(column)})")
                values += [[stage.value for stage in Stage], meant]
            else:
                terms.append(self.transaction.dialect.among.format(f"{unused}{column}"))
                values.append(meant)
        where.add(f"({' OR '.join(terms)})", *values)


def _nth(word: int) -> str:
    return f"word {word}"


def _filter(query: DocketQuery, column: str, values: list[str]) -> dict[str, Any]:
    """The filter that says the same as a word of one column; none where it would contradict another."""
    match column, values:
        case ("kind", [kind]) if query.kind is None:
            return {"kind": next(each for each in Kind if each == kind)}
        case ("lead", [unit]) if query.unit is None:
            return {"unit": unit}
        case ("stage", _):
            both = tuple(stage for stage in query.stage or Stage if stage in values)
            return {"stage": both} if both else {}
        case ("light", _):
            shown = tuple(light for light in query.light or Light if light in values)
            return {"light": shown} if shown else {}
    return {}
