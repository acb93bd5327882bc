"""时限表与日历 over HTTP: what holds and what held, new versions, and what one would change for open cases."""

from __future__ import annotations

from datetime import date, datetime
from typing import cast

from fastapi import APIRouter, Depends, Response, Security
from pydantic import AwareDatetime, Field

from api import problems
from api.door import DoorRoute, Visit, Visiting
from api.identity import SCHEME
from api.problems import RETRY_AFTER, VIEWS_BEHIND, Problem
from api.registers import Rehearsal, add_commands, rehearsal
from api.tags import TAGGED, conditional, is_known, tagged
from domain.books import AdoptRuleTable, BooksEvent, CalendarPublished, PublishCalendar
from domain.casework.application import Casework
from domain.casework.asking import RegisterReceipt
from domain.casework.foreseeing import DueTime, Foresight
from domain.clocks import Calendar, Clocks, RuleTable
from domain.model import Model
from projections.engine import Views
from projections.upkeep import BEFORE_ALL, count_open, undetermined

TAG = "时限表与日历"
LISTED = 50
PAGE = 500
router = APIRouter(prefix="/api/v1", route_class=DoorRoute, dependencies=[Security(SCHEME)], tags=[TAG])
READS = problems.declared(*problems.READING)


class CalendarTold(Model):
    """一版工作日历：所覆盖的年份、放假的星期一至五、调休上班的星期六和星期日。"""

    version: str
    valid_from: AwareDatetime
    years: tuple[int, ...]
    holidays: tuple[date, ...]
    made_up: tuple[date, ...]

    @classmethod
    def of(cls, calendar: Calendar) -> CalendarTold:
        return cls(
            version=calendar.version,
            valid_from=calendar.valid_from,
            years=tuple(sorted(calendar.years)),
            holidays=tuple(sorted(calendar.holidays)),
            made_up=tuple(sorted(calendar.made_up)),
        )


class RuleTables(Model):
    """各版时限表，按启用先后；`in_force` 是现在反映的案件所用的一版。"""

    in_force: str
    versions: tuple[RuleTable, ...]


class Calendars(Model):
    """各版工作日历，按发布先后；`in_force` 是现在反映的案件所用的一版。"""

    in_force: str
    versions: tuple[CalendarTold, ...]


class Effects(Model):
    """对在办案件的影响：案件仍按反映时的版本计时，只有时限未定的案件会按新日历确定。"""

    determined: int = Field(description="会得到时限的在办案件数")
    due_times: tuple[DueTime, ...] = Field(description="其中前五十个案件会得到的时限")
    unchanged: int = Field(description="仍按原有版本计时的在办案件数")


class BooksRehearsal(Rehearsal):
    """试算，并说明对在办案件的影响。"""

    effects: Effects


def rule_tables(clocks: Clocks, now: datetime) -> RuleTables:
    return RuleTables(in_force=clocks.table_at(now).version, versions=tuple(clocks.tables.values()))


def calendars(clocks: Clocks, now: datetime) -> Calendars:
    versions = tuple(CalendarTold.of(calendar) for calendar in clocks.calendars.values())
    return Calendars(in_force=clocks.calendar_at(now).version, versions=versions)


async def effects(casework: Casework, views: Views, receipt: RegisterReceipt) -> Effects:
    """What a dry run would do to open cases, as far as the views show them."""
    events = cast(tuple[BooksEvent, ...], receipt.events)
    count, told, mark = 0, list[DueTime](), BEFORE_ALL
    foresight = Foresight(casework, events)
    published = any(isinstance(event, CalendarPublished) for event in events)
    while published and (page := undetermined(views, mark, PAGE)):
        for waiting in page:
            if due_times := await foresight.due_times(waiting.case_id):
                count += 1
                told += due_times if count <= LISTED else ()
        mark = page[-1].mark
    return Effects(determined=count, due_times=tuple(told), unchanged=count_open(views) - count)


async def with_effects(receipt: RegisterReceipt, visit: Visit) -> BooksRehearsal:
    """Raises `Problem` (503) unless the views show every case there is."""
    service = visit.service
    head = await service.read(service.casework.files.store.max_notification_id)
    if not await service.views.wait_for(head, service.settings.wait_timeout):
        raise Problem(VIEWS_BEHIND, headers={"Retry-After": RETRY_AFTER})
    told = rehearsal(receipt, service.names)
    return BooksRehearsal(**dict(told), effects=await effects(service.casework, service.views, receipt))


@router.get(
    "/books/rule-tables",
    operation_id="list_rule_tables",
    summary="时限表",
    response_model=RuleTables,
    response_description="各版时限表",
    responses={**TAGGED, **READS},
    dependencies=[Depends(conditional)],
)
async def list_rule_tables(visit: Visiting) -> Response:
    """每一版时限表，和现在用哪一版。案件始终按反映时的一版计时。"""
    registers = visit.service.casework.registers
    return told(rule_tables(registers.clocks, registers.now), visit)


@router.get(
    "/books/calendars",
    operation_id="list_calendars",
    summary="工作日历",
    response_model=Calendars,
    response_description="各版工作日历",
    responses={**TAGGED, **READS},
    dependencies=[Depends(conditional)],
)
async def list_calendars(visit: Visiting) -> Response:
    """每一版工作日历，和现在用哪一版。没有公布的年份，要用到它的时限显示“未定”。"""
    registers = visit.service.casework.registers
    return told(calendars(registers.clocks, registers.now), visit)


def told(books: RuleTables | Calendars, visit: Visit) -> Response:
    """The books, under a tag that names their version and what is in force."""
    tag = f'W/"{visit.service.casework.registers.version("books")}-{books.in_force}"'
    return tagged(tag) if is_known(visit.request, tag) else tagged(tag, books.model_dump_json())


add_commands(router, (AdoptRuleTable, PublishCalendar), TAG, with_effects, BooksRehearsal)
