"""Event, Command, Rule, Refused: the words every aggregate shares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self, TypeVar
from uuid import uuid4

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

T = TypeVar("T")


class Labelled(StrEnum):
    """A stored ASCII code with the Chinese word people read."""

    label: str

    def __new__(cls, value: str, label: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


class Model(BaseModel):
    """Frozen, and strict about what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Retention(Labelled):
    """保存类别: how long what is said of a person has to be kept (`domain.retention`)."""

    CONTACT = "contact", "联系方式"
    CASE = "case", "案卷"
    ACCOUNTS = "accounts", "账目"
    ROLL = "roll", "名册"
    REGISTER = "register", "登记簿"


@dataclass(frozen=True, slots=True)
class Privacy:
    """The answer every free field of an event gives: may it name, describe or locate a person?

    A marked field belongs to the person in whose model it stands (`Person.subject`); outside a
    person it is text about the case, whose subject is the case itself. What is `shared` every resident
    the case affects may read: the report, and the official answer to it; the rest is for staff, for
    whoever said it, and for whoever it is about. It is kept as long as its event's other fields,
    unless it has a retention of its own. What is not `told` the system alone reads: what opens a file.
    """

    level: str
    shared: bool = False
    retention: Retention | None = None
    told: bool = True


@dataclass(frozen=True, slots=True)
class Identifies:
    """Marks an id that may be a resident's: other residents do not read it."""


@dataclass(frozen=True, slots=True)
class Findable:
    """Marks a `name` or a `phone`: what staff may look for a case by, where it is somebody's personal field."""

    kind: str


Personal = Annotated[T, Privacy("personal")]
"""Names, phones, addresses, free text: minimal, purpose-bound, erasable (PIPL art. 6, 47)."""

Sensitive = Annotated[T, Privacy("sensitive")]
"""Health, whereabouts, minors: masked unless a purpose is stated (PIPL art. 28)."""

Shared = Annotated[T, Privacy("personal", shared=True)]
"""Personal, and told to every resident the case affects."""

Contact = Annotated[T, Privacy("personal", retention=Retention.CONTACT)]
"""Personal, and needed only to reach somebody while the matter is open."""

Untold = Annotated[T, Privacy("personal", told=False)]
"""Goes with what is personal, and is said to nobody: what opens a sealed file."""

UNPRINTABLE = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters; tab and line breaks are text
    r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # turn the direction of what follows, or break lines unseen
)
"""As a set of a regular expression: what a terminal obeys instead of showing it."""
PRINTABLE = f"^[^{UNPRINTABLE}]*$"
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""An opaque ASCII id or code: never a name, a phone or an ID number."""
Somebody = Annotated[Code, Identifies()]
"""The id of a person: a resident's subject, or a member of staff."""
Subject = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"), Identifies()]
"""The random id of a natural person; it has no dot, so that no person is called like `voices.ANONYMOUS`."""
Text = Annotated[str, StringConstraints(max_length=2000, pattern=PRINTABLE)]
"""Free text that may be empty; a rule says where it must not be."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=PRINTABLE)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=PRINTABLE), Findable("name")]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9-]{4,19}$"), Findable("phone")]
Fen = Annotated[int, Field(gt=0, le=10_000_000_00, strict=True, description="金额，单位：分")]
"""Money in fen: more than nothing, at most ten million yuan at a time."""
Urgency = Annotated[int, Field(ge=1, le=4, strict=True, description="紧急程度：1 特急 … 4 一般")]
Category = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
"""大类 2 位 + 小类 2 位。"""


YEARS = range(1900, 2200)


def _in_living_memory(value: datetime) -> datetime:
    if value.year not in YEARS:
        raise ValueError(f"a time lies in the years {YEARS.start} to {YEARS.stop - 1}")
    return value


NUMBER = re.compile(r"\s*[-+]?[0-9]*\.?[0-9]*\s*")


def written_out(value: object) -> object:
    """A date or time is written out: a bare number would pass for seconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and NUMBER.fullmatch(value)):
        raise PydanticCustomError("datetime_parsing", "not a date")
    return value


