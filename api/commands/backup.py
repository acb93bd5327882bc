"""bidao backup, bidao restore: all a store has in one file, and a store made from it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.commands.enacting import WRONG, Data, console, settings_with
from api.opening import open_case_files, open_outbox, open_views, require_case_files
from api.secret import SecretUnusable, fingerprint
from api.settings import Settings
from domain.casework import durable
from domain.casework.asking import StoreUnavailable
from domain.casework.backup_files import require_free, taking_in
from domain.casework.backups import Backup, BackupUnusable, Manifest, save
from domain.casework.backups import Progress as Reporting
from domain.casework.evidence_files import EvidenceFiles
from domain.casework.fingerprint import fingerprint_of
from domain.casework.key_encryption import KeysInFile
from domain.casework.new_stores import new_file, new_schema, require_free_file, require_free_schema
from domain.casework.restoring import Contents, Target, examined, fill, require_wrapping
from domain.casework.store_file import StoreUnusable
from domain.clocks import SHANGHAI
from domain.telling import local
from projections.database import DatabaseUnavailable, DatabaseUnusable

app = typer.Typer()


@app.command()
def backup(
    into: Annotated[Path, typer.Argument(help="备份文件；是目录就在里面按时间取名")],
    data: Data = None,
) -> None:
    """备份：全部事件和密钥写成一个文件，写完从头检查；服务不必停。"""
    settings, made_at = settings_with(data), datetime.now(SHANGHAI)
    path = into / f"bidao-{made_at:%Y%m%d-%H%M%S}.zip" if into.is_dir() else into
    with _refusals(), _progress() as bar:
        if not path.parent.is_dir():
            raise BackupUnusable(f"没有目录 {path.parent}，请先建好。")
        if path.exists():
            raise _taken(path)
        manifest, contents = _save(settings, path, made_at, bar)
    _tell(f"已备份到 {path}，{'但缺材料文件' if manifest.lacking else '逐条检查无误'}。", manifest, contents)
    console.print("　文件里有居民信息（密封）和密钥，请加密存放，并另存一份到别的机器。")
    console.print(f"　解封要用的 {settings.key_file.name} 不在里面：恢复时也要有它，请另外保管，不要和备份放在一处。")
    _require_files(manifest)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="备份文件")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查备份，不恢复")] = False,
    data: Data = None,
) -> None:
    """恢复：检查备份，写入空的数据目录或数据库，逐条核对，再建视图；中途失败不留半份。"""
    settings = settings_with(data)
    with _refusals(), _progress() as bar, Backup(file) as source:
        if dry_run:
            contents = examined(source, _task(bar, "检查备份"))
        else:
            contents = _restore(settings, source, bar)
            _build_beside(settings, contents.events, bar)
    if dry_run:
        sound = "备份可以恢复，但缺材料文件" if source.manifest.lacking else "备份完好，可以恢复"
        _tell(f"{sound}。", source.manifest, contents)
        _require_files(source.manifest)
    else:
        _tell("已恢复，与备份逐条相同，视图已建好。", source.manifest, contents)
        console.print("　备份之后办理的不在其中：请各前端用原来的 Idempotency-Key 重发，已有的不会重复。")
        console.print("　备份里已有的值班通知不再发出；只作演练的，请设 BIDAO_WATCH=0 再启动，以免发出新的通知。")
        if settings.postgres:
            console.print("　服务另用数据库账号的，请先用现在这个地址运行 bidao grant <账号>，再启动服务。")


def _tell(outcome: str, manifest: Manifest, contents: Contents) -> None:
    console.print(f"[green]{escape(outcome)}[/]")
    files = f"，{manifest.files}份材料文件" if manifest.files else ""
    console.print(f"　{contents.events}条事件，{contents.cases}件案件{files}，{local(manifest.made_at)}备份")
    console.print(f"　指纹 {manifest.digest}")
    if lacking := manifest.lacking:
        first = f"首先是案件 {lacking.case_id} 第 {lacking.version} 版"
        console.print(f"[red]　缺材料文件：{lacking.events} 处的文件在备份时缺失或已改动，{first}。[/]")
        console.print("[red]　请核对存放材料的文件夹（BIDAO_EVIDENCE）是否接上，再运行 bidao verify files。[/]")


def _require_files(manifest: Manifest) -> None:
    """End the program so that nobody overlooks what a backup lacks."""
    if manifest.lacking:
        raise typer.Exit(WRONG)


def _save(settings: Settings, path: Path, made_at: datetime, bar: Progress) -> tuple[Manifest, Contents]:
    """Written under another name, examined, and only then given its own."""
    _require_lasting(settings)
    require_case_files(settings)
    with closing(open_case_files(settings)) as files, _written(path) as file:
        manifest = save(files, _secret_of(settings), file, made_at, _task(bar, "备份"))
        file.flush()
        os.fsync(file.fileno())
        with Backup(Path(file.name)) as written:
            return manifest, examined(written, _task(bar, "检查备份"))


@contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name when the block ends well, and is gone otherwise."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
        try:
            yield file
            _named(file.name, path)
            durable.settle(path.parent)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _named(name: str, path: Path) -> None:
    """Give a file its name, unless another has got it meanwhile."""
    try:
        path.touch(exist_ok=False)  # reserves the name; a hard link would too, but a memory stick knows none
    except FileExistsError:
        raise _taken(path) from None
    Path(name).rename(path)


def _taken(path: Path) -> BackupUnusable:
    return BackupUnusable(f"{path} 已经存在：备份不覆盖任何文件，请换一个名字。")


def _require_lasting(settings: Settings) -> None:
    if settings.in_memory:
        raise StoreUnusable("内存里的库随进程消失，不能备份，也不能恢复到那里，请核对 BIDAO_DATABASE_URL。")


def _secret_of(settings: Settings) -> bytes:
    """The secret the keys of this store are known by; none is made here. Raises `SecretUnusable`."""
    path = settings.secret_key
    if not path.exists():
        raise SecretUnusable(f"没有密钥文件 {path}：没有它，恢复后认不出重发的命令。请在有它的数据目录上备份。")
    secret = path.read_bytes()
    if settings.postgres and fingerprint_of(settings.postgres, settings.database_schema) != fingerprint(secret):
        raise SecretUnusable(f"密钥文件 {path} 不是这个数据库原来用的，请换成原来的 secret.key 再备份。")
    return secret


def _restore(settings: Settings, source: Backup, bar: Progress) -> Contents:
    """Where there is no room for it, that is said before anything is examined; nothing is held open meanwhile."""
    today = f"{datetime.now(SHANGHAI):%Y%m%d}"
    settings.data.mkdir(parents=True, exist_ok=True)
    with _alone(settings.data):
        left = _require_room(settings, source)
        require_wrapping(source, KeysInFile(settings.key_file, make=not source.manifest.keys))
        contents = examined(source, _task(bar, "检查备份"))
        evidence = EvidenceFiles(settings.evidence_folder)
        with taking_in(evidence, left) as take_in, _new_store(settings, source.secret) as target:
            take_in(source.files())
            fill(target, source, contents, today, _task(bar, "写入并核对"))
            durable.make(settings.secret_key, source.secret)
            _require_secret(settings, source.secret)
            durable.settle(settings.data)
    return contents


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Of several restores into one folder, one: the lock is on the folder itself, and falls with the process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreUnusable(f"另一个 bidao restore 正在往 {folder} 恢复，请等它做完，或另指定数据目录。") from None
        yield
    finally:
        os.close(descriptor)


def _require_room(settings: Settings, source: Backup) -> frozenset[str]:
    """Refuse to restore where anything is already; which files a restore may have left that broke off."""
    _require_lasting(settings)
    _require_secret(settings, source.secret)
    if settings.postgres:
        broke_off = require_free_schema(settings.postgres, settings.database_schema, _beside(settings))
    else:
        broke_off = require_free_file(settings.events_db, settings.views_db, settings.outbox_db)
    left = frozenset(source.addresses() if broke_off else ())
    require_free(EvidenceFiles(settings.evidence_folder), left)
    return left


def _require_secret(settings: Settings, secret: bytes) -> None:
    """Raise `SecretUnusable` where there is another one."""
    key = settings.secret_key
    if key.exists() and key.read_bytes() != secret:
        raise SecretUnusable(f"密钥文件 {key} 是另一个库的：恢复不覆盖任何数据，请另指定数据目录，或先把它移走。")


def _new_store(settings: Settings, secret: bytes) -> AbstractContextManager[Target]:
    """Where a backup goes."""
    if settings.postgres:
        return new_schema(settings.postgres, settings.database_schema, _beside(settings), fingerprint(secret))
    return new_file(settings.events_db)


def _beside(settings: Settings) -> list[str]:
    return [settings.views_schema, settings.outbox_schema]


def _build_beside(settings: Settings, head: int, bar: Progress) -> None:
    """An outbox that has taken in every call, so that nobody is called again, then the views from the first event.

    What goes wrong here takes nothing back: a service that starts makes them too.
    """
    missing = "值班通知从哪里接着发没有记下，启动服务会重发备份前一小时的；视图也没有建成"
    try:
        with closing(open_outbox(settings)) as outbox:
            outbox.begin(datetime.now(SHANGHAI))
            outbox.take_in((), (), head)
        missing = "视图没有建成"
        with closing(open_case_files(settings)) as files, closing(open_views(settings, files)) as views:
            views.rebuild(_task(bar, "建视图"))
    except (RuntimeError, StoreUnavailable, OSError) as trouble:
        kept = f"事件已全部恢复，与备份逐条相同；{missing}（{escape(str(trouble))}）"
        console.print(f"[red]{kept}：请运行 bidao rebuild。[/]")
        raise typer.Exit(WRONG) from None


@contextmanager
def _progress() -> Iterator[Progress]:
    """Shown from the first task on: a refusal before it stands alone."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console)
    try:
        yield bar
    finally:
        if bar.live.is_started:
            bar.stop()


def _task(bar: Progress, name: str) -> Reporting:
    bar.start()
    task = bar.add_task(name, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _refusals() -> Iterator[None]:
    """What stands in the way is said in a sentence, and ends the program."""
    try:
        yield
    except (BackupUnusable, StoreUnusable, SecretUnusable, DatabaseUnusable) as no:
        console.print(f"[red]{escape(str(no))}[/]")
        raise typer.Exit(WRONG) from None
    except (StoreUnavailable, DatabaseUnavailable, OSError) as trouble:
        console.print(f"[red]没有做成，什么也没有留下：{escape(str(trouble))}[/]")
        raise typer.Exit(WRONG) from None
