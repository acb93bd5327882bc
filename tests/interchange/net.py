"""A Petri net read from PNML, and the token game: as little as it takes to see whether a history is possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

_PNML = "{http://www.pnml.org/version-2009/grammar/pnml}"


class Net:
    """One net of which nobody need guess: in any marking at most one transition of a label is enabled."""

    def __init__(self, path: Path) -> None:
        root = ElementTree.parse(path).getroot()  # noqa: S314 - we wrote it
        self.initial = Counter(
            {place.attrib["id"]: int(text) for place in root.iter(f"{_PNML}place") if (text := _marking(place))}
        )
        takes: dict[str, Counter[str]] = {}
        gives: dict[str, Counter[str]] = {}
        for arc in root.iter(f"{_PNML}arc"):
            source, target = arc.attrib["source"], arc.attrib["target"]
            takes.setdefault(target, Counter())[source] += 1
            gives.setdefault(source, Counter())[target] += 1
        self.transitions: dict[str, list[tuple[Counter[str], Counter[str]]]] = {}
        for transition in root.iter(f"{_PNML}transition"):
            id = transition.attrib["id"]
            self.transitions.setdefault(_label(transition), []).append((takes[id], gives[id]))

    def first_fault(self, activities: Sequence[str]) -> int | None:
        """The first that was not possible then (counted from 0); None where all were."""
        marking = Counter(self.initial)
        for nth, activity in enumerate(activities):
            enabled = [one for one in self.transitions.get(activity, ()) if one[0] <= marking]
            assert len(enabled) <= 1, f"{activity} means two things"
            if not enabled:
                return nth
            [(takes, gives)] = enabled
            marking = marking - takes + gives
        return None


def _marking(place: ElementTree.Element) -> str | None:
    return place.findtext(f"{_PNML}initialMarking/{_PNML}text")


def _label(transition: ElementTree.Element) -> str:
    return transition.findtext(f"{_PNML}name/{_PNML}text") or ""
