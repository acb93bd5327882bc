"""A monthly sheet as a workbook (XLSX): the tables of the page, a worksheet each, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from api.reports.tables import COUNT, MEAN, PLAIN, RATE, SECONDS, Cell, Column, Table, tables
from projections.monthly import MonthlySheet

FORMATS = {COUNT: "0", RATE: "0.00%", MEAN: "0.00", SECONDS: "[h]:mm:ss", PLAIN: "General"}
DAY = 86400
WIDTH = 11


def workbook(about: Mapping[str, str], sheet: MonthlySheet) -> bytes:
    """The whole file; `about` is what the first worksheet says of it."""
    written = BytesIO()
    options = {"constant_memory": True, "in_memory": False, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(written, options) as book:
        book.set_properties(
            {"title": f"{sheet.place.name}{sheet.month}月报", "created": sheet.told_at.replace(tzinfo=None)}
        )
        _explain(book, about, sheet)
        for table in tables(sheet):
            _Sheet(book, table).write()
    return written.getvalue()


def _explain(book: Workbook, about: Mapping[str, str], sheet: MonthlySheet) -> None:
    page = book.add_worksheet("说明")
    page.set_column(0, 0, 16)
    page.set_column(1, 1, 90)
    bold, wrapped = book.add_format({"bold": True, "valign": "top"}), book.add_format({"text_wrap": True})
    told = dict(about) | {
        one.label: f"{one.formula}。不计入：{one.exclusions}（第{one.version}版）" for one in sheet.definitions
    }
    for row, (label, text) in enumerate(told.items()):
        page.write_string(row, 0, label, bold)
        page.write_string(row, 1, text, wrapped)


class _Sheet:
    """One table being written, row by row."""

    def __init__(self, book: Workbook, table: Table) -> None:
        self._table = table
        self._page: Worksheet = book.add_worksheet(f"{table.section}·{table.title}")
        self._bold = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "bottom": 1})
        self._formats = {unit: book.add_format({"num_format": shown}) for unit, shown in FORMATS.items()}

    def write(self) -> None:
        heads = [self._table.about, *(head for column in self._table.columns for head in _heads(column))]
        self._page.set_column(0, 0, 20)
        self._page.set_column(1, len(heads) - 1, WIDTH)
        self._page.freeze_panes(1, 1)
        self._page.set_landscape()
        self._page.set_paper(9)  # A4
        self._page.fit_to_pages(1, 0)
        self._page.repeat_rows(0)
        for at, head in enumerate(heads):
            self._page.write_string(0, at, head, self._bold)
        for row, line in enumerate(self._table.lines, 1):
            self._page.write_string(row, 0, line.name)
            at = 1
            for column, cell in zip(self._table.columns, line.cells, strict=True):
                at = self._cell(row, at, column, cell)

    def _cell(self, row: int, at: int, column: Column, cell: Cell) -> int:
        """Write what a figure is told by; gives the column that comes next."""
        for side in (cell.numerator, cell.denominator) if len(_heads(column)) > 1 else ():
            self._page.write(row, at, side, self._formats[COUNT])
            at += 1
        if cell.value is None:
            self._page.write_string(row, at, cell.shown)
        else:
            value = cell.value / DAY if column.unit == SECONDS else cell.value
            self._page.write_number(row, at, value, self._formats[column.unit])
        return at + 1


def _heads(column: Column) -> tuple[str, ...]:
    if column.unit in (RATE, MEAN):
        return f"{column.label} 分子", f"{column.label} 分母", column.label
    return (column.label,)
