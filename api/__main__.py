"""bidao: serve, follow, demo, replay, report, rebuild, doctor, clock, backup, restore, grant, export, and by register
rules, calendar, duty, territory.

Exit codes: 0 done, 1 something is wrong, 2 asked wrongly, 3 not found.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.app import AddressTaken, create_app, listening, server_of
from api.clock import clock
from api.commands import (
    backup,
    books,
    bundles,
    duty,
    evidence,
    exporting,
    forgetting,
    granting,
    hardening,
    households,
    replaying,
    report,
    sealing,
    stamping,
    territory,
)
from api.commands.enacting import WRONG, Data, console, settings_with
from api.commands.replaying import tell_stories
from api.demo.replaying import Told
from api.doctor import examine
from api.following import follow
from api.identity import UnsafeSettings
from api.logs import configure
from api.opening import (
    RegistryUnusable,
    open_case_files,
    open_casework,
    open_outbox,
    open_views,
    require_case_files,
)
from api.secret import SecretUnusable
from api.settings import Settings
from domain.casework.store_file import StoreUnusable
from domain.model import Refused
from projections import ALL
from projections.database import DatabaseUnusable

PRIVATE = 0o077
"""What is written holds personal data: it is for the operator's account alone."""
TO_BE_MENDED = (
    *(AddressTaken, Refused, UnsafeSettings, RegistryUnusable),
    *(StoreUnusable, SecretUnusable, DatabaseUnusable),
)
"""What stands in the way of any command; each carries a Chinese sentence for the operator."""
app = typer.Typer(help="必到：网格化治理的案件引擎", no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(follow)
app.command()(clock)
app.command()(report.report)
app.add_typer(backup.app)
app.command()(granting.grant)
app.add_typer(books.rules, name="rules")
app.add_typer(books.calendar, name="calendar")
app.add_typer(duty.app, name="duty")
app.add_typer(households.app, name="households")
app.add_typer(territory.app, name="territory")
app.add_typer(exporting.exports, name="export")
sealing.keys.command("rewrap")(forgetting.rewrap_keys)
exporting.exports.command("bundle")(bundles.export_bundle)
app.add_typer(sealing.keys, name="keys")
app.command()(forgetting.forget)
app.command()(sealing.seal)
app.command()(stamping.stamp)
app.command()(replaying.demo)
app.command()(replaying.replay)
app.add_typer(sealing.checks, name="verify")
sealing.checks.command("bundle")(bundles.verify_bundle)
sealing.checks.command("files")(evidence.verify_files)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="监听地址；不填取 BIDAO_HOST")] = None,
    port: Annotated[int | None, typer.Option(help="端口；不填取 BIDAO_PORT")] = None,
    data: Data = None,
) -> None:
    """启动服务；空库会先重放文章里的三件事（BIDAO_DEMO=0 则不放）。"""
    settings = settings_with(data)
    chosen = {"host": host or settings.host, "port": settings.port if port is None else port}
    settings = settings.model_copy(update=chosen)
    app_to_serve = create_app(settings)
    with listening(settings) as door:
        settings = settings.model_copy(update={"port": door.getsockname()[1]})
        told = asyncio.run(tell_stories(settings, only_if_empty=True)) if settings.demo else []
        asyncio.run(try_opening(settings))
        where_to_look(settings, told)
        configure()
        server_of(app_to_serve, settings).run([door])


async def try_opening(settings: Settings) -> None:
    """What cannot be opened is said now, and not by the server once it was announced."""
    files = open_case_files(settings)
    casework = open_casework(settings, files)
    try:
        for beside in (open_views(settings, files), open_outbox(settings)):
            beside.close()
    finally:
        await casework.aclose()


def where_to_look(settings: Settings, told: list[Told]) -> None:
    base = f"http://{settings.host}:{settings.port}"
    console.print(f"[bold]必到[/] 服务地址 {base}　数据目录 {escape(str(settings.data))}")
    console.print(f"　接口文档　{base}/docs")
    console.print(f"　案件列表　{base}/api/v1/incidents")
    for story in told:
        console.print(f"　{story.title}　bidao replay {story.incident_id}")


@app.command()
def rebuild(
    names: Annotated[list[str] | None, typer.Argument(metavar="[视图]...", help="只重建这些，如 docket.v2")] = None,
    data: Data = None,
) -> None:
    """从第一条事件起重建视图，与现有视图比对后换上；不停服务，中断了再次运行或由维护视图的进程接着做完。"""
    known = [view.name for view in ALL]
    if unknown := set(names or ()) - set(known):
        raise typer.BadParameter(f"没有视图 {'、'.join(sorted(unknown))}；有 {'、'.join(known)}")
    settings = settings_with(data)
    require_case_files(settings)
    files = open_case_files(settings)
    views = open_views(settings, files)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("重建视图", total=None)
            report = views.rebuild(lambda done, total: progress.update(task, completed=done, total=total), names or ())
            if not names:
                task = progress.add_task("重建索引", total=None)
                views.index.renew(lambda done, total: progress.update(task, completed=done, total=total))
        console.print(report.summary)
    finally:
        views.close()
        files.close()


@app.command()
def doctor(
    hardened: Annotated[
        bool, typer.Option("--harden", help="加固 PostgreSQL：立好只增不改的栅栏（用建库的账号）")
    ] = False,
    role: Annotated[str, typer.Option(help="加固时服务所用的数据库账号，没有就新建")] = "bidao",
    data: Data = None,
) -> None:
    """体检：存储、视图、日历、设置。有问题时退出码为1；不带 --harden 什么也不改。"""
    settings = settings_with(data)
    if hardened:
        hardening.harden(settings, role)
        return
    findings = examine(settings)
    for finding in findings:
        console.print(
            f"[{'green' if finding.fine else 'red'}]{'正常' if finding.fine else '异常'}[/] {escape(finding.sentence)}"
        )
    if not all(finding.fine for finding in findings):
        raise typer.Exit(WRONG)


def main() -> None:
    """The console script; what the operator has to mend is said in a sentence, not in a traceback."""
    os.umask(PRIVATE)
    try:
        app()
    except TO_BE_MENDED as trouble:
        console.print(f"[red]{escape(str(trouble))}[/]")
        sys.exit(WRONG)
    except ValidationError as wrong:
        for fault in wrong.errors(include_url=False, include_input=False):
            console.print(f"[red]设置不对：{'.'.join(map(str, fault['loc']))}　{fault['msg']}[/]")
        sys.exit(WRONG)


if __name__ == "__main__":
    main()
