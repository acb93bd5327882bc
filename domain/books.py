"""时限表与日历: which version of the numbers and of the working days governs, and from when.

Nothing is taken back: a version once in force stays, and a case is judged by those fixed when it was reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue

from domain.act import Act
from domain.clocks import Book, Calendar, Clocks, RuleTable
from domain.model import YEARS, Code, Event, Instant, Rule
from domain.register import RegisterCommand, RegisterName
from domain.telling import local

VERSION_NEW = Rule("version-new", "版本“{version}”已经启用，内容不同，请另起一个版本号。")
VALID_FROM_AHEAD = Rule("valid-from-ahead", "生效时间不能早于现在：已经受理的案件不改按新版计时。")
VALID_FROM_ORDER = Rule("valid-from-order", "生效时间不能早于上一版“{version}”的生效时间{valid_from}。")
LIMITS_COMPLETE = Rule("limits-complete", "时限表须写全四级紧急程度的处置时限和三必到的到场时限，还缺：{missing}。")
ARRIVE_KNOWN = Rule("arrive-known", "到场时限按事件性质填写，没有这样的性质：{unknown}。")
CALENDAR_DAYS = Rule(
    "calendar-days", "假日应是所公布年份里的星期一至五，调休上班日应是其中的星期六、日，请核对：{days}。"
)
RULES: dict[str, Rule] = {rule.id: rule for rule in globals().copy().values() if isinstance(rule, Rule)}

Year = Annotated[int, Field(ge=YEARS.start, lt=YEARS.stop, strict=True)]
URGENCIES = range(1, 5)
ATTENDED = ("emergency", "hardship", "dispute")
KINDS = (*ATTENDED, "ordinary")
"""What a case can be; `domain.incident.words.Kind` by name, since books and cases do not know each other."""


class RuleTableAdopted(Event):
    """Governs the cases reported while it holds; those there are keep theirs."""

    type: Literal["books.rule_table_adopted"] = "books.rule_table_adopted"
    label: ClassVar[str] = "启用时限表"
    sentence: ClassVar[str] = "启用时限表{table.version}，自{table.valid_from}起反映的案件适用"

    table: RuleTable


class CalendarPublished(Event):
    """Says all about the years it names; about other years the calendar before it still speaks."""

    type: Literal["books.calendar_published"] = "books.calendar_published"
    label: ClassVar[str] = "发布工作日历"
    sentence: ClassVar[str] = "发布{years}年工作日历{version}，自{valid_from}起适用"

    version: Code
    valid_from: Instant
    years: tuple[Year, ...]
    holidays: tuple[date, ...]
    made_up: tuple[date, ...]

    def over(self, before: Calendar | None) -> Calendar:
        """The calendar that results: the years named anew, the others as they were."""
        kept = before or Calendar(version=self.version, years=frozenset())
        return Calendar(
            version=self.version,
            valid_from=self.valid_from,
            years=kept.years | set(self.years),
            holidays=_elsewhere(kept.holidays, self.years) | set(self.holidays),
            made_up=_elsewhere(kept.made_up, self.years) | set(self.made_up),
        )


BooksEvent = RuleTableAdopted | CalendarPublished


def bound(base: Clocks, events: Iterable[BooksEvent]) -> Clocks:
    """Every version there ever was, in order of adoption."""
    tables, calendars = dict(base.tables), dict(base.calendars)
    for event in events:
        match event:
            case RuleTableAdopted(table=table):
                tables[table.version] = table
            case CalendarPublished(version=version):
                calendars[version] = event.over(_newest(calendars))
    return Clocks(tables=tables, calendars=calendars)


class AdoptRuleTable(RegisterCommand):
    """启用新的时限表：只管此后反映的案件，已有案件仍按反映时的那一版。`valid_from` 不填即从现在起。"""

    name: ClassVar[str] = "adopt-rule-table"
    label: ClassVar[str] = "启用时限表"
    register: ClassVar[RegisterName] = "books"
    example: ClassVar[dict[str, JsonValue]] = {
        "table": {
            "version": "rules-2030.1",
            "valid_from": "2030-01-01T00:00:00+08:00",
            "accept": {"kind": "urgent_hours", "amount": 0.25},
            "dispatch": {"kind": "urgent_hours", "amount": 0.25},
            "arrive": {
                "emergency": {"kind": "urgent_hours", "amount": 0.5},
                "hardship": {"kind": "urgent_hours", "amount": 2},
                "dispute": {"kind": "work_hours", "amount": 4},
            },
            "handle": {
                "1": {"kind": "urgent_hours", "amount": 2},
                "2": {"kind": "urgent_hours", "amount": 24},
                "3": {"kind": "work_days", "amount": 5},
                "4": {"kind": "work_days", "amount": 10},
            },
            "help": {"kind": "urgent_hours", "amount": 0.5},
            "help_complex": {"kind": "work_days", "amount": 10},
            "check": {"kind": "urgent_hours", "amount": 1},
            "check_rural": {"kind": "urgent_hours", "amount": 2},
        }
    }

    table: RuleTable

    def decide(self, act: Act) -> Iterator[BooksEvent]:
        """Yield `RuleTableAdopted`; nothing when this very table is adopted already."""
        table, tables = self.table, act.clocks.tables
        known = tables.get(table.version)
        if known is not None:
            stated = table.model_fields_set
            VERSION_NEW.require(known == table.model_copy(update=_unsaid(known, stated)), version=table.version)
            return
        missing = [f"处置{urgency}级" for urgency in URGENCIES if urgency not in table.handle]
        missing += [f"到场{kind}" for kind in ATTENDED if kind not in table.arrive]
        unknown = sorted(set(table.arrive) - set(KINDS))
        ARRIVE_KNOWN.require(not unknown, unknown="、".join(unknown))
        LIMITS_COMPLETE.require(not missing, missing="、".join(missing))
        stated_from = table.valid_from if "valid_from" in table.model_fields_set else None
        valid_from = _holding_from(stated_from, act, _newest(tables))
        yield RuleTableAdopted(table=table.model_copy(update={"valid_from": valid_from}))


class PublishCalendar(RegisterCommand):
    """发布工作日历：写明所公布的年份、假日（星期一至五）和调休上班日（星期六、日），其他年份不变。

    新日历只管此后反映的案件，和因为没有日历而时限未定的案件；`valid_from` 不填即从现在起。
    """

    name: ClassVar[str] = "publish-calendar"
    label: ClassVar[str] = "发布工作日历"
    register: ClassVar[RegisterName] = "books"
    example: ClassVar[dict[str, JsonValue]] = {
        "version": "cn-2030",
        "years": [2030],
        "holidays": ["2030-01-01", "2030-02-04", "2030-02-05"],
        "made_up": ["2030-02-10"],
    }

    version: Code = Field(description="版本号，新的")
    valid_from: Instant | None = Field(default=None, description="生效时间（须带时区）；不填即从现在起")
    years: tuple[Year, ...] = Field(min_length=1, max_length=200, description="所公布的年份")
    holidays: tuple[date, ...] = Field(default=(), max_length=2000, description="放假的星期一至五")
    made_up: tuple[date, ...] = Field(default=(), max_length=2000, description="调休上班的星期六、日")

    def decide(self, act: Act) -> Iterator[BooksEvent]:
        """Yield `CalendarPublished`; nothing when this very calendar is published already."""
        wrong = [day for day in self.holidays if day.year not in self.years or day.weekday() > 4]
        wrong += [day for day in self.made_up if day.year not in self.years or day.weekday() < 5]
        CALENDAR_DAYS.require(not wrong, days="、".join(map(str, wrong[:10])))
        calendars = act.clocks.calendars
        known = calendars.get(self.version)
        if known is not None:
            VERSION_NEW.require(self._says_what(known), version=self.version)
            return
        yield CalendarPublished(
            version=self.version,
            valid_from=_holding_from(self.valid_from, act, _newest(calendars)),
            years=tuple(sorted(set(self.years))),
            holidays=tuple(sorted(set(self.holidays))),
            made_up=tuple(sorted(set(self.made_up))),
        )

    def _says_what(self, known: Calendar) -> bool:
        """Whether that calendar is what publishing this would give."""
        event = CalendarPublished(
            version=self.version,
            valid_from=self.valid_from or known.valid_from,
            years=self.years,
            holidays=self.holidays,
            made_up=self.made_up,
        )
        return event.over(known) == known


def _holding_from(stated: datetime | None, act: Act, before: RuleTable | Calendar | None) -> datetime:
    """From when a version holds; the very first may hold from any time on."""
    if before is None:
        return stated or act.recorded_at
    holds = stated or max(act.recorded_at, before.valid_from)
    VALID_FROM_AHEAD.require(holds >= act.recorded_at)
    VALID_FROM_ORDER.require(holds >= before.valid_from, version=before.version, valid_from=local(before.valid_from))
    return holds


def _newest(versions: Mapping[str, Book]) -> Book | None:
    return list(versions.values())[-1] if versions else None


def _unsaid(known: RuleTable, stated: set[str]) -> dict[str, datetime]:
    return {} if "valid_from" in stated else {"valid_from": known.valid_from}


def _elsewhere(days: Iterable[date], years: Iterable[int]) -> frozenset[date]:
    return frozenset(day for day in days if day.year not in set(years))
