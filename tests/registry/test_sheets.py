"""表格: what offices really send, and what they are told when a row will not do."""

from __future__ import annotations

import codecs
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.model import Role
from domain.registry.sheets import SHEETS, BadRow, SheetName, SheetUnreadable, read_sheet, write_sheet
from domain.territory import Level, NodeListing, Post, Unit
from tests.registry.ledger import LISTED

NODES = "编号,层级,名称,代码,上级编号,农村,户数\ng9,网格,联通社区第九网格,431202001001009,east,是,286\n"
G9 = NodeListing(
    id="g9",
    level=Level.GRID,
    name="联通社区第九网格",
    code="431202001001009",
    parent="east",
    rural=True,
    households=286,
)


@pytest.mark.parametrize(
    "data",
    [
        NODES.encode(),
        NODES.encode("utf-8-sig"),
        NODES.encode("gb18030"),
        NODES.replace("\n", "\r\n").encode(),
        NODES.replace("\n", "\r").encode(),
        NODES.removesuffix("\n").encode(),
        NODES.replace("\n", "\n\n,,,\n").encode(),
        NODES.replace(",", " , ").encode(),
        NODES.replace("286", "286,,,").encode(),
        "户数,编号,层级,名称,代码,上级编号,农村\n286,g9,grid,联通社区第九网格,431202001001009,east,YES\n".encode(),
        "id,Level,NAME,code,parent,rural,households\ng9,grid,\"联通社区第九网格\",431202001001009,east,1,286\n".encode(),
    ],
    ids=[
        "UTF-8", "带 BOM", "GB18030", "CRLF", "CR", "末行无换行", "空行", "空格", "行末多逗号", "列序不同", "英文表头",
    ],
)  # fmt: skip
def test_a_sheet_as_offices_write_it(data: bytes) -> None:
    sheet = read_sheet(data)
    assert (sheet.name, sheet.rows, sheet.bad) == ("nodes", (G9,), ())


def test_cells_may_hold_commas_quotes_and_lines() -> None:
    sheet = read_sheet('编号,名称\nu1,"区""城管""局,市容科"\n'.encode())
    assert sheet.rows == (Unit(id="u1", name='区"城管"局,市容科'),)
    over_lines = read_sheet('编号,名称\nu1,"区\n城管局"\nu2,\n'.encode())
    assert [row.row for row in over_lines.bad] == [3]  # a row as office software counts, not a line


def test_what_is_left_empty_is_not_said() -> None:
    [row] = read_sheet("编号,层级,名称,户数\ng9,网格,九,\n".encode()).rows
    assert row.model_fields_set == {"id", "level", "name"}


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (",网格,九,,east,,", "“编号”没有填。"),
        ("九号,网格,九,,east,,", "“编号”应为 64 个以内的字母、数字、点、横线，以字母或数字开头。"),
        ("g9,大院,九,,east,,", "“层级”应为楼栋、网格、小区、社区、街道、区、市之一。"),
        ("g9,网格,,,east,,", "“名称”没有填。"),
        ("g9,网格," + "九" * 61 + ",,east,,", "“名称”应为 1 至 60 个字。"),
        ("g9,网格,九,4.31202E+14,east,,", "“代码”应全为数字；若被改成了科学计数法，请把该列设为文本再填。"),
        ("g9,网格,九,,east,也许,", "“农村”应为是或否。"),
        ("g9,网格,九,,east,,-1", "“户数”应为不小于 0 的整数。"),
        ("g9,网格,九,,east,,二百", "“户数”应为不小于 0 的整数。"),
        ("g9,网格,九,,east,,286,x", "比表头多出了内容，请检查逗号和引号。"),
        ("g9", "“层级”没有填。"),
        ("g9,网格,九\0,,east,,", "“名称”应为 1 至 60 个字。"),
    ],
)
def test_a_bad_row_is_told_by_number_and_the_others_are_read(row: str, sentence: str) -> None:
    sheet = read_sheet(f"{NODES}{row}\ng10,网格,十,,east,,\n".encode())
    assert sheet.bad == (BadRow(3, sentence),)
    assert sheet.at == (2, 4)


def test_several_bad_rows_are_told_each() -> None:
    sheet = read_sheet("编号,姓名,岗位,负责节点\na,甲,居委,g1\nb,乙,网格员,g1\nc,丙,,g1\n".encode())
    assert [bad.row for bad in sheet.bad] == [2, 4]
    assert sheet.rows == (Post(id="b", name="乙", role=Role.GRID_OFFICER, scope="g1"),)


