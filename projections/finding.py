"""查找当事人: the cases a reader may list in which somebody is spoken of, as the docket shows them."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from domain.model import Model
from projections.blind_index import Token
from projections.database import Transaction
from projections.docket import DocketRow, told
from projections.docket_rows import Docket
from projections.frame_columns import PATH
from projections.reading import Where, microseconds
from projections.scope import Scope

MOST = 200


class FoundCases(Model):
    """说到这个人的案件，后反映的在前，至多 200 件；`capped` 为 true 时还有更早的没有列出。"""

    items: tuple[DocketRow, ...]
    capped: bool = Field(description="是否没有列全")


def found(transaction: Transaction, scope: Scope, token: Token, now: datetime) -> FoundCases:
    """The latest of them; lights as of `now`, which is aware."""
    where = Where("id")
    where.add('id IN (SELECT "case" FROM blind_index WHERE generation = ? AND token = ?)', *token)
    scope.narrow(where, PATH)
    rows = transaction.execute(
        f'SELECT * FROM "{Docket.name}" WHERE {where} ORDER BY +reported_at DESC, opened DESC LIMIT ?',
        (*where.values, MOST + 1),
    ).fetchall()
    listed = tuple(told(row, microseconds(now)) for row in rows[:MOST])
    return FoundCases(items=listed, capped=len(rows) > MOST)
