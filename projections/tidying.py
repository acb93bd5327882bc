"""What is in nobody's use any more goes: what was replaced, after a grace time; what cannot be finished, at once.

Replaced is a generation of a view that a newer one took the place of; and a view of another version of the program
that stands behind ours, when ours are all there, and has not moved for the grace time: nobody keeps it any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

from projections.database import Transaction
from projections.generations import Building, Replaced, buildings, drop, end, replace, replaced, stay
from projections.statements import PARTS, View
from projections.tables import Stand, Tables, least, registry


class Verdict(Enum):
    """What becomes of a generation."""

    STAYS = "stays"
    NOTED = "noted"
    GOES = "goes"


def tidy(tables: Tables, grace: float, now: int) -> list[str]:
    """Note what was replaced, and drop what was noted so long ago; gives the names of what went.

    What somebody still reads is left for the next time.
    """
    with tables.database.reading() as transaction:
        found = list(_verdicts(transaction, tables.views, grace, now))
    return [old.name for old, verdict in found if _carried_out(tables, old, verdict)]


def _carried_out(tables: Tables, old: Replaced, verdict: Verdict) -> bool:
    """Whether it went. Others may have been faster, or have begun to keep it."""
    with tables.writing() as transaction:
        shown = registry(transaction)
        if verdict is Verdict.NOTED:
            replace(transaction, old)
        elif verdict is Verdict.STAYS:
            stay(transaction, old.name, old.generation)
        elif old in replaced(transaction) and not _moved(shown, old):
            return transaction.alone(lambda: _go(transaction, old, shown))
    return False


def _verdicts(
    transaction: Transaction, views: Sequence[View], grace: float, now: int
) -> Iterator[tuple[Replaced, Verdict]]:
    shown, ours = registry(transaction), {view.name for view in views}
    noted = {(one.name, one.generation): one for one in replaced(transaction)}
    ready = least(shown, views) if ours <= shown.keys() else 0
    for name, at in shown.items():
        old = noted.pop((name, at.generation), None)
        if name in ours or at.position >= ready:
            if old:
                yield old, Verdict.STAYS
        elif old is None or old.position != at.position:
            yield Replaced(name, at.generation, at.position, now), Verdict.NOTED
        elif now - old.since >= grace:
            yield old, Verdict.GOES
    for old in noted.values():
        if now - old.since >= grace:
            yield old, Verdict.GOES


def _moved(shown: Mapping[str, Stand], old: Replaced) -> bool:
    """Whether a view has gone on since it was noted as one that nobody keeps."""
    at = shown.get(old.name)
    return at is not None and at.generation == old.generation and at.position != old.position


def _go(transaction: Transaction, old: Replaced, shown: Mapping[str, Stand]) -> None:
    if old.name in shown and shown[old.name].generation == old.generation:
        for part in PARTS:
            transaction.execute(f'DROP VIEW IF EXISTS "{old.name}{part}"')
        transaction.execute("DELETE FROM views WHERE name = ?", (old.name,))
    drop(transaction, old.name, old.generation)


def abandoned(transaction: Transaction, views: Sequence[View], since: float) -> list[str]:
    """Buildings of other versions that nobody worked on since then."""
    ours = {view.name for view in views}
    return [name for name, at in buildings(transaction).items() if name not in ours and at.touched <= since]


def sweep(transaction: Transaction, views: Sequence[View], head: int, since: float) -> None:
    """Throw away buildings that are abandoned, or ours and cannot be gone on with: by another definition, without
    their tables, or ahead of a store that ends at `head`; and tables that nothing is noted of.

    For whoever holds the right to build.
    """
    there, ours = transaction.relations(), {view.name: view.definition() for view in views}
    for name in abandoned(transaction, views, since):
        end(transaction, name)
    for name, at in buildings(transaction).items():
        if name in ours and not (_is_sound(at, ours[name], head) and f"{name}~{at.generation}" in there):
            end(transaction, name)
    known = {(old.name, old.generation) for old in replaced(transaction)}
    known |= {(name, at.generation) for name, at in registry(transaction).items()}
    known |= {(name, at.generation) for name, at in buildings(transaction).items()}
    needed = {f"{name}~{generation}{part}" for name, generation in known for part in PARTS}
    for name, kind in there.items():
        if kind == "table" and "~" in name and name not in needed:
            transaction.execute(f'DROP TABLE "{name}"')


def _is_sound(building: Building, definition: str, head: int) -> bool:
    return building.definition == definition and building.position <= head
