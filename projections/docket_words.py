"""查找: what a word may mean. 案号, 地名, 单位, and what codes are called: nothing that names or describes a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import NamedTuple, Self

from pydantic import Field

from domain.clocks import Light
from domain.incident.categories import MainCategory
from domain.incident.words import Kind, Stage
from domain.model import Model
from domain.territory import Level, Node, Territory, Unit, folded

LONGEST, MOST = 100, 8
"""How many characters there may be, and how many words."""
NUMBER = re.compile(r"[0-9]{8}(-[0-9]{0,6})?")
"""A case number, or its beginning: the date at least, so that it never means more than the cases of one day."""
SHOWN = 10


class WordRead(Model):
    """一个查找词，和它被当作什么。"""

    word: str
    meanings: tuple[str, ...] = Field(
        description=f"被当作什么，是其中任何一个都算，最多列出 {SHOWN} 个；空的表示没有与它相符的，所以一件也查不到"
    )
    count: int = Field(description="一共被当作几个")


class Meaning(NamedTuple):
    """One thing a word may mean: a column of the docket, and the values in it that say so."""

    column: str
    values: tuple[str, ...]
    told: str
    """For people."""


@dataclass(frozen=True, slots=True)
class Word:
    """What one word was taken for: a case that is any of it is meant."""

    word: str
    meanings: tuple[Meaning, ...]

    @property
    def columns(self) -> dict[str, list[str]]:
        """The values meant, column by column; none at all where everything is, or nothing."""
        if self.means_everything:
            return {}
        by_column = groupby(sorted(self.meanings), key=lambda meaning: meaning.column)
        return {column: [value for one in several for value in one.values] for column, several in by_column}

    @property
    def means_everything(self) -> bool:
        """A store serves one city."""
        return any(meaning.column == Level.CITY for meaning in self.meanings)

    def told(self) -> WordRead:
        shown = tuple(meaning.told for meaning in self.meanings[:SHOWN])
        return WordRead(word=self.word, meanings=shown, count=len(self.meanings))


@dataclass(frozen=True, slots=True)
class Words:
    """All words of a question; all of them must hold."""

    words: tuple[Word, ...] = ()

    @classmethod
    def read(cls, asked: str, territory: Territory) -> Self:
        """The words between blanks, each looked up among what may be searched, with the names of this territory."""
        return cls(tuple(Word(word, tuple(_meanings(folded(word), territory))) for word in split(asked)))

    @property
    def mean_something(self) -> bool:
        """A word that is nothing's name finds nothing, whatever the others are."""
        return all(word.meanings for word in self.words)

    def told(self) -> tuple[WordRead, ...]:
        return tuple(word.told() for word in self.words)


def split(asked: str) -> list[str]:
    """The words, each once, between blanks of any width."""
    return list(dict.fromkeys(asked.split()))


def _meanings(word: str, territory: Territory) -> Iterator[Meaning]:
    if NUMBER.fullmatch(word):
        yield Meaning("number", (word,), f"案号 {word}")
    yield from (meaning for label, meaning in _labels() if word in label)
    found = {entry.id: entry for name, entry in territory.called if word in name and isinstance(entry, Node)}
    for node in _topmost(found, territory):
        yield Meaning(node.level.value, (node.id,), f"{node.level.label} {node.name}")
    for name, entry in territory.called:
        if word in name and isinstance(entry, Unit):
            yield Meaning("lead", (entry.id,), f"单位 {entry.name}")


def _topmost(places: Mapping[str, Node], territory: Territory) -> Iterable[Node]:
    """Of places that lie in one another, the widest: what lies there is meant, whatever its parts are called."""
    for node in places.values():
        above = territory.path(node.parent)
        if not any(other.id in places for other in above):
            yield node


@cache
def _labels() -> tuple[tuple[str, Meaning], ...]:
    """What every code is called, and means."""
    found: list[tuple[str, str, tuple[str, ...], str]]
    found = [(kind.label, "kind", (kind.value,), "性质") for kind in Kind]
    found += [(stage.label, "stage", (stage.value,), "阶段") for stage in Stage]
    found += [(light.label, "light", (light.value,), "灯") for light in Light]
    found += [(main.label, "category", main.categories, f"类别 {main.value}") for main in MainCategory]
    return tuple((folded(label), Meaning(column, values, f"{of} {label}")) for label, column, values, of in found)
