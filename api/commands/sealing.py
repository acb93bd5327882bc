"""bidao keys, seal, verify: the key that signs, the log that is sealed, and whether the store is as it was sealed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.progress import Progress

from api.commands import stamping
from api.commands.enacting import Data, console, settings_with
from api.commands.plainly import plainly, said
from api.opening import open_case_files, require_case_files
from api.settings import Settings
from domain.casework import durable
from projections.transparency.heads import FORM as HEAD
from projections.transparency.heads import Head
from projections.transparency.key_file import KeyFile
from projections.transparency.keys import LogKeys
from projections.transparency.notes import KeyInvalid, NoteInvalid, Signer, Verifier
from projections.transparency.receipts import Acknowledged
from projections.transparency.sealer import Busy, turn
from projections.transparency.sealing import Log
from projections.transparency.verifying import KeptOutside, verify

PATIENCE = 30.0
"""Seconds to wait for one who is sealing just now."""
keys = typer.Typer(help="封存用的密钥", no_args_is_help=True)
checks = typer.Typer(help="验证：库里的事件是不是封存时的样子", no_args_is_help=True)
PublicKey = Annotated[
    Path | None, typer.Option("--key", exists=True, dir_okay=False, help="公钥文件；不填用日志自己的")
]
TsaCert = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="时间戳机构的根证书（PEM）；不填取 BIDAO_TSA_CERT"),
]
ReceiptFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="保存下来的回执")]
Receipts = Annotated[
    list[Path] | None, typer.Option("--receipt", exists=True, dir_okay=False, help="保存下来的回执，可以给几个")
]
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
        durable.make(settings.log_key, Signer.new(name).written.encode())
        signer = KeyFile(settings.log_key).required()
        settings.log_folder.mkdir(parents=True, exist_ok=True)
        public = settings.log_folder / "key"
        public.write_text(f"{signer.verifier}\n", "utf-8")
    console.print(f"密钥在 {settings.log_key}，请另外保管一份；公钥在 {public}：\n{signer.verifier}")


@keys.command("rotate")
def rotate(data: Data = None) -> None:
    """换一把密钥：新旧两把共同签一个检查点，此后只有新的能签，以前的照样可以验证。服务不必停。"""
    settings = settings_with(data)
    require_case_files(settings)
    with plainly(), closing(open_case_files(settings)) as files, in_turn(settings):
        if not retired_key(settings.log_key).exists():
            require_in_use(settings)
        old, new = changing(settings.log_key)
        until = Log(settings.log_folder, old.verifier).rotate(files.store, old, new)
        retired_key(settings.log_key).unlink()
    console.print(f"已换钥：旧的签到第 {until.size} 条为止，指纹 {until.fingerprint}；新的公钥：\n{new.verifier}")
    console.print("请把新的公钥和检查点交给监督的一方，并另外保管新的私钥。")


def require_in_use(settings: Settings) -> None:
    """Raise `KeyInvalid` unless the key is the one the log is signed with now, and not one put back from long ago."""
    signer = KeyFile(settings.log_key).required()
    if Log(settings.log_folder, signer.verifier).keys.current != signer.verifier:
        raise KeyInvalid(f"{settings.log_key} 是日志以前用的密钥，后来换过：请找回现在用的，再换。")


def changing(path: Path) -> tuple[Signer, Signer]:
    """The old key, which lies beside until the change is complete, and the new one, which is in its place already.

    In this order whoever signs receipts meanwhile uses the old key only for what was stored before the change.
    """
    before = retired_key(path)
    if not before.exists():
        KeyFile(path).required()
        os.link(path, before)
    old = KeyFile(before).required()
    if KeyFile(path).required() == old:
        new = path.with_name(f"{path.name}.new")
        new.unlink(missing_ok=True)
        durable.make(new, Signer.new(old.name).written.encode())
        new.replace(path)
    return old, KeyFile(path).required()


def retired_key(path: Path) -> Path:
    """Where the old key lies during a change."""
    return path.with_name(f"{path.name}.old")


def seal(data: Data = None) -> None:
    """封存：为新的事件签一个检查点。服务运行时自己封存，不必另外运行。"""
    settings = settings_with(data)
    require_case_files(settings)
    with plainly(), closing(open_case_files(settings)) as files, in_turn(settings):
        signer = KeyFile(settings.log_key).required()
        sealed = Log(settings.log_folder, signer.verifier).seal(files.store, signer)
    console.print(f"已封存 {sealed.size} 条事件，到第 {sealed.position} 条；指纹 {sealed.fingerprint}")
    console.print(f"检查点在 {settings.log_folder / 'checkpoint'}，请交给监督的一方另存。")


@contextmanager
def in_turn(settings: Settings) -> Iterator[None]:
    """Alone with the folder of the log; a service that seals takes turns. Raises `Busy`."""
    settings.log_folder.mkdir(parents=True, exist_ok=True)
    ends = monotonic() + PATIENCE
    with ExitStack() as turns:
        while True:
            try:
                turns.enter_context(turn(settings.log_folder))
                break
            except Busy:
                if monotonic() > ends:
                    raise
                sleep(0.02)
        yield


@checks.command("log")
def verify_log(
    against: Against = None,
    receipt: Receipts = None,
    key: PublicKey = None,
    tsa_cert: TsaCert = None,
    data: Data = None,
) -> None:
    """从第一条事件起重算一遍，与每个检查点核对；说出第一条不同的事件。"""
    settings = settings_with(data)
    require_case_files(settings)
    with plainly(), closing(open_case_files(settings)) as files, Progress(console=console, transient=True) as bar:
        verifier = Verifier.parse((key or settings.log_folder / "key").read_text("utf-8", "replace"))
        log, task = Log(settings.log_folder, verifier), bar.add_task("重算")
        notes = [path.read_text("utf-8", "replace") for path in against or ()]
        kept = kept_outside(log.keys, notes, [receipt_in(path) for path in receipt or ()])
        stamps = stamping.checked(settings, log.keys, tsa_cert or settings.tsa_cert)
        kept = replace(kept, checkpoints=[*kept.checkpoints, *stamps.checkpoints])
        fault = verify(files.store, log, kept, lambda done, whole: bar.update(task, completed=done, total=whole))
        sealed = log.checkpoint
    if fault:
        leaf = "" if fault.leaf is None else f"叶子 {fault.leaf}，"
        where = f"（{leaf}案卷 {fault.stream}，第 {fault.version} 版）" if fault.stream else ""
        said(f"{fault.sentence}{where}")
    if sealed:
        more = f"，与另存的 {len(against)} 个检查点或声明相符" if against else ""
        more += f"，与 {len(receipt)} 张回执相符" if receipt else ""
        console.print(f"{sealed.size} 条事件与封存时相同{more}；指纹 {sealed.fingerprint}")
        if stamps.sentence:
            console.print(stamps.sentence)


@checks.command("receipt")
def verify_receipt(
    file: ReceiptFile, key: Annotated[Path, typer.Option("--key", exists=True, dir_okay=False, help="公钥文件")]
) -> None:
    """核对一张回执（办事的整个答复，JSON）上的签名：不需要服务，也不需要库。"""
    with plainly():
        receipt = receipt_in(file).verified(LogKeys((), Verifier.parse(key.read_text("utf-8"))))
    console.print(f"签名无误：第 {receipt.position} 条事件，叶子哈希 {receipt.leaf_hash}")
    console.print("它进了日志没有，请用 bidao verify log --receipt 核对。")


def kept_outside(keys: LogKeys, notes: Sequence[str], receipts: Sequence[Acknowledged] = ()) -> KeptOutside:
    """What somebody has kept: checkpoints, statements of what a case held, and receipts. Raises `NoteInvalid`."""
    heads = [note for note in notes if note.startswith(HEAD)]
    checkpoints = [keys.checkpoint(note) for note in notes if note not in heads]
    return KeptOutside(
        checkpoints, [keys.opened(note, Head.opened) for note in heads], [one.verified(keys) for one in receipts]
    )


def receipt_in(file: Path) -> Acknowledged:
    """The receipt that was kept in a file. Raises `NoteInvalid` for what is none."""
    try:
        return Acknowledged.model_validate_json(file.read_bytes())
    except ValidationError:
        raise NoteInvalid(f"{file.name} 不是回执：应为办事的整个答复（JSON）。") from None
