"""bidao stamp, and what verifying says of stamps: by when the checkpoints existed, by the word of somebody else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from api.commands.enacting import Data, console, settings_with
from api.commands.plainly import plainly, said
from api.outside.handing import newest_of, stamping_of
from api.outside.places import NotTaken
from api.settings import Settings
from domain.clocks import SHANGHAI
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.keys import LogKeys
from projections.transparency.notes import NoteInvalid
from projections.transparency.stamps import Stamps, certificates

MOMENT = "%Y-%m-%d %H:%M:%S"


class Checked(NamedTuple):
    """What the stamped checkpoints say, and a sentence on when that was; none where there are none."""

    checkpoints: Sequence[Checkpoint] = ()
    sentence: str | None = None


def stamp(data: Data = None) -> None:
    """盖时间戳：请 BIDAO_STAMP_URL 的机构证明最新的检查点此刻已经存在。服务运行时每隔一段时间自己盖。"""
    settings = settings_with(data)
    authority = stamping_of(settings)
    if authority is None:
        said("没有设时间戳机构的地址，请先设 BIDAO_STAMP_URL。")
    with plainly():
        newest = newest_of(settings.log_folder)
    if newest is None:
        said("还没有封存过，请先运行 bidao keys init 和 bidao seal。")
    size, note = newest
    if size in Stamps(settings.log_folder):
        console.print(f"封存{size}条的检查点已有时间戳，没有再盖。")
        return
    try:
        moment = asyncio.run(authority.stamp(size, note))
    except NotTaken as no:
        said(f"{authority.name} 没有盖成：{no}。")
    console.print(f"时间戳：封存{size}条的检查点在 {moment.astimezone(SHANGHAI):{MOMENT}} 已经存在")


def checked(settings: Settings, keys: LogKeys, certificate: Path | None) -> Checked:
    """The stamps of a log, each held against its checkpoint and the authority. Raises `StampInvalid`, `NoteInvalid`."""
    trusted = certificates(certificate) if certificate else None
    checkpoints, moment = list[Checkpoint](), None
    for stamped in Stamps(settings.log_folder):
        checkpoint = keys.checkpoint(stamped.note.decode("utf-8", "replace"))
        if checkpoint.size != stamped.size:
            raise NoteInvalid(f"时间戳旁边的检查点封存了{checkpoint.size}条，文件名却是{stamped.size}。")
        checkpoints.append(checkpoint)
        moment = stamped.moment(trusted) if trusted else None
    if not checkpoints:
        return Checked()
    if moment is None:
        unchecked = f"有 {len(checkpoints)} 个时间戳没有核对：请用 --tsa-cert 给出时间戳机构的根证书。"
        return Checked(checkpoints, unchecked)
    last = f"封存{checkpoints[-1].size}条的检查点在 {moment.astimezone(SHANGHAI):{MOMENT}} 已经存在"
    return Checked(checkpoints, f"{len(checkpoints)} 个时间戳无误：{last}；指纹 {checkpoints[-1].fingerprint}")
