"""保存期限: how long what is said of a person must be kept, and whom the district was asked to forget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from domain.clocks import SHANGHAI
from domain.model import Retention


class Term(NamedTuple):
    """So many years from what begins them (accounts: from the end of that calendar year); and where that is written."""

    years: int
    begins: str
    source: str


TERMS: dict[Retention, Term] = {
    Retention.CONTACT: Term(0, "办结", "个人信息保护法第十九条：保存期限为实现处理目的所必要的最短时间"),
    Retention.CASE: Term(10, "归档", "机关文件材料归档范围和文书档案保管期限规定（国家档案局令第8号）：定期十年"),
    Retention.ACCOUNTS: Term(30, "归档", "会计档案管理办法（财政部、国家档案局令第79号）：原始凭证三十年，自年度终了"),
    Retention.ROLL: Term(0, "销册", "个人信息保护法第四十七条：处理目的已实现"),
    Retention.REGISTER: Term(0, "离任", "个人信息保护法第四十七条：处理目的已实现"),
}


def kept_until(retention: Retention, began: datetime) -> datetime:
    """When the term is over that began then; aware."""
    years = TERMS[retention].years
    if retention is Retention.ACCOUNTS:
        return datetime(began.astimezone(SHANGHAI).year + years + 1, 1, 1, tzinfo=SHANGHAI)
    try:
        return began.replace(year=began.year + years)
    except ValueError:  # 29 February
        return began.replace(year=began.year + years, month=3, day=1)


@dataclass(frozen=True, slots=True)
class Erasure:
    """How far it is with one subject. `restricted` are classes that must be kept for now, and until when."""

    subject: str
    asked_by: str
    asked_at: datetime
    asked_in: int
    """The version of the register at which it was asked."""
    approved: bool = False
    restricted: Mapping[Retention, datetime] = field(default_factory=dict)
    done: bool = False


@dataclass(frozen=True, slots=True)
class Erasures:
    """Whom the district was asked to forget; whoever was refused is not among them."""

    of: Mapping[str, Erasure] = field(default_factory=dict)

    @property
    def restricted(self) -> frozenset[str]:
        """Subjects of whom something is kept, and shown to nobody but the archive (PIPL art. 47)."""
        return frozenset(one.subject for one in self.of.values() if one.restricted)

    @property
    def underway(self) -> tuple[Erasure, ...]:
        """Approved, and not done: what the system still has to see to."""
        return tuple(one for one in self.of.values() if one.approved and not one.done)


NONE = Erasures()
