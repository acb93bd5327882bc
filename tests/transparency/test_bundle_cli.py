"""bidao export bundle, verify bundle: an operator hands a case over, an inspector checks it with the file alone."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from api.__main__ import app
from projections.transparency.bundle_checking import check
from projections.transparency.bundles import read
from tests.api.terminal import Terminal
from tests.api.test_case_files import CHILD
from tests.api.visitor import Clock, Visitor
from tests.server import serving
from tests.stores import Store
from tests.transparency.operator import SIGNER, operator

CASE = "b5ecb7fa-97e6-5193-a7be-1217f817a8b9"


def verified(*words: str | Path) -> Result:
    """With no store, no settings and no data folder."""
    return CliRunner().invoke(
        app, ["verify", "bundle", *map(str, words)], env={"COLUMNS": "200", "BIDAO_DATA": "/nowhere"}
    )


@pytest.fixture
def terminal(lasting_store: Store, tmp_path: Path) -> Terminal:
    terminal = Terminal(lasting_store.settings(tmp_path / "data"))
    for words in (("demo",), ("keys", "init", "hecheng.example.cn/bidao")):
        assert terminal.run(*words).exit_code == 0
    return terminal


def test_a_case_is_handed_over_and_checked_with_the_file_alone(terminal: Terminal, tmp_path: Path) -> None:
    out, log = tmp_path / "case.jsonl", terminal.settings.log_folder
    made = terminal.run("export", "bundle", CASE, "--out", out)
    assert (made.exit_code, "第12版还没有封存。先封存" in made.output, "共 12 版" in made.output) == (0, True, True)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600, "its keys open what is sealed"
    key, kept = tmp_path / "key", tmp_path / "checkpoint"
    shutil.copy(log / "key", key)
    shutil.copy(log / "checkpoint", kept)
    shutil.rmtree(terminal.settings.data)
    read = verified(out, "--key", key, "--against", kept)
    assert read.exit_code == 0
    assert "多方打电话，找到一位肯来的维修师傅" in read.output
    assert f"核对无误：案卷 {CASE}，第 1 至 12 版一条不少、一字未改。" in read.output
    assert "未核对" not in read.output
    assert "自带公钥，未核对：请向监督的一方核对这把公钥 hecheng.example.cn/bidao+" in verified(out).output


def test_nothing_sensitive_goes_out_with_it(tmp_path: Path) -> None:
    """Whoever has to read it says what for, and that is recorded; a file would tell it to anybody."""
    terminal, out, clock = Terminal(Store("sqlite").settings(tmp_path / "data")), tmp_path / "case.jsonl", Clock()
    assert terminal.run("keys", "init", "example.org/log").exit_code == 0
    with serving(terminal.settings, clock) as url, httpx.Client(base_url=url, timeout=60) as client:
        case = Visitor(client, clock).report(on_behalf_of=CHILD).json()["incident_id"]
    assert terminal.run("export", "bundle", case, "--out", out).exit_code == 0
    with out.open("rb") as file:
        [opened] = check(read(file), None).opened
    assert {"reporter.name", "on_behalf_of.guardian.name"} < opened.keys()
    assert "on_behalf_of.name" not in opened


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    terminal = Terminal(Store("sqlite").settings(tmp_path / "data"))
    for words in (("demo",), ("keys", "init", "hecheng.example.cn/bidao")):
        assert terminal.run(*words).exit_code == 0
    out = tmp_path / "case.jsonl"
    assert terminal.run("export", "bundle", CASE, "--out", out).exit_code == 0
    return out


EDITS: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "one left out": (lambda lines: [*lines[:4], *lines[5:]], "缺第4版：中间少了事件。"),
    "the last left out": (lambda lines: lines[:-1], "缺第12版：末尾少了事件，卷尾声明说共有12版。"),
    "two exchanged": (lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]], "的次序不对"),
    "a letter changed": (
        lambda lines: [*lines[:4], lines[4].replace('"stored":"e', '"stored":"f'), *lines[5:]],
        "第4版与封存时不同",
    ),
    "cut in the middle": (lambda lines: [*lines[:4], lines[4][:99]], "第5行没有写完：文件被截断了。"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_was_done_to_it_is_said(bundle: Path, edit: str) -> None:
    change, said = EDITS[edit]
    bundle.write_text("".join(change(bundle.read_text("utf-8").splitlines(keepends=True))), "utf-8")
    answer = verified(bundle)
    assert (answer.exit_code, answer.output.startswith("核对不过："), said in answer.output) == (1, True, True)
    assert "污水" not in answer.output  # nothing is told of what does not hold


def test_another_key_is_not_taken_for_the_known_one(bundle: Path, tmp_path: Path) -> None:
    key = tmp_path / "known"
    key.write_text(f"{SIGNER.verifier}\n")
    answer = verified(bundle, "--key", key)
    assert (answer.exit_code, "公钥不对：与您给的公钥不同" in answer.output) == (1, True)
    for strange in (b"\xff\xfe no key", "a+b+一".encode()):
        key.write_bytes(strange)
        assert verified(bundle, "--key", key).output.startswith("不是 Ed25519 密钥")
    answer = verified(bundle, "--against", key)
    assert (answer.exit_code, "与另存的检查点不符" in answer.output) == (1, True)


def test_whoever_has_the_key_from_before_a_change_can_verify(terminal: Terminal, tmp_path: Path) -> None:
    """And against the checkpoint of that time; what was taken along before verifies as ever."""
    before, after, key, kept = (tmp_path / name for name in ("before", "after", "key", "kept"))
    log = terminal.settings.log_folder
    assert terminal.run("export", "bundle", CASE, "--out", before).exit_code == 0
    shutil.copy(log / "key", key)
    shutil.copy(log / "checkpoint", kept)
    for _ in range(2):
        assert terminal.run("keys", "rotate").exit_code == 0
    assert terminal.run("export", "bundle", CASE, "--out", after, "--against", kept).exit_code == 0
    current = (log / "key").read_text("utf-8").strip()
    for file, with_key, changed in ((before, key, False), (after, key, True), (after, log / "key", False)):
        read = verified(file, "--key", with_key, "--against", kept)
        assert (read.exit_code, "您给的公钥后来换过 2 次" in read.output) == (0, changed)
        assert (f"现在是 {current}" in read.output) is changed
    after.write_text(after.read_text("utf-8").replace("bidao/succession/1", "bidao/succession/2", 1), "utf-8")
    assert verified(after, "--key", key).output.startswith("核对不过：换钥声明不可信：")
    assert "与您给的公钥不同" in verified(before, "--key", log / "key").output


def test_no_file_and_strange_files_are_told_in_a_sentence(tmp_path: Path) -> None:
    strange = tmp_path / "strange"
    strange.write_bytes(b"\x00\xff" * 1000)
    for words in ((strange,), ("/dev/zero",), ("/dev/null",)):
        answer = verified(*words)
        assert (answer.exit_code, "核对不过" in answer.output) == (1, True)
        assert isinstance(answer.exception, SystemExit)
    assert verified(tmp_path / "nothing").exit_code == 2


def test_sealed_fields_are_read_with_their_keys_and_covered_without(tmp_path: Path) -> None:
    whole = operator(3)
    file = tmp_path / "case"
    file.write_bytes(whole.bundle(whole.cases[0]).written)
    assert "楼下积水" in verified(file).output
    file.write_bytes(whole.bundle(whole.cases[0], lambda _: {}).written)
    covered = verified(file).output
    assert ("楼下积水" in covered, "已密封" in covered, "的说法" in covered) == (False, True, False)
    file.write_bytes(
        whole.bundle(whole.cases[0], lambda row: {"description": None} if row.originator_version == 1 else {}).written
    )
    erased = verified(file).output
    assert ("已依法删除" in erased, "“已依法删除”是制作这个文件的一方的说法" in erased) == (True, True)


def test_what_cannot_be_exported_is_told(terminal: Terminal, tmp_path: Path) -> None:
    out = tmp_path / "case.jsonl"
    assert terminal.run("export", "bundle", "nonsense", "--out", out).exit_code == 3
    assert terminal.run("export", "bundle", CASE.replace("b", "c"), "--out", out).exit_code == 3
    assert not out.exists()
    assert "没有目录" in terminal.run("export", "bundle", CASE, "--out", tmp_path / "no" / "case").output
    out.write_text("mine")
    taken = terminal.run("export", "bundle", CASE, "--out", out)
    assert (taken.exit_code, "已经存在" in taken.output, out.read_text()) == (1, True, "mine")


def test_whoever_holds_an_old_checkpoint_gets_the_proof_that_goes_with_it(terminal: Terminal, tmp_path: Path) -> None:
    """Two bundles of one case: the checkpoint kept with the first is the beginning of that of the second."""
    assert terminal.run("seal").exit_code == 0
    kept, out = tmp_path / "kept", tmp_path / "case"
    shutil.copy(terminal.settings.log_folder / "checkpoint", kept)
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("编号,网格,楼栋,必访\nhh-1,grid-chuangdan-1,,\n", "utf-8")
    assert terminal.run("households", "import", sheet).exit_code == 0
    assert terminal.run("seal").exit_code == 0
    assert terminal.run("export", "bundle", CASE, "--out", out).exit_code == 0
    assert "没有与封存86条时衔接的证明" in verified(out, "--against", kept).output
    out.unlink()
    assert terminal.run("export", "bundle", CASE, "--out", out, "--against", kept).exit_code == 0
    assert verified(out, "--against", kept).exit_code == 0
