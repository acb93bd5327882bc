"""Files that come in as parts of a form: counted while they come, never on the disk in plain words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from api.invalid import Fault
from api.problems import MALFORMED, TOO_LARGE, WRONG_MEDIA, Problem, invalid

FORM = "multipart/form-data"
TEXTS = 16 * 1024
"""Bytes of the longest text that comes with a file."""
MOST, AT_ONCE = 24, 2
FRAME = 64 * 1024
"""Bytes that a form may have beside its file."""


class Uploads:
    """How many files may be on their way at once: each is held in memory, and some in a process of their own too."""

    def __init__(self) -> None:
        self.looking = asyncio.Semaphore(AT_ONCE)
        """Photographs that are looked into."""
        self._underway = 0

    @property
    def room(self) -> bool:
        """Whether one more may come."""
        return self._underway < MOST

    @contextmanager
    def one(self) -> Iterator[None]:
        """One more, until the block ends."""
        self._underway += 1
        try:
            yield
        finally:
            self._underway -= 1


async def uploaded(request: Request, file: str, limit: int, texts: frozenset[str]) -> tuple[bytes, dict[str, str]]:
    """The file under this name, and the texts that came with it, by name.

    Raises `Problem`: no form (415, 400), too large (413), no file, an empty one, or parts nobody asked for (422).
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise Problem(WRONG_MEDIA, f"请用 Content-Type: {FORM}，文件放在 {file} 一项里。")
    parser = MultiPartParser(
        request.headers, _counted(request, limit), max_files=1, max_fields=len(texts), max_part_size=TEXTS
    )
    parser.spool_max_size = limit + FRAME  # never spooled to the disk: it would lie there in plain words
    try:
        parts = await parser.parse()
    except (MultiPartException, UnicodeError):  # what a charset that is named makes of the names
        raise Problem(MALFORMED, f"表单读不懂：应有一项 {file}（文件），每项只出现一次，文字不要太长。") from None
    try:
        given, said = parts.get(file), {name: text for name, text in parts.items() if name != file}
        if said.keys() - texts:
            raise invalid([Fault(detail=f"表单里只能有 {'、'.join(sorted({file, *texts}))}。")])
        if not isinstance(given, UploadFile):
            raise invalid([Fault(detail="缺少文件。", pointer=f"#/{file}")])
        content = await given.read()
    finally:
        await parts.close()
    if not content:
        raise invalid([Fault(detail="文件是空的。", pointer=f"#/{file}")])
    if len(content) > limit:
        raise _too_large(limit)
    return content, {name: text for name, text in said.items() if isinstance(text, str)}


def _too_large(limit: int) -> Problem:
    return Problem(TOO_LARGE, f"文件不能超过 {limit} 字节，请缩小后再传。")


async def _counted(request: Request, limit: int) -> AsyncGenerator[bytes]:
    taken = 0
    async for chunk in request.stream():
        taken += len(chunk)
        if taken > limit + FRAME:
            raise _too_large(limit)
        yield chunk
