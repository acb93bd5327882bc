"""A monthly sheet for spreadsheets: a workbook with the tables of the page, and CSV with a line for each cell."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC
from io import StringIO
from typing import Any

from api.reports.tables import Table, tables
from domain.telling import local
from projections.monthly import MonthlySheet

HEADER = ("部分", "表", "编号", "名称", "项目", "单位", "分子", "分母", "数值", "显示")
FORMULA = frozenset("=+-@\t\r\n")
"""What a text begins with that a spreadsheet takes for a formula (OWASP: CSV injection)."""


def about(sheet: MonthlySheet) -> dict[str, str]:
    """What the sheet is of, by which definitions, and as of when."""
    versions = sorted({one.version for one in sheet.definitions})
    return {
        "辖区": "，".join((sheet.place.name, *sheet.within)),
        "月份": f"{sheet.month}" + ("" if sheet.complete else "（本月未完）"),
        "截至": f"{local(sheet.told_at)}（北京时间）",
        "记录位置": str(sheet.position),
        "重印": f"as_of={sheet.told_at.astimezone(UTC).isoformat().replace('+00:00', 'Z')}",
        "指标口径": "、".join(f"第{version}版" for version in versions),
        "视图": "、".join(sheet.views),
        "不公布": "敏感群体不足三件、三户的，和可以由此推算出来的另一格",
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
    from api.reports.workbook import workbook  # only whoever wants a workbook waits for its library

    return workbook(about(sheet), sheet)
