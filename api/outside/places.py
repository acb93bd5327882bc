"""Places outside that are handed checkpoints: an address of somebody else's, a folder on somebody else's disk."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol
from urllib.parse import unquote, urlsplit

import httpx

from domain.casework import durable

MINUTE = 60.0
PATIENCE = 10.0
"""Seconds for somebody to answer."""
LONGEST = 64 * 1024
"""Bytes of an answer."""


class NotTaken(Exception):
    """A place did not take the checkpoint. Carries Chinese words of ours that say why, none of theirs."""


class Place(Protocol):
    """`name` is what an operator is told, without what may be secret in an address."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str:
        """All of it, which tells places apart."""

    @property
    def every(self) -> float:
        """Seconds from one checkpoint to the next, at least."""

    async def take(self, size: int, note: str) -> None:
        """Hand a checkpoint over; the same may come again. Raises `NotTaken`, or anything else, to be asked again."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody to whose address checkpoints are posted as they are signed."""

    address: str
    every: float = MINUTE

    @property
    def name(self) -> str:
        return host_of(self.address)

    async def take(self, size: int, note: str) -> None:
        await post(self.address, note.encode(), "text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder, best on a share where nothing can be changed: each checkpoint under its size, written once."""

    address: str
    every: float = MINUTE
    SCHEME: ClassVar = "file"

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def path(self) -> Path:
        return Path(unquote(urlsplit(self.address).path))

    async def take(self, size: int, note: str) -> None:
        await asyncio.to_thread(self._write, size, note)

    def _write(self, size: int, note: str) -> None:
        if not self.path.is_dir():  # it is mounted, not made
            raise NotTaken("没有这个目录，或者没有挂载")
        path = self.path / str(size)
        try:
            with path.open("xb") as file:
                file.write(note.encode())
                file.flush()
                os.fsync(file.fileno())
            durable.settle(self.path)
        except FileExistsError:
            if _text(path.read_text("utf-8", "replace")) != _text(note):
                raise NotTaken(f"那里已有另一个封存{size}条的检查点，请运行 bidao verify log --against 核对") from None
        except OSError as no:
            raise NotTaken(f"写不进去（{no.strerror}）") from no


def _text(note: str) -> str:
    """What is signed; a later key may have signed it as well."""
    return note.rpartition("\n\n")[0]


def host_of(address: str) -> str:
    """Whose address it is."""
    parts = urlsplit(address)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


async def post(address: str, body: bytes, kind: str) -> bytes:
    """The answer to what is posted. Raises `NotTaken`."""
    answered = b""
    try:
        async with (
            asyncio.timeout(PATIENCE),
            httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", address, content=body, headers={"content-type": kind}) as answer,
        ):
            if not answer.is_success:
                raise NotTaken(f"答复 {answer.status_code}")
            async for part in answer.aiter_raw():
                answered += part
                if len(answered) > LONGEST:
                    raise NotTaken("答复太长")
    except (TimeoutError, httpx.TimeoutException) as error:
        raise NotTaken("没有按时答复") from error
    except httpx.InvalidURL as error:
        raise NotTaken("地址不对") from error
    except httpx.RequestError as error:
        raise NotTaken("连不上") from error
    return answered
