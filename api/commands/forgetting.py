"""bidao forget, keys rewrap: a person's data erased by law, and the keys of all wrapped anew."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated
from uuid import uuid4

import typer
from pydantic import ValidationError
from rich.markup import escape
from rich.progress import Progress

from api.commands.enacting import NOT_FOUND, WRONG, Data, console, settings_with, with_casework
from api.erasures import status_of
from api.opening import open_case_files, open_views, require_case_files
from domain.casework.application import Casework
from domain.casework.asking import Caller
from domain.casework.erasing import Erasing
from domain.casework.rewrapping import rewrap
from domain.erasure import ApproveErasure, ErasureCommand, Ground, RefuseErasure, RequestErasure
from domain.model import Refused, Role


def forget(
    subject: Annotated[str, typer.Argument(help="人员编号；案件的文字，填案件编号（不带连字符）")],
    by: Annotated[str | None, typer.Option(help="谁来办；不填只看办到哪一步")] = None,
    ground: Annotated[Ground, typer.Option(help="为何删除")] = Ground.PURPOSE_DONE,
    approve: Annotated[bool, typer.Option("--approve", help="批准（须是申请人以外的另一人），随即删除")] = False,
    refuse: Annotated[str | None, typer.Option(help="驳回，写明理由")] = None,
    data: Data = None,
) -> None:
    """依法删除一个人的资料：先申请，再由另一人加 --approve 批准；须依法留存的到期自动删除。"""
    require_case_files(settings_with(data))

    async def work(casework: Casework) -> None:
        if not casework.files.store.select_keys([subject]):
            console.print(
                f"[red]库里没有 {escape(subject)} 的资料：请核对编号；案件的文字，填不带连字符的案件编号。[/]"
            )
            raise typer.Exit(NOT_FOUND)
        if by is not None:
            command: ErasureCommand = RequestErasure(subject=subject, ground=ground)
            if approve:
                command = ApproveErasure(subject=subject)
            elif refuse is not None:
                command = RefuseErasure(subject=subject, reason=refuse)
            caller = Caller("cli", f"{command.name}-{uuid4()}", by, Role.ADMIN, channel="cli")
            await Erasing(casework).enact(command, caller)
        tell(casework, subject)

    try:
        with_casework(data, work)
    except Refused as no:
        console.print(f"[red]{escape(no.sentence)}[/]（规则 {no.rule.id}）")
        raise typer.Exit(WRONG) from None
    except ValidationError:
        console.print("[red]编号或理由不合要求：编号只含字母、数字、点、下划线、连字符，理由不能为空。[/]")
        raise typer.Exit(WRONG) from None


def tell(casework: Casework, subject: str) -> None:
    """How far the erasure is."""
    found = casework.registers.erasures.of.get(subject)
    if found is None:
        console.print(f"没有人申请删除 {escape(subject)} 的资料，或已经驳回。")
        return
    status = status_of(found)
    console.print(f"{escape(subject)}：{status.label}，由 {escape(status.asked_by)} 申请")
    for kept in status.kept:
        console.print(f"　{kept.label}留存到 {kept.until:%Y-%m-%d}，依据{kept.source}")


def rewrap_keys(
    only: Annotated[bool, typer.Option("--only", help="密钥文件记着的别的库都已不用，只有这个库在用")] = False,
    data: Data = None,
) -> None:
    """换钥：换一把密钥加密密钥（kek.key），库里全部密钥重新包装，盲索引换新；服务不必停。此后旧备份读不出已删除的资料。"""
    settings = settings_with(data)
    require_case_files(settings)
    with (
        closing(open_case_files(settings)) as files,
        closing(open_views(settings, files)) as views,
        Progress(console=console, transient=True) as bar,
    ):
        task, indexed = bar.add_task("重新包装", total=None), bar.add_task("重建索引", total=None, visible=False)

        def shown(done: int, events: int) -> None:
            bar.update(indexed, completed=done, total=events, visible=True)

        count = rewrap(
            files.store,
            files.keyring.wrapping,
            lambda done: bar.update(task, completed=done),
            rebuild=lambda: views.index.catch_up(shown),
            only=only,
        )
    console.print(f"已换钥，{count} 把密钥重新包装；旧的密钥已从 {settings.key_file} 去掉，请另存新的一份。")
    console.print("　以前的备份从此要旧的密钥文件才能恢复：请现在另做一份备份，再销毁旧的密钥文件和旧备份。")
