"""What the doctor makes of what it saw: whether it is fine, and a sentence for the operator."""

from __future__ import annotations

from dataclasses import dataclass

from projections.engine import Standing as ViewsStanding
from projections.naming import Underway
from projections.transparency.sealer import Standing

WAITING = ("on", "remote_apply")
"""The values of synchronous_commit that wait until a standby has it on its disk."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is fine, and a sentence for the operator."""

    fine: bool
    sentence: str


def durable(waits: str, *, copied: bool) -> Finding:
    """Whether an answer waits for every disk it should be on; `copied`: there is a synchronous standby."""
    if not copied:
        return Finding(waits != "off", f"synchronous_commit={waits}，答复之前写入数据库的磁盘；没有同步备机")
    fine = waits in WAITING
    return Finding(fine, f"synchronous_commit={waits}，答复之前{'已' if fine else '不等'}送到同步备机的磁盘")


def sealed(log: Standing, head: int) -> Finding:
    """How far the log has come of all there is; and what to do where it stands still."""
    if log.failing:
        return Finding(False, "封存的日志读不了或不是这把密钥签的：请运行 bidao verify log 核对")
    come = f"已封存到第{log.position}条，共{head}条"
    if log.position > head:
        return Finding(False, f"{come}，库里少了事件：请运行 bidao verify log 核对")
    if log.position < head:
        return Finding(False, f"{come}，没有进展：请启动服务，或运行 bidao seal；仍不前进请看服务的日志")
    return Finding(True, come)


def followed(views: ViewsStanding, head: int) -> Finding:
    """How far the views have come of all there is; and what to do where they stand still."""
    come = f"视图已跟到第{views.position}条，共{head}条"
    if views.position < head and views.kept:
        return Finding(False, f"{come}，有进程在维护：请稍后再查，仍不前进请看它的日志")
    if views.position < head or views.kept is False:
        nobody = "" if views.kept is None else "，没有进程在维护"
        remedy = "请启动服务并打开 BIDAO_FOLLOW，或运行 bidao follow"
        return Finding(views.position >= head, f"{come}{nobody}：{remedy}")
    return Finding(True, come)


def built(view: Underway) -> Finding:
    """A view that is being built: until then it cannot be read, unless there is an earlier generation of it."""
    if view.shown:
        return Finding(True, f"{view.told}，其间照常可查；没有进程在建的，由维护视图的进程接着建")
    return Finding(False, f"{view.told}，建成才能查询：请稍后再查，仍不前进请看维护视图的进程的日志")
