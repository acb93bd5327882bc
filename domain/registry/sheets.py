"""表格: the territory as CSV sheets people keep in office software, read row by row and written back.

UTF-8 with or without BOM, or GB18030 under a Chinese header; a header row in Chinese or English, columns in
any order. A row is counted as office software counts it: the header is row 1.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import ValidationError

from domain.model import Labelled, Model, Role
from domain.territory import Head, Level, NodeListing, Post, Unit

SheetName = Literal["nodes", "units", "staff", "heads"]
SHEETS: tuple[SheetName, ...] = get_args(SheetName)


class SheetUnreadable(ValueError):
    """The sheet as a whole cannot be taken; says why in Chinese."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that cannot be taken: where office software shows it, and why."""

    row: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was read: the rows that can be taken, each with where it stood, and those that cannot."""

    name: SheetName
    rows: tuple[Model, ...]
    at: tuple[int, ...]
    bad: tuple[BadRow, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the field it fills, its Chinese header, what a cell must be, and how one is read."""

    field: str
    header: str
    must: str
    read: Callable[[str], object] = str
    required: bool = False


def _labelled(words: type[Labelled]) -> Callable[[str], object]:
    known = {member.label: member.value for member in words}
    return lambda cell: known.get(cell, cell)


YES, NO = ("是", "true", "1", "yes", "y"), ("否", "false", "0", "no", "n")


def _yes_or_no(cell: str) -> object:
    return True if cell.lower() in YES else False if cell.lower() in NO else cell


CODE = "应为 64 个以内的字母、数字、点、横线，以字母或数字开头"
NAME = "应为 1 至 60 个字"
ID = Column("id", "编号", CODE, required=True)
LEVELS, ROLES = "、".join(level.label for level in Level), "、".join(role.label for role in Role)
COLUMNS: dict[SheetName, tuple[Column, ...]] = {
    "nodes": (
        ID,
        Column("level", "层级", f"应为{LEVELS}之一", _labelled(Level), required=True),
        Column("name", "名称", NAME, required=True),
        Column("code", "代码", "应全为数字；若被改成了科学计数法，请把该列设为文本再填"),
        Column("parent", "上级编号", CODE),
        Column("rural", "农村", "应为是或否", _yes_or_no),
        Column("households", "户数", "应为不小于 0 的整数"),
    ),
    "units": (ID, Column("name", "名称", NAME, required=True)),
    "staff": (
        ID,
        Column("name", "姓名", NAME, required=True),
        Column("role", "岗位", f"应为{ROLES}之一", _labelled(Role), required=True),
        Column("scope", "负责节点", CODE, required=True),
        Column("unit", "单位编号", CODE),
    ),
    "heads": (
        Column("building", "楼栋编号", CODE, required=True),
        Column("subject", "人员编号", f"{CODE}，不含点", required=True),
        Column("name", "姓名", NAME, required=True),
        Column("phone", "电话", "应为电话号码，只含数字和横线"),
    ),
}
HEADERS = frozenset(column.header for columns in COLUMNS.values() for column in columns)
MODELS: dict[SheetName, type[Model]] = {"nodes": NodeListing, "units": Unit, "staff": Post, "heads": Head}


def read_sheet(data: bytes, name: SheetName | None = None) -> Sheet:
    """Read one sheet; without a name it is known by its header. Raises `SheetUnreadable`."""
    records = list(records_of(text_of(data, HEADERS)))
    header = next(iter(records), (1, []))[1]
    name = name or _known_by(header)
    columns = _arranged(header, name)
    rows: list[Model] = []
    at: list[int] = []
    bad: list[BadRow] = []
    for number, cells in records[1:]:
        try:
            row = _row(cells, columns, name)
        except ValueError as wrong:
            bad.append(BadRow(number, str(wrong)))
        else:
            rows.append(row)
            at.append(number)
    return Sheet(name, tuple(rows), tuple(at), tuple(bad))


