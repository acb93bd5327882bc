"""What rounds of kills came to: added up, as a table for people, and as JSON."""

from __future__ import annotations

import os
import platform
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

from rich.table import Table

from tests.faults.checks import Line, found_again
from tests.faults.journal import Journal


class Kill(NamedTuple):
    """What was killed, and when: seconds of a monotonic clock."""

    what: str
    at: float


@dataclass(slots=True)
class Tally:
    """One round, or the sum of many."""

    rounds: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)
    """Commands by what became of them, and events stored."""
    pauses: list[tuple[str, float]] = field(default_factory=list)
    """What was killed, and the seconds until anybody's next command was acknowledged."""
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.rounds += other.rounds
        self.kills.update(other.kills)
        self.counted.update(other.counted)
        self.pauses += other.pauses
        self.seconds += other.seconds
        self.wrong += other.wrong

    @property
    def pauses_by_kill(self) -> dict[str, tuple[float, float]]:
        """What was killed → the median and the longest pause, in seconds."""
        found: dict[str, list[float]] = defaultdict(list)
        for what, seconds in sorted(self.pauses):
            found[what].append(round(seconds, 2))
        return {what: (median(them), max(them)) for what, them in found.items()}


def tally_of(journal: Journal, lines: Sequence[Line], kills: Sequence[Kill]) -> Tally:
    """What one round did to its clients."""
    asked, stored = journal.asked, {line.key for line in lines}
    counted = Counter(
        {
            "commands asked": len(asked),
            "acknowledged": sum(bool(one.acknowledged) for one in asked),
            "refused, as others were faster": sum(bool(one.refused) for one in asked),
            "tries cut": sum(one.broken for one in asked),
            "tries answered 503": sum(one.unavailable for one in asked),
            "written by a try that was cut, acknowledged to a later one": found_again(asked, lines),
            "acknowledged more than once, alike": sum(len(one.told) > 1 for one in asked),
            "given up by the client": sum(one.given_up for one in asked),
            "… and written all the same": sum(one.given_up and one.key in stored for one in asked),
            "events stored": len(lines),
        }
    )
    return Tally(1, Counter(kill.what for kill in kills), counted, list(_pauses(journal.answered_at, kills)))


def _pauses(answered_at: Sequence[float], kills: Sequence[Kill]) -> list[tuple[str, float]]:
    found = []
    for kill in kills:
        after = bisect_right(answered_at, kill.at)
        if after < len(answered_at):
            found.append((kill.what, answered_at[after] - kill.at))
    return found


def figures(tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """Everything counted, by store."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return {"machine": machine, **{store: _figures(tally) for store, tally in tallies.items()}}


def _figures(tally: Tally) -> dict[str, Any]:
    return {
        "rounds": tally.rounds,
        "kills": dict(sorted(tally.kills.items())),
        "counted": dict(tally.counted),
        "pauses": tally.pauses_by_kill,
        "seconds": round(tally.seconds),
        "wrong": tally.wrong,
    }


def table(tallies: Mapping[str, Tally]) -> Table:
    """A column for each store; what one of them lacks is left empty."""
    columns = [_column(tally) for tally in tallies.values()]
    shown = Table("", *tallies)
    for name in dict.fromkeys(name for column in columns for name in column):
        shown.add_row(name, *(column.get(name, "") for column in columns))
    return shown


def _column(tally: Tally) -> dict[str, str]:
    """Row by row, what one store came to."""
    kills = {f"… of {what}": str(times) for what, times in sorted(tally.kills.items())}
    counted = {name: f"{times:,}" for name, times in tally.counted.items()}
    pauses = {
        f"seconds to the next receipt after {what}": f"{middle:.2f}, at most {longest:.2f}"
        for what, (middle, longest) in tally.pauses_by_kill.items()
    }
    whole = {"rounds": str(tally.rounds), "minutes": f"{tally.seconds / 60:.1f}", "wrong": str(len(tally.wrong))}
    return {"kill -9": str(tally.kills.total()), **kills, **counted, **pauses, **whole}
