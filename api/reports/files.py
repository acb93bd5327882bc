"""A monthly sheet for spreadsheets: a workbook with the tables of the page, and CSV with a line for each cell."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import BytesIO, StringIO
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from api.reports.tables import COUNT, MEAN, PLAIN, RATE, SECONDS, Cell, Column, Table, tables
from domain.telling import local
from projections.monthly import MonthlySheet

HEADER = ("部分", "表", "编号", "名称", "项目", "单位", "分子", "分母", "数值", "显示")
FORMULA = frozenset("=+-@\t\r\n")
"""What a text begins with that a spreadsheet takes for a formula (OWASP: CSV injection)."""
FORMATS = {COUNT: "0", RATE: "0.00%", MEAN: "0.00", SECONDS: "[h]:mm:ss", PLAIN: "General"}
DAY = 86400
WIDTH = 11


def about(sheet: MonthlySheet) -> dict[str, str]:
    """What the sheet is of, by which definitions, and as of when."""
    versions = sorted({one.version for one in sheet.definitions})
    return {
        "辖区": "，".join((sheet.place.name, *sheet.within)),
        "月份": f"{sheet.month}" + ("" if sheet.complete else "（本月未完）"),
        "截至": f"{local(sheet.told_at)}（北京时间）",
        "记录位置": str(sheet.position),
        "重印": f"as_of={sheet.told_at.isoformat()}",
        "指标口径": "、".join(f"第{version}版" for version in versions),
        "视图": "、".join(sheet.views),
    }


def as_csv(sheet: MonthlySheet) -> bytes:
    """UTF-8 with a byte order mark, so that Excel reads Chinese; one line for each cell of each table."""
    written = StringIO(newline="")
    lines = csv.writer(written)
    lines.writerow(HEADER)
    for label, text in about(sheet).items():
        lines.writerow(("说明", "", "", "", label, "", "", "", "", harmless(text)))
    for table in tables(sheet):
        lines.writerows(_lines(table))
    return written.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """The text, so written that no spreadsheet takes it for a formula."""
    return f"'{text}" if text[:1] in FORMULA else text


def _lines(table: Table) -> Iterator[tuple[Any, ...]]:
    for line in table.lines:
        for column, cell in zip(table.columns, line.cells, strict=True):
            yield (
                *(table.section, table.title, harmless(line.key), harmless(line.name)),
                *(column.label, column.unit, cell.numerator, cell.denominator, cell.value, cell.shown),
            )


def as_xlsx(sheet: MonthlySheet) -> bytes:
    """A workbook: 说明, then a worksheet for each table; texts are texts, whatever they begin with."""
    written = BytesIO()
    options = {"constant_memory": True, "in_memory": False, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(written, options) as book:
        book.set_properties(
            {"title": f"{sheet.place.name}{sheet.month}月报", "created": sheet.told_at.replace(tzinfo=None)}
        )
        _explain(book, sheet)
        for table in tables(sheet):
            _Sheet(book, table).write()
    return written.getvalue()


def _explain(book: Workbook, sheet: MonthlySheet) -> None:
    page = book.add_worksheet("说明")
    page.set_column(0, 0, 16)
    page.set_column(1, 1, 90)
    bold, wrapped = book.add_format({"bold": True, "valign": "top"}), book.add_format({"text_wrap": True})
    told = about(sheet) | {
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
