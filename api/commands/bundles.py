"""bidao export bundle, verify bundle: one case as a file that proves itself, and whether such a file holds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape

from api.commands.enacting import NOT_FOUND, WRONG, Data, console, settings_with
from api.commands.exporting import written
from api.commands.plainly import plainly
from api.commands.sealing import seal
from api.field_keys import keys_for
from api.opening import look_into, open_case_files, require_case_files
from api.reading import Eyes, as_read
from api.settings import Settings
from api.timeline import print_line
from domain.casework.asking import NotFound
from domain.casework.case_files import CaseFiles
from domain.casework.durable import PRIVATE
from domain.casework.known_cases import stream_of
from domain.casework.recording import RecordedEvent
from domain.casework.redactions import shown
from domain.model import Role
from projections.transparency.bundle_checking import Checked, check
from projections.transparency.bundle_reading import lines_of, names_of
from projections.transparency.bundles import Bundle, BundleRefused, read
from projections.transparency.bundling import FieldKeys, NotSealed, bundle_of, no_keys
from projections.transparency.key_file import KeyFile
from projections.transparency.notes import Verifier
from projections.transparency.sealing import Log


def export_bundle(
    case: Annotated[str, typer.Argument(help="案件编号")],
    out: Annotated[Path | None, typer.Option(help="写到哪个文件；不填为当前目录下的“编号.jsonl”")] = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="不附密封内容的密钥：看得出没改，看不到内容")
    ] = False,
    against: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="对方手里的检查点文件：附上与它衔接的证明，可以给几个"),
    ] = None,
    data: Data = None,
) -> None:
    """把一个案卷和它的证明存成一个文件；还没有封存的先封存。含居民资料，请妥善保管。"""
    settings, target = settings_with(data), out or Path(f"{case}.jsonl")
    require_case_files(settings)
    notes = [path.read_text("utf-8", "replace") for path in against or ()]
    with plainly(), written(target) as path:
        try:
            bundle = _bundle(settings, case, notes, without_keys=without_keys)
        except NotSealed as no:
            console.print(f"{no}先封存：")
            seal(data)
            bundle = _bundle(settings, case, notes, without_keys=without_keys)
        path.touch(PRIVATE)  # the field keys in it open what is sealed
        path.write_bytes(bundle.written)
    console.print(f"案卷 {case} 共 {len(bundle.events)} 版，存为 {escape(str(target))}")
    console.print(f"核对：bidao verify bundle {escape(str(target))} --key 公钥文件")


def _bundle(settings: Settings, case: str, notes: Sequence[str], *, without_keys: bool) -> Bundle:
    stream, signer = stream_of(case.lower()), KeyFile(settings.log_key).required()
    log = Log(settings.log_folder, signer.verifier)
    earlier = [log.keys.checkpoint(note) for note in notes]
    with closing(open_case_files(settings)) as files:
        try:
            if stream is None:
                raise NotFound(case)
            keys = no_keys if without_keys else _keys(files, stream)
            return bundle_of(stream, files.store, log, signer, keys, earlier)
        except NotFound:
            console.print(f"[red]没有编号为 {escape(case)} 的案件。[/]")
            raise typer.Exit(NOT_FOUND) from None


def _keys(files: CaseFiles, stream: UUID) -> FieldKeys:
    """The operator reads all that may still be used and is not sensitive."""
    lines = [line for line in files.lines.to_lines(files.store.select_case(stream)) if isinstance(line, RecordedEvent)]
    seen = shown(lines, look_into(files).erasures, Role.ADMIN)
    return keys_for(files, lines, as_read(seen, Eyes({})))


def verify_bundle(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="案卷包")],
    key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="公钥文件，从监督的一方取得；不填则只用包里自带的")
    ] = None,
    against: Annotated[
        list[Path] | None, typer.Option(exists=True, dir_okay=False, help="自己另存的检查点文件，可以给几个")
    ] = None,
) -> None:
    """核对案卷包：少没少、改没改；不用服务器、数据库和数据目录。核对无误才讲给你看。"""
    with plainly():
        known = Verifier.parse(key.read_text("utf-8", "replace")) if key else None
        kept = [path.read_text("utf-8", "replace") for path in against or ()]
        _print(_checked(file, known, kept), known, trusted=known is not None or bool(kept))


def _checked(file: Path, known: Verifier | None, kept: Sequence[str]) -> Checked:
    """What holds; why not is said, and ends the program."""
    try:
        with file.open("rb") as opened:
            return check(read(opened), known, kept)
    except BundleRefused as no:
        console.print(f"[red]核对不过：{escape(str(no))}[/]")
        raise typer.Exit(WRONG) from None


def _print(checked: Checked, known: Verifier | None, *, trusted: bool) -> None:
    """The case as it is read, and how far the word of the file goes."""
    lines = lines_of(checked)
    names = names_of(lines)
    for event, line in zip(checked.bundle.events, lines, strict=True):
        if line is None:
            console.print(f"{event.version:>3}  {event.name}　核对无误，但这个版本的必到不认得这种事件")
        else:
            print_line(console, line, names)
    keys, checkpoint, head = checked.signed
    console.print(f"[green]核对无误[/]：案卷 {UUID(head.stream)}，第 1 至 {head.version} 版一条不少、一字未改。")
    console.print(f"截至 {escape(keys.current.name)} 封存 {checkpoint.size} 条时；检查点指纹 {checkpoint.fingerprint}")
    if known and (changes := keys.changes_since(known)):
        console.print(
            f"您给的公钥后来换过 {changes} 次，每次都有前后两把密钥签的声明；现在是 {escape(str(keys.current))}"
        )
    if not trusted:
        console.print(f"[yellow]自带公钥，未核对[/]：请向监督的一方核对这把公钥 {escape(str(keys.current))}")
    console.print("证明的是当时记下了什么，不证明记下的是真的。")
    if any(None in event.field_keys.values() for event in checked.bundle.events):
        console.print("“已依法删除”是制作这个文件的一方的说法，不在证明之内。")
