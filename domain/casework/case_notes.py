"""The parts of a case file: what people look up in it."""

from __future__ import annotations

from pydantic import AwareDatetime

from domain.incident.events.coordination import Attendance
from domain.incident.words import Answer, Card, HelpFrom, Request
from domain.model import Model, Personal
from domain.territory import Level


class Times(Model):
    """When each stage was reached (effective times); of the current cycle where a cycle repeats it."""

    reported: AwareDatetime
    began: AwareDatetime | None
    accepted: AwareDatetime | None
    dispatched: AwareDatetime | None
    signed_for: AwareDatetime | None
    arrived: AwareDatetime | None
    resolved: AwareDatetime | None
    checked: AwareDatetime | None
    closed: AwareDatetime | None
    archived: AwareDatetime | None


class ResponseSeconds(Model):
    """Gross seconds: report→accept, report→first arrival, cycle→resolve, resolve→close."""

    accept: float | None
    arrive: float | None
    resolve: float | None
    close: float | None


class MeetingNote(Model):
    held_at: AwareDatetime
    attendance: tuple[Attendance, ...]
    agreement: Personal[str]
    failed: bool


class CommitmentNote(Model):
    """`kept` is None while the promise waits."""

    commitment: int
    who: Personal[str]
    what: Personal[str]
    due: AwareDatetime
    kept: bool | None


class CallNote(Model):
    """One call for help and what came of it."""

    help: int
    source: HelpFrom
    whom: str
    whom_name: str
    request: Personal[str]
    answered_at: AwareDatetime | None
    came: Personal[tuple[str, ...]]
    finding: Personal[str]


class FollowUpNote(Model):
    person: str
    answer: Answer
    note: Personal[str]
    at: AwareDatetime


class CardNote(Model):
    card: Card
    level: Level
    demand: Personal[str]
    at: AwareDatetime


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
