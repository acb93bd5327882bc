"""The normative life of a case as a Petri net (PNML, ISO/IEC 15909-2): histories are replayed on it by others.

The labels of its transitions are what exports carry as `activity`. Places named `came`, `agreed`, `tried` collect
what was done, and may hold several tokens; a case may stop anywhere, so no final marking is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import IO
from xml.sax.saxutils import escape, quoteattr

from domain.incident.life import Step, initially, steps

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<pnml xmlns="http://www.pnml.org/version-2009/grammar/pnml">
<net id="life-of-a-case" type="http://www.pnml.org/version-2009/grammar/ptnet">
<name><text>incident</text></name>
<page id="page">
"""


def write(file: IO[bytes]) -> None:
    """The whole net."""
    life, began = list(steps()), set(initially())
    names = dict.fromkeys([*initially(), *(place for step in life for place in (*_takes(step), *_gives(step)))])
    file.write(_HEAD.encode())
    for name in names:
        marking = "<initialMarking><text>1</text></initialMarking>" if name in began else ""
        file.write(f"<place id={quoteattr(name)}>{_named(name)}{marking}</place>\n".encode())
    arcs = count(1)
    for nth, step in enumerate(life, 1):
        file.write(f'<transition id="t{nth}">{_named(step.activity)}</transition>\n'.encode())
        for source, target in _arcs(step, f"t{nth}"):
            ends = f"source={quoteattr(source)} target={quoteattr(target)}"
            file.write(f'<arc id="a{next(arcs)}" {ends}/>\n'.encode())
    file.write(b"</page>\n</net>\n</pnml>\n")


def _named(name: str) -> str:
    return f"<name><text>{escape(name)}</text></name>"


def _arcs(step: Step, transition: str) -> Iterator[tuple[str, str]]:
    for place in _takes(step):
        yield place, transition
    for place in _gives(step):
        yield transition, place


def _takes(step: Step) -> tuple[str, ...]:
    return (step.before, *step.takes, *step.needs)


def _gives(step: Step) -> tuple[str, ...]:
    return (step.after, *step.gives, *step.needs)
