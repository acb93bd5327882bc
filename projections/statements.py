"""The SQL of a view's tables, written from its columns: made, merged into, counted, compared.

Names are our own literals, never anybody's input; every value is bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from projections.database import Dialect
from projections.frame import texts
from projections.projection import KEY, LAST, SUM, Projection

View = type[Projection]
PARTS = ("", " counted")
"""A view's own table and that of its counts, by what follows the name."""


def table(view: View, generation: int) -> str:
    """The table behind the name people query; a rebuild fills the next generation."""
    return f"{view.name}~{generation}"


def create(view: View, generation: int, dialect: Dialect) -> str:
    """An empty table."""
    listed = dialect.clustered if view.merging(SUM) else ""
    columns = _typed(view, view.columns, dialect)
    return f'CREATE TABLE "{table(view, generation)}" ({columns}, PRIMARY KEY ({_keys(view)})){listed}'


def furnish(view: View, generation: int, dialect: Dialect) -> Iterator[str]:
    """Indices and counts, quickest made once the rows are there."""
    name = table(view, generation)
    for nth, index in enumerate(view.indices):
        columns, _, condition = index.partition(" WHERE ")
        partial = f" WHERE {condition}" if condition else ""
        yield f'CREATE INDEX "{name} {nth}" ON "{name}" ({columns}){partial}'
    if view.counted:
        combination = ", ".join(view.counted)
        columns = f"{_typed(view, view.counted, dialect)}, n {dialect.integer}"
        yield f'CREATE TABLE "{name} counted" ({columns}, PRIMARY KEY ({combination})){dialect.clustered}'
        yield f'INSERT INTO "{name} counted" SELECT {combination}, count(*) FROM "{name}" GROUP BY {combination}'


def show(view: View, generation: int, dialect: Dialect) -> Iterator[str]:
    """Let the names people query mean this generation."""
    for part in PARTS if view.counted else PARTS[:1]:
        yield f'DROP VIEW IF EXISTS "{view.name}{part}"'
        yield f'CREATE VIEW "{view.name}{part}" AS SELECT * FROM "{table(view, generation)}{part}"'


def fill(view: View, generation: int, page: str) -> Iterator[str]:
    """Merge the rows of the table `page` into a table not yet furnished."""
    yield _upsert(view, generation, page, _values(view))


def merge(view: View, generation: int, page: str) -> Iterator[str]:
    """Merge the rows of the table `page`, and keep indices and counts right.

    SQLite rewrites an index whenever one of its columns is set, changed or not: so they are set apart.
    """
    indexed = set(" ".join(view.indices).replace(",", " ").split())
    steady = [column for column in view.merging(LAST) if column in indexed]
    if view.counted:
        yield _recount(view, generation, page, -1)
    yield _upsert(view, generation, page, [column for column in _values(view) if column not in steady])
    if steady:
        yield _amend(view, generation, page, steady)
    if view.counted:
        yield _recount(view, generation, page, +1)


def rows(view: View, generation: int) -> str:
    """All that a view says, in the order of its keys; what adds up to nothing is not there."""
    something = " OR ".join(f"{column} <> 0" for column in view.merging(SUM)) or "true"
    return f'SELECT * FROM "{table(view, generation)}" WHERE {something} ORDER BY {_keys(view)}'


def _typed(view: View, columns: Iterable[str], dialect: Dialect) -> str:
    is_text = dict(zip(view.columns, texts(view.page_select()), strict=True))
    return ", ".join(f"{column} {dialect.text if is_text[column] else dialect.integer}" for column in columns)


def _keys(view: View) -> str:
    return ", ".join(view.merging(KEY))


def _values(view: View) -> list[str]:
    return view.merging(SUM) + view.merging(LAST)


def _upsert(view: View, generation: int, page: str, columns: Sequence[str]) -> str:
    def merged(column: str) -> str:
        if column in view.merging(SUM):
            return f"{column} = old.{column} + excluded.{column}"
        return f"{column} = coalesce(excluded.{column}, old.{column})"

    return f"""
        INSERT INTO "{table(view, generation)}" AS old SELECT * FROM {page} WHERE true
        ON CONFLICT ({_keys(view)}) DO UPDATE SET {", ".join(map(merged, columns))}"""


def _amend(view: View, generation: int, page: str, columns: Sequence[str]) -> str:
    same = " AND ".join(f"old.{key} = new.{key}" for key in view.merging(KEY))
    news = " OR ".join(f"coalesce(new.{column}, old.{column}) IS DISTINCT FROM old.{column}" for column in columns)
    merged = ", ".join(f"{column} = coalesce(new.{column}, old.{column})" for column in columns)
    return f'UPDATE "{table(view, generation)}" AS old SET {merged} FROM {page} AS new WHERE {same} AND ({news})'


def _recount(view: View, generation: int, page: str, sign: int) -> str:
    """Take the page's rows out of the counts as they stood, or put them in as they stand."""
    [key] = view.merging(KEY)
    name, combination = table(view, generation), ", ".join(view.counted)
    return f"""
        INSERT INTO "{name} counted" AS old
        SELECT {combination}, {sign} * count(*) FROM "{name}"
        WHERE {key} IN (SELECT {key} FROM {page}) GROUP BY {combination}
        ON CONFLICT ({combination}) DO UPDATE SET n = old.n + excluded.n"""
