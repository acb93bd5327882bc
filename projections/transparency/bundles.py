"""案卷包: one case in one file that proves itself, and the reasons for which a file is refused. See FORMAT.md.

A line of JSON for the whole, then one for each version. There is one way only to write a bundle, so that no bit of it
can be changed unnoticed; and a line is short, so that no file can make whoever reads it hold much.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from typing import Annotated, BinaryIO, Literal, NamedTuple, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    model_validator,
)

from domain.casework.sealing import LENGTH
from domain.model import PRINTABLE, Labelled
from projections.transparency.leaves import record
from projections.transparency.merkle import leaf_hash

LINE, WHOLE = 2**20, 2**24
"""Bytes that a line may have, and the file."""
COMMAS = 10_000
"""In a line: so few parts that what a parser makes of them is small."""


class Reason(Labelled):
    """Why a bundle is refused, and the sentence that says so."""

    TOO_LARGE = "too-large", "文件太大，不是案卷包：最多{limit}字节。"
    UNFINISHED = "unfinished", "第{line}行没有写完：文件被截断了。"
    UNREADABLE = "unreadable", "第{line}行不是案卷包该有的样子：{detail}。"
    KEY = "key", "公钥不对：{detail}"
    SUCCESSION = "succession", "换钥声明不可信：{detail}"
    HAND_OVER = "hand-over", "与换钥声明里的检查点不符：{detail}"
    CHECKPOINT = "checkpoint", "检查点不可信：{detail}"
    HEAD = "head", "卷尾声明不可信：{detail}"
    ANOTHER_CASE = "another-case", "第{version}版是别的案卷的事件。"
    OMITTED = "omitted", "缺第{version}版：中间少了事件。"
    CUT_OFF = "cut-off", "缺第{version}版：末尾少了事件，卷尾声明说共有{head}版。"
    REORDERED = "reordered", "第{version}版的次序不对，或出现了不止一次。"
    ALTERED = "altered", "第{version}版与封存时不同：内容、名称、位置或证明被改动过。"
    EARLIER = "earlier", "与封存{size}条时的检查点衔接不上：衔接证明不对。"
    AGAINST = "against", "与另存的检查点不符：{detail}"
    CONTENT = "content", "第{version}版封存的内容不是事件。"
    NO_SUCH_FIELD = "no-such-field", "第{version}版没有密封“{path}”，却附了它的密钥。"
    FIELD_KEY = "field-key", "第{version}版“{path}”的密钥不是密封时的那一把。"
    FIELD = "field", "第{version}版“{path}”解不开：不是密封在这里的内容。"


class BundleRefused(ValueError):
    """Carries the reason, the version it is about, if any, and a Chinese sentence."""

    def __init__(self, reason: Reason, version: int | None = None, **words: object) -> None:
        super().__init__(reason.label.format(version=version, **words))
        self.reason, self.version = reason, version


def _decoded(written: object) -> object:
    return b64decode(written, validate=True) if isinstance(written, str) else written


Base64 = Annotated[
    bytes, BeforeValidator(_decoded), PlainSerializer(lambda raw: b64encode(raw).decode(), when_used="unless-none")
]
Hash = Annotated[Base64, Field(min_length=32, max_length=32)]
FieldKey = Annotated[Base64, Field(min_length=LENGTH, max_length=LENGTH)]
Proof = Annotated[tuple[Hash, ...], Field(max_length=64)]
Count = Annotated[int, Field(ge=0, lt=2**53)]
Note = Annotated[str, StringConstraints(max_length=10_000)]
Path = Annotated[str, StringConstraints(pattern="^[a-z0-9_.]{1,200}$")]
L = TypeVar("L", bound="Line")


class Line(BaseModel):
    """A line of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @property
    def written(self) -> bytes:
        """In the one way there is to write it: compact, members in the order they stand here."""
        return self.model_dump_json().encode() + b"\n"


