"""Reads a step such as 葛岳辉垫付80.00元，用于"维修" as somebody, a command and its body."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from pytest_bdd.parsers import StepParser

from tests.steps.cast import PEOPLE, grid_of, person
from tests.steps.phrases import PHRASES, SELF, Phrase
from tests.steps.words import CAPACITY, CLAUSES, QUOTED, WORDS, json_time

URGENCY = {"emergency": 1, "hardship": 2, "dispute": 3, "ordinary": 4}
"""Of a report that says nothing about it."""
BRACES = re.compile(r"\{(\w+)\}")
CLAUSE = re.compile(f"，({'|'.join(CLAUSES)})({QUOTED})")


@dataclass(frozen=True, slots=True)
class Ask:
    """What a step asks for: who, the case by its description (None: the one last spoken of), command, body."""

    who: str
    case: str | None
    command: str
    body: dict[str, Any]

    def seated(self, table: list[list[str]] | None) -> Ask:
        """With the table below the step: who came to a meeting, in which capacity, and what they promised."""
        if table is None:
            return self
        assert self.command == "hold-meeting", "这一步下面不能有表格。"
        header, *lines = table
        seats = [dict(zip(header, line, strict=True)) for line in lines]
        promises = [seat for seat in seats if seat.get("承诺")]
        meeting = {
            "attendance": [{"capacity": CAPACITY.value(seat["身份"]), "name": seat["姓名"]} for seat in seats],
            "commitments": [
                {"who": seat["姓名"], "what": seat["承诺"], "due": json_time(seat["何时前"])} for seat in promises
            ],
        }
        return replace(self, body=self.body | meeting)


class Acts(StepParser):
    """One parser for all phrases: `ask` is what it reads."""

    def __init__(self) -> None:
        super().__init__("某人办一件事")
        self._phrases = [(compiled(phrase), phrase) for phrase in PHRASES]

    def is_matching(self, name: str) -> bool:
        return any(pattern.fullmatch(name) for pattern, _ in self._phrases)

    def parse_arguments(self, name: str) -> dict[str, Any]:
        return {"ask": self.read(name)}

    def read(self, name: str) -> Ask:
        """What the step asks for."""
        found = [(phrase, match) for pattern, phrase in self._phrases if (match := pattern.fullmatch(name))]
        assert len(found) == 1, f"“{name}”有{len(found)}种读法。"
        phrase, match = found[0]
        return understood(phrase, match.groupdict())


def compiled(phrase: Phrase) -> re.Pattern[str]:
    """The phrase with its words' patterns filled in, whoever acts before it and any clauses after."""
    words = BRACES.sub(lambda brace: f"(?P<{brace[1]}>{WORDS[brace[1]].pattern})", phrase.words)
    clauses = CLAUSE.pattern.replace("(", "(?:")
    return re.compile(f"(?P<who>{WORDS['who'].pattern})(?:[为对就](?P<about>{QUOTED}))?{words}(?P<more>(?:{clauses})*)")


def understood(phrase: Phrase, found: dict[str, str | None]) -> Ask:
    """What was matched, as the command's own fields."""
    said = {word: WORDS[word].value(text) for word, text in found.items() if text and word in WORDS}
    who, about = said.pop("who"), said.pop("case", None) or (found["about"] or "").strip('"') or None
    body: dict[str, Any] = {}
    for field, value in [*phrase.fixed.items(), *said.items(), *clauses(found["more"] or "")]:
        put(body, field, (who if field == "reporter" else PEOPLE[who]) if value is SELF else value)
    if "redactions" in body:
        body["redactions"] = [body["redactions"]]
    return Ask(who, about, phrase.command, reported(who, body) if phrase.command == "report" else body)


def clauses(text: str) -> list[tuple[str, Any]]:
    """The fields said after the phrase."""
    return [(CLAUSES[word][0], CLAUSES[word][1].value(value)) for word, value in CLAUSE.findall(text)]


def put(body: dict[str, Any], field: str, value: Any) -> None:
    """Set a field; `a__b` is b within a."""
    outer, _, inner = field.partition("__")
    if inner:
        body.setdefault(outer, {})[inner] = value
    else:
        body[field] = value


def reported(who: str, body: dict[str, Any]) -> dict[str, Any]:
    """A report: it happened where the reporter lives, unless said otherwise."""
    reporter, affected = body.pop("reporter", None), body.pop("affected", None)
    people = {"reporter": reporter, "on_behalf_of": affected}
    if "building_alone" in body:
        body |= {"grid": None, "building": body.pop("building_alone")}
    elif "grid" not in body:
        body["grid"] = grid_of(reporter or who)
    return {
        "urgency": URGENCY[body["kind"]],
        "category": "0100",
        **{field: person(name) for field, name in people.items() if name},
        **body,
    }


ACTS = Acts()