UNKNOWN = "编码无法识别：既不是完好的 UTF-8，也不是用中文表头的 GB18030，可能没有传完整。请另存为“CSV UTF-8”再导入。"


@pytest.mark.parametrize("header", ["编号,名称", "id,name", "ID,名称"])
@pytest.mark.parametrize("bom", [b"", codecs.BOM_UTF8], ids=["", "BOM"])
def test_utf8_with_a_character_cut_in_two_is_never_taken_for_another_encoding(header: str, bom: bytes) -> None:
    """At the end of the file, or with a byte missing in between."""
    whole = bom + f"{header}\nu1,区城管局\nu2,沅江鑫淼网格中心\n".encode()
    start = len(bom + f"{header}\nu1,".encode())
    for end in range(start, len(whole)):
        if whole[end] & 0xC0 == 0x80:  # goes on with a character
            with pytest.raises(SheetUnreadable, match="编码无法识别"):
                read_sheet(whole[:end])
            with pytest.raises(SheetUnreadable, match="编码无法识别"):
                read_sheet(whole[:end] + whole[end + 1 :])


@pytest.mark.parametrize("encoding", ["gb2312", "gbk", "gb18030"])
@pytest.mark.parametrize(("header", "taken"), [("编号,名称", True), ("id,名称", True), ("id,name", False)])
def test_gb18030_is_known_by_its_chinese_header(header: str, taken: bool, encoding: str) -> None:
    data = f"{header}\nu1,区城管局\n".encode(encoding)
    if taken:
        assert read_sheet(data).rows == (Unit(id="u1", name="区城管局"),)
    else:
        with pytest.raises(SheetUnreadable, match="编码无法识别"):
            read_sheet(data)


def test_characters_that_only_gb18030_has_are_read() -> None:
    data = "编号,名称\nu1,㙍溆浦𠮷局\n".encode("gb18030")
    assert read_sheet(data).rows == (Unit(id="u1", name="㙍溆浦𠮷局"),)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "看不出是哪张表：表头应是节点表、单位表、人员表或楼栋长表的列名。"),
        ("姓名,年龄\n甲,3\n".encode(), "看不出是哪张表：表头应是节点表、单位表、人员表或楼栋长表的列名。"),
        (NODES.encode("utf-16"), "这是 UTF-16 编码，请另存为“CSV UTF-8”再导入。"),
        (codecs.BOM_UTF8 + b"\xff\xff\xff", UNKNOWN),
        (NODES.encode("gb18030")[:-12] + b"\xff\n", UNKNOWN),
        ("編號,名稱\nu1,區城管局\n".encode("big5"), UNKNOWN),
        ('编号,名称\nu1,"没有收尾\n'.encode(), "第2行起无法读取：请检查引号是否成对。"),
    ],
    ids=["空", "别的表", "UTF-16", "不是文字", "GB18030 有损", "Big5", "引号不成对"],
)
def test_a_sheet_nobody_can_read(data: bytes, sentence: str) -> None:
    with pytest.raises(SheetUnreadable) as no:
        read_sheet(data)
    assert str(no.value) == sentence


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("编号,名称,备注", "没有这些列：备注。可用的列：编号、名称。"),
        ("编号", "缺少这些列：名称。"),
        ("编号,名称,id", "表头里有重复的列。"),
        ("编号,,名称", "表头里有空着的列。"),
    ],
)
def test_a_header_that_does_not_fit_the_sheet_asked_for(header: str, sentence: str) -> None:
    with pytest.raises(SheetUnreadable) as no:
        read_sheet(f"{header}\n".encode(), "units")
    assert str(no.value) == sentence


@pytest.mark.parametrize("name", SHEETS)
def test_what_is_written_is_read_back(name: SheetName) -> None:
    rows = getattr(LISTED, name)
    sheet = read_sheet(write_sheet(name, rows))
    assert (sheet.name, sheet.rows, sheet.bad) == (name, rows, ())


@given(st.binary(max_size=200), st.sampled_from([None, *SHEETS]))
def test_no_bytes_break_the_reader(data: bytes, name: SheetName | None) -> None:
    with suppress(SheetUnreadable):
        sheet = read_sheet(data, name)
        assert len(sheet.rows) == len(sheet.at)


@given(st.text(max_size=120), st.sampled_from(SHEETS))
def test_no_text_below_a_good_header_breaks_the_reader(text: str, name: SheetName) -> None:
    header = write_sheet(name, ())
    with suppress(SheetUnreadable):
        sheet = read_sheet(header + text.encode("utf-8", "ignore"), name)
        assert all(bad.sentence for bad in sheet.bad)
