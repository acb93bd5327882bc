"""A view that one version of the program has and another does not."""

from __future__ import annotations

from typing import ClassVar

from projections.engine import Views
from projections.projection import KEY, SUM, Merge, Projection


class Kinds(Projection):
    """How many cases of each kind were reported."""

    name: ClassVar[str] = "kinds.v1"
    columns: ClassVar[dict[str, Merge]] = {"kind": KEY, "n": SUM}
    select: ClassVar[str] = """
        SELECT kind, sum(sign) AS n FROM events WHERE type = 'incident.reported' GROUP BY kind"""


def kinds(views: Views, name: str = Kinds.name) -> dict[str, int]:
    with views.reading() as transaction:
        return dict(transaction.execute(f'SELECT * FROM "{name}"'))  # noqa: S608 - our own names
