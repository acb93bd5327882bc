"""A load generator on bare sockets: some connections kept alive, one request at a time on each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
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
    lines = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


async def get(port: int, path: str) -> bytes:
    """The body of one answer. Raises `RuntimeError` if it is not 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = await _answer(reader, writer, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    writer.close()
    return body


async def load(port: int, requests: Iterable[bytes]) -> Load:
    """Send them all. Raises `RuntimeError` at the first that is not answered 200."""
    left, took = iter(requests), list[float]()
    began = perf_counter()
    await asyncio.gather(*(_one_connection(port, left, took) for _ in range(CONNECTIONS)))
    rate = len(took) / (perf_counter() - began)
    took.sort()
    return Load(rate, took[len(took) // 2] * 1e3, took[len(took) * 99 // 100] * 1e3)


async def _one_connection(port: int, requests: Iterator[bytes], took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        began = perf_counter()
        await _answer(reader, writer, request)
        took.append(perf_counter() - began)
    writer.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    body = await reader.readexactly(_length(head))
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode() + body.decode())
    return body


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0])
