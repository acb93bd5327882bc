"""A load generator on bare sockets: some connections kept alive, one request at a time on each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Load:
    """What the callers saw. Times are milliseconds from the first byte sent to the last received."""

    per_second: float
    p50: float
    p99: float


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A whole request as it goes over the wire."""
    told = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    return _head("POST", path, told) + body


def asking(path: str, headers: dict[str, str]) -> bytes:
    """The same for a question."""
    return _head("GET", path, headers)


def _head(method: str, path: str, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "127.0.0.1", **headers}.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode()


class Line:
    """One connection kept alive."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> Line:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, request: bytes) -> bytes:
        """The body of the answer. Raises `RuntimeError` if it is not 200."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        body = await self._reader.readexactly(_length(head))
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode() + body.decode())
        return body

    def hang_up(self) -> None:
        self._writer.close()


async def get(port: int, path: str) -> bytes:
    """The body of one answer. Raises `RuntimeError` if it is not 200."""
    line = await Line.to(port)
    body = await line.send(asking(path, {}))
    line.hang_up()
    return body


async def load(ports: Sequence[int], requests: Iterable[bytes]) -> Load:
    """Send them all, the connections dealt out to the ports. Raises `RuntimeError` at the first not answered 200."""
    left, took = iter(requests), list[float]()
    began = perf_counter()
    await asyncio.gather(*(_one_connection(ports[nth % len(ports)], left, took) for nth in range(CONNECTIONS)))
    rate = len(took) / (perf_counter() - began)
    return Load(rate, quantile(took, 50), quantile(took, 99))


def quantile(seconds: Iterable[float], percent: int) -> float:
    """So many of a hundred were no slower, in milliseconds."""
    took = sorted(seconds)
    return took[len(took) * percent // 100] * 1e3


async def _one_connection(port: int, requests: Iterator[bytes], took: list[float]) -> None:
    line = await Line.to(port)
    for request in requests:
        began = perf_counter()
        await line.send(request)
        took.append(perf_counter() - began)
    line.hang_up()


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0])
