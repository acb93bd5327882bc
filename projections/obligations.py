"""该走访的、该服务的: what is owed to a household or by a member while they are on a roll, and what was done."""

from __future__ import annotations

from typing import ClassVar

from projections.frame_columns import PATH
from projections.projection import KEY, LAST, SUM, Merge, Projection

DUTIES = {"coverage": "household", "must_visit": "household", "service": "member"}
"""What is owed, and whose roll tells: 走访全覆盖, 五必访, 双报到."""


class Obligations(Projection):
    """每户、每名报到者，每次在册一行。

    It is owed from `from_day` on and no longer on `until_day`, '' while it still is; both are dates in Asia/Shanghai.
    What resumes was owed all the time.
    The place is that of the enrolment, as drawn then; figures are counted where the map has it now. `opened` is the
    position of the event it began with.
    """

    name: ClassVar[str] = "obligations.v1"
    columns: ClassVar[dict[str, Merge]] = {
        **dict.fromkeys(("id", "duty", "spell"), KEY),
        **dict.fromkeys((*PATH, "opened", "from_day", "until_day"), LAST),
    }
    reads: ClassVar[frozenset[str]] = frozenset(
        {
            *("household.enrolled", "household.left", "member.checked_in", "member.checked_out"),
            *("household.must_visit_listed", "household.must_visit_delisted"),
        }
    )
    select: ClassVar[str] = f"""
        WITH told AS (
            SELECT *,
                CASE WHEN type LIKE 'member.%' THEN 'service' WHEN type LIKE '%listed' THEN 'must_visit'
                     ELSE 'coverage' END AS duty,
                type IN ('household.enrolled', 'household.must_visit_listed', 'member.checked_in') AS begins
            FROM rolls
            WHERE type IN ('household.enrolled', 'household.left', 'member.checked_in', 'member.checked_out')
               OR type = 'household.must_visit_listed' AND data."first"
               OR type = 'household.must_visit_delisted' AND data."last"
        )
        SELECT n, id, duty, CASE duty WHEN 'must_visit' THEN listing ELSE enrolment END AS spell, {", ".join(PATH)},
            CASE WHEN begins AND NOT data.resumes THEN position END AS opened,
            CASE WHEN begins AND NOT data.resumes THEN day END AS from_day,
            CASE WHEN begins THEN '' ELSE day END AS until_day
        FROM told"""
    indices: ClassVar[tuple[str, ...]] = tuple(f"duty, {anchor}from_day" for anchor in ("", "community, ", "grid, "))


class Fulfilled(Projection):
    """见到人的走访、做过的服务，每月几次。"""

    name: ClassVar[str] = "fulfilled.v1"
    columns: ClassVar[dict[str, Merge]] = {**dict.fromkeys(("id", "roll", "month"), KEY), "times": SUM}
    reads: ClassVar[frozenset[str]] = frozenset({"household.visited", "member.served"})
    select: ClassVar[str] = """
        SELECT id, CASE type WHEN 'household.visited' THEN 'household' ELSE 'member' END AS roll,
            substr(day, 1, 7) AS month, count(*) AS times
        FROM rolls WHERE type = 'household.visited' AND data.met OR type = 'member.served' GROUP BY ALL"""