class Link(Line):
    """That the log goes on from what it was: its root at an earlier size, and the proof of consistency."""

    size: Count
    root: Hash
    proof: Proof


class Header(Line):
    """The first line: who signs, what they signed of log and case, and from which checkpoints the log went on.

    Where the log's key was changed, how it came from those before it: that is the second form, whose `earlier` has the
    checkpoint of every change.
    """

    form: Literal["bidao/bundle/1", "bidao/bundle/2"]
    key: Annotated[str, StringConstraints(max_length=400, pattern=PRINTABLE)]
    checkpoint: Note
    head: Note
    earlier: tuple[Link, ...]
    successions: tuple[Note, ...] = ()

    @model_validator(mode="after")
    def _of_its_form(self) -> Self:
        if self.form != form_with(self.successions):
            raise ValueError("another form")
        return self

    @property
    def written(self) -> bytes:
        """The first form has no such member."""
        unknown = set() if self.successions else {"successions"}
        return self.model_dump_json(exclude=unknown).encode() + b"\n"


def form_with(successions: Sequence[str]) -> Literal["bidao/bundle/1", "bidao/bundle/2"]:
    """What a bundle calls its form."""
    return "bidao/bundle/2" if successions else "bidao/bundle/1"


def _ordered(keys: dict[str, bytes | None]) -> dict[str, str | None]:
    return {path: None if key is None else b64encode(key).decode() for path, key in sorted(keys.items())}


class Event(Line):
    """A version of the case, where it stands in the log, and its bytes as they are stored.

    `field_keys` are those of the sealed fields the holder may read; None says that the maker destroyed the key, which
    is their word and no evidence.
    """

    version: Count
    position: Count
    leaf: Count
    stream: Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]
    name: Annotated[str, StringConstraints(pattern="^[a-z0-9_.]{1,100}$")]
    stored: Base64
    proof: Proof
    field_keys: Annotated[dict[Path, FieldKey | None], PlainSerializer(_ordered)]

    @property
    def leaf_hash(self) -> bytes:
        """What the log should hold at its leaf."""
        return leaf_hash(record(self.position, self.stream, self.version, self.name, self.stored))


class Bundle(NamedTuple):
    """The whole file."""

    header: Header
    events: tuple[Event, ...]

    @property
    def written(self) -> bytes:
        """The file's bytes."""
        return b"".join(line.written for line in (self.header, *self.events))


def read(file: BinaryIO) -> Bundle:
    """The bundle in a file, believed in nothing yet. Raises `BundleRefused`: too large, unfinished or unreadable."""
    lines = enumerate(_lines(file), start=1)
    number, first = next(lines, (1, b""))
    header = _parsed(Header, number, first)
    return Bundle(header, tuple(_parsed(Event, number, line) for number, line in lines))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    number = whole = 0
    while line := file.readline(LINE + 1):
        number, whole = number + 1, whole + len(line)
        if whole > WHOLE:
            raise BundleRefused(Reason.TOO_LARGE, limit=WHOLE)
        if len(line) > LINE or line.count(b",") > COMMAS:
            detail = f"一行最多{LINE}字节、{COMMAS}个逗号"
            raise BundleRefused(Reason.UNREADABLE, line=number, detail=detail)
        if not line.endswith(b"\n"):
            raise BundleRefused(Reason.UNFINISHED, line=number)
        yield line


def _parsed(model: type[L], number: int, line: bytes) -> L:
    try:
        parsed = model.model_validate_json(line)
    except ValidationError as wrong:
        [fault, *_] = wrong.errors(include_url=False, include_input=False, include_context=False)
        named = ".".join(str(part) for part in fault["loc"][:1] if part in model.model_fields)
        detail = f"“{named}”不对" if named else "不是 UTF-8 编码的 JSON，或有不认得的内容"
        raise BundleRefused(Reason.UNREADABLE, line=number, detail=detail) from None
    if parsed.written != line:
        raise BundleRefused(Reason.UNREADABLE, line=number, detail="写法不规范")
    return parsed
