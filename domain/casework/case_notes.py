"""The parts of a case file: what people look up in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

from domain.incident.events.coordination import Attendance
from domain.incident.words import Answer, Card, HelpFrom, Request
from domain.model import Model, Personal
from domain.territory import Level


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


Utc = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time as every time in a case file is written, in whatever zone it was stated."""


class Times(Model):
    """When each stage was reached (effective times); of the current cycle where a cycle repeats it."""

    reported: Utc
    began: Utc | None
    accepted: Utc | None
    dispatched: Utc | None
    signed_for: Utc | None
    arrived: Utc | None
    resolved: Utc | None
    checked: Utc | None
    closed: Utc | None
    archived: Utc | None


class ResponseSeconds(Model):
    """Gross seconds: report→accept, report→first arrival, cycle→resolve, resolve→close."""

    accept: float | None
    arrive: float | None
    resolve: float | None
    close: float | None


class MeetingNote(Model):
    held_at: Utc
    attendance: tuple[Attendance, ...]
    agreement: Personal[str]
    failed: bool


class CommitmentNote(Model):
    """`kept` is None while the promise waits."""

    commitment: int
    who: Personal[str]
    what: Personal[str]
    due: Utc
    kept: bool | None


class CallNote(Model):
    """One call for help and what came of it."""

    help: int
    source: HelpFrom
    whom: str
    whom_name: str
    request: Personal[str]
    answered_at: Utc | None
    came: Personal[tuple[str, ...]]
    finding: Personal[str]


class FollowUpNote(Model):
    person: str
    answer: Answer
    note: Personal[str]
    at: Utc


class CardNote(Model):
    card: Card
    level: Level
    demand: Personal[str]
    at: Utc


class EvidenceNote(Model):
    """补充的材料。`positioned`：照片里有拍摄位置，查阅须写明用途。

    `there`：文件可以查看（`/evidence/{version}`）；没有上传、已依法删除、限制使用或不是您看得到的为 false。
    """

    version: int
    at: Utc
    digest: str
    media_type: str
    size: int
    caption: Personal[str]
    positioned: bool
    there: bool


class RequestNote(Model):
    """A request that waits for somebody else's answer."""

    request: Request
    by: str


class Money(Model):
    """Sums in fen; `outstanding` is advanced and not yet reimbursed."""

    advanced: int
    contributed: int
    granted: int
    refunded: int
    paid: int
    returned: int
    balance: int
    outstanding: int