def _parsed(value: object) -> object:
    """Here, because whatever a validator has looked at is no JSON any more, and strict reading takes no text then."""
    if not isinstance(written_out(value), str):
        return value
    try:
        return _TIME.validate_python(value)
    except ValidationError:
        raise PydanticCustomError("datetime_parsing", "not a time") from None


_TIME = TypeAdapter(datetime)
Instant = Annotated[AwareDatetime, BeforeValidator(_parsed), AfterValidator(_in_living_memory)]
"""A time somebody states: with its zone, and near enough to be shown in any other zone."""


class CRS(Labelled):
    """Coordinate reference systems in use; positions are kept as given, never converted silently."""

    GCJ02 = "gcj02", "国测局坐标"
    WGS84 = "wgs84", "GPS 坐标"
    CGCS2000 = "cgcs2000", "国家大地坐标"


class Point(Model):
    """A position in degrees, with its coordinate reference system."""

    longitude: float = Field(ge=73, le=136)
    latitude: float = Field(ge=3, le=54)
    crs: CRS


def new_subject() -> str:
    """A random subject id: nothing about the person can be read from it."""
    return f"s-{uuid4().hex}"


class Person(Model):
    """自然人：一个随机编号，和可以依法删除的称呼、电话。"""

    subject: Subject = Field(default_factory=new_subject, description="人员编号，随机、不透明；不填由系统生成")
    name: Personal[Name]
    phone: Contact[Phone | None] = None


class Minor(Model):
    """未成年人：资料均属敏感个人信息，由监护人代为答复。"""

    subject: Subject = Field(default_factory=new_subject, description="人员编号，随机、不透明；不填由系统生成")
    name: Sensitive[Name]
    guardian: Person


class Role(Labelled):
    """In which capacity somebody acts."""

    RESIDENT = "resident", "居民"
    GRID_OFFICER = "grid_officer", "网格员"
    COMMUNITY = "community", "社区"
    STREET = "street", "街道"
    DISTRICT = "district", "区级"
    DEPARTMENT = "department", "部门单位"
    CHECKER = "checker", "核查员"
    AUDITOR = "auditor", "审计"
    ADMIN = "admin", "管理员"
    SYSTEM = "system", "系统"


class Event(Model):
    """Written once, kept for ever. `type` is the stored name and never changes.

    `label` names the event for people; `sentence` tells it, its fields in braces (see `domain.telling`).
    """

    type: str
    schema_version: ClassVar[int] = 1
    retention: ClassVar[Retention] = Retention.CASE
    label: ClassVar[str]
    sentence: ClassVar[str]


class Refused(Exception):
    """A rule says no. Carries the rule and a Chinese sentence for the person who asked."""

    def __init__(self, rule: Rule, sentence: str) -> None:
        super().__init__(sentence)
        self.rule, self.sentence = rule, sentence


@dataclass(frozen=True, slots=True)
class Rule:
    """One guard of the rule book: a stable id, and the sentence said to whoever is refused."""

    id: str
    sentence: str

    def require(self, holds: object, **words: object) -> None:
        """Raise `Refused` unless `holds`; `words` fill the braces of the sentence."""
        if not holds:
            raise self.refused(**words)

    def refused(self, **words: object) -> Refused:
        """The refusal itself, to be raised."""
        return Refused(self, self.sentence.format(**words))


def _with_example(schema: dict[str, JsonValue], command: type[Any]) -> None:
    schema["examples"] = [command.example]


class Command(Model):
    """What people ask for; the very body of the HTTP request. Carries the rule it is decided by."""

    model_config = ConfigDict(json_schema_extra=_with_example)
    name: ClassVar[str]
    label: ClassVar[str]
    example: ClassVar[dict[str, JsonValue]] = {}

    occurred_at: Instant | None = Field(
        default=None, description="实际办理时间（须带时区）；不填即以服务器收到的时间为准"
    )