def write_sheet(name: SheetName, rows: Iterable[Model]) -> bytes:
    """The sheet as UTF-8 with BOM, as office software opens it without asking; Chinese header and words."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    columns = COLUMNS[name]
    writer.writerow([column.header for column in columns])
    writer.writerows([_cell(_value(row, column.field)) for column in columns] for row in rows)
    return written.getvalue().encode("utf-8-sig")


def text_of(data: bytes, headers: Container[str]) -> str:
    """The sheet as text. Raises `SheetUnreadable`.

    Bytes that are no UTF-8 may be GB18030, or UTF-8 cut off or damaged, and nearly any damaged UTF-8 passes for
    GB18030. So they are taken for GB18030 only where that makes a Chinese column name of the first row: there
    the two encodings cannot be mistaken for each other.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SheetUnreadable("这是 UTF-16 编码，请另存为“CSV UTF-8”再导入。")
    with suppress(UnicodeDecodeError):
        return data.decode("utf-8-sig")
    with suppress(UnicodeDecodeError):
        text = data.decode("gb18030")
        first = next(csv.reader(text.splitlines()[:1]), [])
        if any(not word.isascii() and word in headers for word in map(str.strip, first)):
            return text
    raise SheetUnreadable(
        "编码无法识别：既不是完好的 UTF-8，也不是用中文表头的 GB18030，可能没有传完整。请另存为“CSV UTF-8”再导入。"
    )


def records_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that say something, by number. Raises `SheetUnreadable` where quotes leave it open what a row is."""
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1):
            trimmed = [cell.strip() for cell in cells]
            if any(trimmed) or number == 1:
                yield number, trimmed
    except csv.Error:
        raise SheetUnreadable(f"第{number + 1}行起无法读取：请检查引号是否成对。") from None


def _known_by(header: Sequence[str]) -> SheetName:
    fitting: list[SheetName] = [name for name in SHEETS if not _missing(header, name) and not _unknown(header, name)]
    if len(fitting) != 1:
        raise SheetUnreadable("看不出是哪张表：表头应是节点表、单位表、人员表或楼栋长表的列名。")
    return fitting[0]


def _arranged(header: Sequence[str], name: SheetName) -> list[Column]:
    """The columns in the order of the header. Raises `SheetUnreadable`."""
    if unknown := _unknown(header, name):
        raise SheetUnreadable(f"没有这些列：{'、'.join(unknown)}。可用的列：{_headers(COLUMNS[name])}。")
    if missing := _missing(header, name):
        raise SheetUnreadable(f"缺少这些列：{_headers(missing)}。")
    by_word = _by_word(name)
    arranged = [by_word[word.lower()] for word in header if word]
    if len(set(arranged)) != len(arranged):
        raise SheetUnreadable("表头里有重复的列。")
    if "" in header[: len(arranged)]:
        raise SheetUnreadable("表头里有空着的列。")
    return arranged


def _row(cells: list[str], columns: list[Column], name: SheetName) -> Model:
    """The row as a model; empty cells say nothing. Raises `ValueError` with a sentence."""
    if any(cells[len(columns) :]):
        raise ValueError("比表头多出了内容，请检查逗号和引号。")
    filled = {column: cell for column, cell in zip(columns, cells, strict=False) if cell}
    for column in columns:
        if column.required and column not in filled:
            raise ValueError(f"“{column.header}”没有填。")
    said = {column.field: column.read(cell) for column, cell in filled.items()}
    if name == "heads":
        said = {"building": said.pop("building"), "person": said}
    try:
        return MODELS[name].model_validate(said)
    except ValidationError as wrong:
        field = wrong.errors(include_url=False, include_input=False)[0]["loc"][-1]
        column = next(column for column in columns if column.field == field)
        raise ValueError(f"“{column.header}”{column.must}。") from None


def _by_word(name: SheetName) -> dict[str, Column]:
    return {word: column for column in COLUMNS[name] for word in (column.header, column.field)}


def _unknown(header: Sequence[str], name: SheetName) -> list[str]:
    return [word for word in header if word and word.lower() not in _by_word(name)]


def _missing(header: Sequence[str], name: SheetName) -> list[Column]:
    words = {word.lower() for word in header}
    return [column for column in COLUMNS[name] if column.required and not words & {column.header, column.field}]


def _headers(columns: Iterable[Column]) -> str:
    return "、".join(column.header for column in columns)


def _value(row: Any, field: str) -> object:
    """A column's value in a row; a head's are partly those of the person."""
    return getattr(row, field) if hasattr(row, field) else getattr(row.person, field)


def _cell(value: object) -> str:
    if isinstance(value, Labelled):
        return value.label
    if isinstance(value, bool):
        return "是" if value else "否"
    return "" if value is None else str(value)
