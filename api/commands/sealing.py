"""bidao keys, seal, verify: the key that signs, the log that is sealed, and whether the store is as it was sealed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress

from api.commands.enacting import WRONG, Data, console, settings_with
from api.opening import open_case_files, require_case_files
from api.secret import keep
from api.settings import Settings
from projections.leadership import FileLeadership
from projections.transparency.heads import FORM as HEAD
from projections.transparency.heads import Head
from projections.transparency.keys import LogKeys
from projections.transparency.notes import KeyInvalid, NoteInvalid, Signer, Verifier
from projections.transparency.sealing import Log, LogBroken
from projections.transparency.verifying import KeptOutside, verify

keys = typer.Typer(help="封存用的密钥", no_args_is_help=True)
checks = typer.Typer(help="验证：库里的事件是不是封存时的样子", no_args_is_help=True)
KeyFile = Annotated[Path | None, typer.Option("--key", exists=True, dir_okay=False, help="公钥文件；不填用日志自己的")]
Against = Annotated[
    list[Path] | None, typer.Option(exists=True, dir_okay=False, help="别处另存的检查点或卷尾声明文件，可以给几个")
]


@keys.command("init")
def init(
    name: Annotated[str, typer.Argument(help="日志的名称，如 hecheng.example.cn/bidao，以后不改")], data: Data = None
) -> None:
    """造一把封存用的密钥；已有的不动。公钥请交给监督的一方。"""
    settings = settings_with(data)
    if settings.log_key.exists():
        said(f"已有密钥 {settings.log_key}，没有改动。")
    with plainly():
        keep(settings.log_key, Signer.new(name).written.encode())
        signer = signer_of(settings)
        settings.log_folder.mkdir(parents=True, exist_ok=True)
        public = settings.log_folder / "key"
        public.write_text(f"{signer.verifier}\n", "utf-8")
    console.print(f"密钥在 {settings.log_key}，请另外保管一份；公钥在 {public}：\n{signer.verifier}")


def seal(data: Data = None) -> None:
    """封存：为新的事件签一个检查点。可以随时运行，服务不必停。"""
    settings = settings_with(data)
    require_case_files(settings)
    with plainly(), closing(open_case_files(settings)) as files, ExitStack() as afterwards:
        signer = signer_of(settings)
        settings.log_folder.mkdir(parents=True, exist_ok=True)
        turn = FileLeadership(settings.log_folder / "lock")
        afterwards.callback(turn.release)
        if not turn.take():
            said("另一个封存正在进行，请等它完成。")
        sealed = Log(settings.log_folder, signer.verifier).seal(files.store, signer)
    console.print(f"已封存 {sealed.size} 条事件，到第 {sealed.position} 条；指纹 {sealed.fingerprint}")
    console.print(f"检查点在 {settings.log_folder / 'checkpoint'}，请交给监督的一方另存。")


@checks.command("log")
def verify_log(against: Against = None, key: KeyFile = None, data: Data = None) -> None:
    """从第一条事件起重算一遍，与每个检查点核对；说出第一条不同的事件。"""
    settings = settings_with(data)
    require_case_files(settings)
    with plainly(), closing(open_case_files(settings)) as files, Progress(console=console, transient=True) as bar:
        verifier = Verifier.parse((key or settings.log_folder / "key").read_text("utf-8", "replace"))
        log, task = Log(settings.log_folder, verifier), bar.add_task("重算")
        kept = kept_outside(log.keys, [path.read_text("utf-8", "replace") for path in against or ()])
        fault = verify(files.store, log, kept, lambda done, whole: bar.update(task, completed=done, total=whole))
        sealed = log.checkpoint
    if fault:
        leaf = "" if fault.leaf is None else f"叶子 {fault.leaf}，"
        where = f"（{leaf}案卷 {fault.stream}，第 {fault.version} 版）" if fault.stream else ""
        said(f"{fault.sentence}{where}")
    if sealed:
        more = f"，与另存的 {len(against)} 个检查点或声明相符" if against else ""
        console.print(f"{sealed.size} 条事件与封存时相同{more}；指纹 {sealed.fingerprint}")


def kept_outside(keys: LogKeys, notes: Sequence[str]) -> KeptOutside:
    """What somebody has kept: checkpoints, and statements of what a case held. Raises `NoteInvalid`."""
    heads = [note for note in notes if note.startswith(HEAD)]
    checkpoints = [keys.checkpoint(note) for note in notes if note not in heads]
    return KeptOutside(checkpoints, [keys.opened(note, Head.opened) for note in heads])


def signer_of(settings: Settings) -> Signer:
    """The key of this store's log. Raises `KeyInvalid`, also where there is none."""
    if not settings.log_key.exists():
        raise KeyInvalid(f"没有密钥 {settings.log_key}，请先运行 bidao keys init。")
    return Signer.parse(settings.log_key.read_text("utf-8"))


@contextmanager
def plainly() -> Iterator[None]:
    """What keeps it from being done is said in a sentence, and ends the program."""
    try:
        yield
    except (KeyInvalid, NoteInvalid, LogBroken) as no:
        said(str(no))
    except FileNotFoundError as missing:
        said(f"没有文件 {missing.filename}，请先运行 bidao keys init 和 bidao seal。")


def said(sentence: str) -> None:
    """Say what is wrong, and end the program."""
    console.print(f"[red]{escape(sentence)}[/]")
    raise typer.Exit(WRONG)
