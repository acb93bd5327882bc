"""指标口径: every figure people are judged by, in words and as SQL over the cycles (`projections.cycles`) or over what
is owed to households and by members (`projections.obligations`).

A cycle belongs to the period in which its `day` lies, and counts only once that time is past: so nobody is judged by
what is not due yet, and a past period changes only when the facts do. Of the cycles that may count at all (`BASE`)
those with `counts` are weighed by `of` below the line; of them those with `met` by `hit` above it. Every row has
0 ≤ hit ≤ of for a rate, so every sum has, however it is cut. What is owed belongs to the last day
of each month, half-year or year. A definition is never edited: another version is added.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from projections.kpi_definition import Definition, OfCycles, OfRolls, Unit

D = TypeVar("D", bound=Definition)

NOT_ENDED = "(ended_at = 0 OR ended_at > handle_due_at)"
"""Withdrawn or rejected in time: it never came to be due. Withdrawn when overdue, it stays overdue."""
ON_TIME = "handled_at > 0 AND handled_at <= handle_due_at"
CHECKED_ON_TIME = "checked_at > 0 AND (check_due_at = 0 OR checked_at <= check_due_at)"


NOT_DUE = "重复件、作废件；时限未到的；到期前已撤回或不予受理的；时限未定（工作日历未公布）的"
NOT_DUE_OR_EXEMPTED = f"{NOT_DUE}；超时经申诉免责的"
NOT_ATTENDABLE = "不属三必到的；到场时限未到的；到场前、到期前已撤回或不予受理的；重复件、作废件；时限未定的"
NOT_ASKED = "还没有办结、核查未通过的；重复件（其当事人的答复计在主案）、作废件；匿名、联系不上的不算有效回访"
THROUGHOUT = 'from_day <= "first"'
TO_THE_END = """(until_day = '' OR until_day > "last")"""
TO_BE_ATTENDED = "arrive_due_at > 0 AND (ended_at = 0 OR ended_at > arrive_due_at OR arrived_at > 0)"

DEFINITIONS: tuple[Definition, ...] = (
    OfCycles(
        code="handled_on_time",
        label="按期处置率",
        numerator="其中在处置时限内办结、且结果没有被核查否定的轮次",
        denominator="处置时限落在本期且已到的轮次（延期、挂账已计入时限，重办另算一轮）",
        exclusions=NOT_DUE_OR_EXEMPTED,
        day="handle_due_on",
        counts=f"{NOT_ENDED} AND exempted = 0",
        met=ON_TIME,
    ),
    OfCycles(
        code="closed",
        label="结案率",
        numerator="其中已经结案的轮次",
        denominator="处置时限落在本期且已到、因而应当结案的轮次",
        exclusions=NOT_DUE,
        day="handle_due_on",
        counts=NOT_ENDED,
        met="closed_at > 0",
    ),
    OfCycles(
        code="closed_on_time",
        label="按期结案率",
        numerator="其中已经结案，且处置、核查都没有超时的轮次（等当事人答复的时间不算超时）",
        denominator="处置时限落在本期且已到、因而应当结案的轮次",
        exclusions=NOT_DUE_OR_EXEMPTED,
        day="handle_due_on",
        counts=f"{NOT_ENDED} AND exempted = 0",
        met=f"closed_at > 0 AND {ON_TIME} AND {CHECKED_ON_TIME}",
    ),
    OfCycles(
        code="reworked",
        label="返工率",
        numerator="其中核查不通过、至少返工一次的轮次",
        denominator="处置时限落在本期且已到、因而应当结案的轮次",
        exclusions=NOT_DUE,
        day="handle_due_on",
        counts=NOT_ENDED,
        met="reworked = 1",
    ),
    OfCycles(
        code="extended",
        label="延期率",
        numerator="其中至少获准延期一次的轮次",
        denominator="处置时限（已延的按延后的）落在本期且已到的轮次",
        exclusions=NOT_DUE,
        day="handle_due_on",
        counts=NOT_ENDED,
        met="extended = 1",
    ),
    OfCycles(
        code="returned",
        label="退回率",
        numerator="其中至少被退回一次的轮次",
        denominator="处置时限落在本期且已到、派遣过的轮次",
        exclusions=NOT_DUE,
        day="handle_due_on",
        counts=f"{NOT_ENDED} AND dispatched = 1",
        met="hops > 0",
    ),
    OfCycles(
        code="hops",
        label="每案退回次数",
        numerator="本轮退回次数之和",
        denominator="处置时限落在本期且已到、派遣过的轮次",
        exclusions=NOT_DUE,
        day="handle_due_on",
        counts=f"{NOT_ENDED} AND dispatched = 1",
        hit="hops",
        unit=Unit.MEAN,
    ),
    OfCycles(
        code="attended",
        label="必到率",
        numerator="其中有人到过现场的轮次（晚到也是到）",
        denominator="到场时限落在本期且已到的三必到轮次",
        exclusions=NOT_ATTENDABLE,
        day="arrive_due_on",
        counts=TO_BE_ATTENDED,
        met="arrived_at > 0",
    ),
    OfCycles(
        code="attended_on_time",
        label="按时必到率",
        numerator="其中在到场时限内首次到场的轮次",
        denominator="到场时限落在本期且已到的三必到轮次",
        exclusions=NOT_ATTENDABLE,
        day="arrive_due_on",
        counts=TO_BE_ATTENDED,
        met="arrived_at > 0 AND arrived_at <= arrive_due_at",
    ),
    OfCycles(
        code="followed_up",
        label="回访率",
        numerator="其中当事人本人（未成年人由监护人）答复满意或不满意的人次，即有效回访",
        denominator="本期办结的轮次应当回访的当事人人次",
        exclusions=NOT_ASKED,
        day="handled_on",
        counts="asked > 0",
        hit="satisfied + unsatisfied",
        of="asked",
    ),
    OfCycles(
        code="responded",
        beside="followed_up",
        label="响应率",
        numerator="其中当事人说有人响应的",
        denominator="本期办结的轮次的有效回访中，当事人说了有没有人响应的人次",
        exclusions=NOT_ASKED,
        day="handled_on",
        counts="responded + unresponded > 0",
        hit="responded",
        of="(responded + unresponded)",
    ),
    OfCycles(
        code="solved",
        beside="followed_up",
        label="解决率",
        numerator="其中当事人说问题已经解决的",
        denominator="本期办结的轮次的有效回访中，当事人说了问题解决没有的人次",
        exclusions=NOT_ASKED,
        day="handled_on",
        counts="solved + unsolved > 0",
        hit="solved",
        of="(solved + unsolved)",
    ),
    OfCycles(
        code="satisfied",
        beside="followed_up",
        label="满意率",
        numerator="其中当事人答复满意的",
        denominator="本期办结的轮次的有效回访人次（满意与不满意）",
        exclusions=NOT_ASKED,
        day="handled_on",
        counts="satisfied + unsatisfied > 0",
        hit="satisfied",
        of="(satisfied + unsatisfied)",
    ),
    OfRolls(
        code="must_visited",
        label="必访完成率",
        numerator="其中当月至少走访到一次（见到了人）的户",
        denominator="每个月整月在册的必访户（五类重点服务对象；一户属于几类，也只算一户）",
        exclusions="当月才列入、当月撤销的（撤销后三十一天内又在同一社区列入的，算没有撤销）；还没有过完的月份",
        duty="must_visit",
        months=1,
        stands=f"{THROUGHOUT} AND {TO_THE_END}",
        sensitive=True,
    ),
    OfRolls(
        code="covered",
        label="年走访覆盖率",
        numerator="其中当年至少走访到一次（见到了人）的户",
        denominator="年末在册的住户",
        exclusions="年末前迁出的（迁出后三十一天内又在同一社区登记的，算没有迁出）；没有登记的住户；还没有过完的年份",
        duty="coverage",
        months=12,
        stands=f'from_day <= "last" AND {TO_THE_END}',
    ),
    OfRolls(
        code="served",
        label="双报到参与率",
        numerator="其中这半年至少参加过一次服务的",
        denominator="每个半年始终在册的报到党员和单位",
        exclusions="这半年才报到、这半年退出的（退出后三十一天内又向同一社区报到的，算没有退出）；还没有过完的半年",
        duty="service",
        months=6,
        stands=f"{THROUGHOUT} AND {TO_THE_END}",
    ),
)
"""Every version there ever was, in the order in which people read them."""
OF_CYCLES = tuple(one for one in DEFINITIONS if isinstance(one, OfCycles))
OF_ROLLS = tuple(one for one in DEFINITIONS if isinstance(one, OfRolls))


def in_force(day: date, definitions: Iterable[D]) -> tuple[D, ...]:
    """Of each figure the version that judges a period ending on this day; the first one judges what was before it."""
    found: dict[str, D] = {}
    for one in sorted(definitions, key=lambda one: (one.valid_from, one.version)):
        if one.code not in found or one.valid_from <= day:
            found[one.code] = one
    return tuple(found[code] for code in dict.fromkeys(one.code for one in definitions))


def definition(code: str, version: int, definitions: Iterable[D]) -> D | None:
    """One version of one figure; None where there is none."""
    return next((one for one in definitions if (one.code, one.version) == (code, version)), None)
