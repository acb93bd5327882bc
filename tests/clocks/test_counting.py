"""A deadline in words: whoever reads them can add them up, and does not need the program that wrote them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clocks import SHANGHAI, Calendar, ClockKind, Interval, Limit
from domain.counting import Count, tell_count
from tests.clocks.limits import CALENDAR, at, calendar_days, revised, urgent, work_days, work_hours
from tests.clocks.test_laws import MICROSECOND, around, kinds, limit_of, seconds, starts


def told(limit: Limit, start: str, *pauses: tuple[str, str], calendar: Calendar = CALENDAR) -> list[str]:
    left_out: tuple[Interval, ...] = tuple((at(begins), at(ends)) for begins, ends in pauses)
    return tell_count(Count(limit, at(start), calendar, left_out))


def test_across_the_saturday_worked_before_the_spring_festival() -> None:
    assert told(work_hours(4), "02-13 16:20") == [
        "时限4小时（工作时），自2026-02-13（周五）16:20起算",
        "只计工作日的工作时间08:00–12:00、14:00–18:00，按工作日历cn-2026",
        "2026-02-13 周五　16:20–18:00　计1小时40分钟，累计1小时40分钟",
        "2026-02-14 周六（调休上班）　08:00–10:20　计2小时20分钟，累计4小时",
        "合计4小时，正是时限",
        "到期：2026-02-14（周六）10:20",
    ]


def test_the_days_skipped_stand_in_one_line_each_with_its_reason() -> None:
    assert told(work_days(1), "02-14 18:30")[2:-2] == [
        "不计：02-14（周六）起算时已下班；02-15（周日）周末；02-16（周一）至02-20（周五）节假日；"
        "02-21（周六）至02-22（周日）周末；02-23（周一）节假日",
        "2026-02-24 周二　08:00–12:00、14:00–18:00　计8小时，累计8小时",
    ]


def test_a_suspension_is_named_and_left_out() -> None:
    assert told(work_days(1), "09-30 14:00", ("09-30 16:00", "10-10 09:30"))[2:] == [
        "挂账不计：2026-09-30（周三）16:00至2026-10-10（周六）09:30",
        "2026-09-30 周三　14:00–16:00　计2小时，累计2小时",
        "不计：10-01（周四）至10-09（周五）挂账",
        "2026-10-10 周六（调休上班）　09:30–12:00、14:00–17:30　计6小时，累计8小时",
        "合计8小时，正是时限",
        "到期：2026-10-10（周六）17:30",
    ]


def test_a_morning_suspended_is_not_called_a_holiday() -> None:
    assert "不计：03-03（周二）挂账" in told(work_hours(2), "03-02 17:00", ("03-02 18:00", "03-03 19:00"))


def test_continuous_time_goes_on_over_midnight_and_holidays() -> None:
    assert told(urgent(2), "02-16 23:00") == [
        "时限2小时（紧急工作时），自2026-02-16（周一）23:00起算",
        "连续计时，昼夜、周末、节假日都算",
        "2026-02-16 周一　23:00–24:00　计1小时，累计1小时",
        "2026-02-17 周二　00:00–01:00　计1小时，累计2小时",
        "合计2小时，正是时限",
        "到期：2026-02-17（周二）01:00",
    ]
    assert "2026-02-15 周日　00:00–24:00　计24小时，累计40小时" in told(calendar_days(3), "02-14 08:00")


def test_what_is_undetermined_says_what_it_waits_for() -> None:
    assert told(work_hours(4), "12-31 15:00")[2:] == [
        "2026-12-31 周四　15:00–18:00　计3小时，累计3小时",
        "合计3小时，还差1小时",
        "到期：未定。2027年的工作日历尚未公布，公布并导入后才能确定，现在不作推测",
    ]
    assert told(work_hours(4), "2027-03-01 09:00")[2:-1] == ["合计0分钟，还差4小时"]
    lost = revised(years=CALENDAR.years - {2025})
    assert "2025年的工作日历尚未公布" in told(work_hours(4), "2024-12-31 15:00", calendar=lost)[-1]


def test_to_the_second_and_finer_only_where_it_has_to_be() -> None:
    start = "02-13 17:59:30.250000"
    assert told(work_hours(0.5), start)[2:] == [
        "2026-02-13 周五　17:59:30–18:00　计30秒，累计30秒",
        "2026-02-14 周六（调休上班）　08:00–08:29:30　计29分30秒，累计30分钟",
        "合计30分钟，正是时限",
        "到期：2026-02-14（周六）08:29:30.25",
    ]
    paused = told(work_hours(0.5), start, ("02-14 08:10:00.500000", "02-14 08:20:00"))
    assert "2026-02-14 周六（调休上班）　08:00–08:10:00.5、08:20–08:39:29.75　计29分30.25秒，累计30分钟" in paused


SPAN = re.compile(r"([\d:.]+)–([\d:.]+)")
SPENT = re.compile(r"(?:(\d+)小时)?(?:(\d+)分钟?)?(?:([\d.]+)秒)?")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def clock(text: str) -> timedelta:
    hours, minutes, *seconds = (float(part) for part in text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=sum(seconds))


def spent(text: str) -> timedelta:
    found = SPENT.fullmatch(text)
    assert found, text
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(kind=kinds, amount=seconds, start=starts, data=st.data())
def test_everybody_who_adds_up_what_is_written_finds_the_limit(
    kind: ClockKind, amount: int, start: datetime, data: st.DataObject
) -> None:
    """Read back from the words alone: stretches make the day, days make the running sum, that makes the limit."""
    count = Count(limit_of(kind, amount), start, CALENDAR, data.draw(around(start)))
    lines = tell_count(count)
    so_far = timedelta()
    for line in filter(DATE.match, lines):
        head, amounts = line.split("计", 1)
        of_the_day, running = amounts.split("，累计")
        spans = SPAN.findall(head)
        assert sum((clock(ends) - clock(begins) for begins, ends in spans), timedelta()) == spent(of_the_day)
        so_far += spent(of_the_day)
        assert so_far == spent(running)
    total = next(line for line in lines if line.startswith("合计"))
    assert so_far == spent(total.removeprefix("合计").split("，")[0])
    if count.found.due is None:
        assert so_far + spent(total.split("还差")[1]) == timedelta(seconds=amount)
    else:
        assert so_far == timedelta(seconds=amount)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(kind=kinds, amount=seconds, start=starts, data=st.data())
def test_every_day_from_start_to_due_is_named_once(
    kind: ClockKind, amount: int, start: datetime, data: st.DataObject
) -> None:
    count = Count(limit_of(kind, amount), start, CALENDAR, data.draw(around(start)))
    last = count.found.due or at("12-31 23:59")
    expected = days(start, last - MICROSECOND)
    named: list[date] = []
    for line in tell_count(count)[1:]:
        if DATE.match(line):
            named.append(date.fromisoformat(line[:10]))
        elif line.startswith("不计"):
            named += skipped(line, expected)
    assert named == expected


def skipped(line: str, among: list[date]) -> list[date]:
    """The days that a line leaves out; it writes month and day, and nothing here lasts a year."""
    written = {f"{day:%m-%d}": nth for nth, day in enumerate(among)}
    stretches = [re.findall(r"(\d\d-\d\d)（", stretch) for stretch in line.split("；")]
    return [day for found in stretches for day in among[written[found[0]] : written[found[-1]] + 1]]


def days(first: datetime, last: datetime) -> list[date]:
    """Every day in Shanghai from one moment to another."""
    begins, ends = (moment.astimezone(SHANGHAI).date() for moment in (first, last))
    return [begins + timedelta(days=nth) for nth in range((ends - begins).days + 1)]
