"""A door to PostgreSQL that reads along: it cuts a connection at any message, stands still, or lets nobody in.

It runs in an event loop on a thread of its own, so that programs that block may use it too.
"""

from __future__ import annotations

import asyncio
from asyncio import FIRST_COMPLETED, AbstractEventLoop, IncompleteReadError, StreamReader, StreamWriter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import NamedTuple

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.faults.exchange import Cut, Exchange
from tests.faults.frames import CANCEL_ASKED, GSS_ASKED, TLS_ASKED, Frame, first_frame, next_frame


class Side(NamedTuple):
    """One end of a connection."""

    reader: StreamReader
    writer: StreamWriter


class Line:
    """One connection through the proxy, whose prepared statements are known by name."""

    def __init__(self, proxy: Proxy, client: Side, server: Side) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._statements: dict[bytes, bytes] = {}

    async def carry(self) -> None:
        """Until either side ends, or the connection is cut."""
        ways = [
            asyncio.ensure_future(self._pass(self._client, self._server, from_client=True)),
            asyncio.ensure_future(self._pass(self._server, self._client, from_client=False)),
        ]
        try:
            await asyncio.wait(ways, return_when=FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pass(self, source: Side, target: Side, *, from_client: bool) -> None:
        with suppress(IncompleteReadError, ConnectionError):
            while True:
                frame = await next_frame(source.reader)
                await self._proxy.passing.wait()
                about = self._about(frame) if from_client else b""
                place = self._proxy.exchange.place(self, frame, about, from_client=from_client)
                target.writer.write(place.of(frame.raw) if place else frame.raw)
                await target.writer.drain()
                if place:
                    return

    def _about(self, frame: Frame) -> bytes:
        """The text of the statement that a message of the client's begins, empty for none."""
        if frame.tag == b"P":
            name, text = frame.prepared
            self._statements[name] = text
            return text
        if frame.tag == b"B":
            return self._statements.get(frame.bound, b"")
        return frame.body if frame.tag == b"Q" else b""


class Proxy:
    """`url` is the address to use instead of the server's."""

    def __init__(self, server: str, loop: AbstractEventLoop) -> None:
        self.url = ""
        self.exchange = Exchange("nothing is followed yet")
        self.passing = asyncio.Event()
        self._ended = asyncio.Event()
        self._server, self._loop, self._admits = server, loop, True
        self._lines: set[asyncio.Task[None]] = set()
        self._left_open: list[Side] = []

    def follow(self, statement: str, cut: Cut | None = None) -> Exchange:
        """Follow the next exchange about a statement whose text contains this, and cut it as told."""
        self.exchange = Exchange(statement, cut)
        return self.exchange

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Connections stay, and nothing passes."""
        self._do(self.passing.clear)
        try:
            yield
        finally:
            self._do(self.passing.set)

    @contextmanager
    def shut(self) -> Iterator[None]:
        """Every connection breaks, and nobody gets a new one."""
        self._admits = False
        self._do(self._break_all)
        try:
            yield
        finally:
            self._admits = True

    def hang_up(self) -> None:
        """Tell the server of every connection whose client was lost without its notice."""
        self._do(self._hang_up)

    def stop(self) -> None:
        """End `serve`, and every connection."""
        self._loop.call_soon_threadsafe(self._ended.set)

    async def serve(self, ready: Event) -> None:
        """Serve until stopped."""
        self.passing.set()
        serving = await asyncio.start_server(self._enter, "127.0.0.1", 0)
        host, port = serving.sockets[0].getsockname()
        self.url = make_conninfo(self._server, host=host, port=port)
        ready.set()
        await self._ended.wait()
        serving.close()
        self._break_all()
        self._hang_up()
        await asyncio.gather(*self._lines, return_exceptions=True)

    def _do(self, deed: Callable[[], None]) -> None:
        """Do something on the proxy's own thread, and wait until it is done."""
        done = Event()
        self._loop.call_soon_threadsafe(deed)
        self._loop.call_soon_threadsafe(done.set)
        done.wait()

    def _break_all(self) -> None:
        for line in self._lines:
            line.cancel()

    def _hang_up(self) -> None:
        while self._left_open:
            self._left_open.pop().writer.close()

    async def _enter(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        client = Side(reader, writer)
        try:
            with suppress(IncompleteReadError, OSError, asyncio.CancelledError):
                if self._admits:
                    await self._carry(client)
        finally:
            self._lines.discard(task)
            writer.close()

    async def _carry(self, client: Side) -> None:
        """Open a connection to the server for a client's, and pass on what is said."""
        first = await first_frame(client.reader)
        while first.request in (TLS_ASKED, GSS_ASKED):
            client.writer.write(b"N")
            first = await first_frame(client.reader)
        server = await self._reach()
        line = Line(self, client, server)
        try:
            server.writer.write(first.raw)
            if first.request != CANCEL_ASKED:
                await line.carry()
        finally:
            if self.exchange.left_deaf(line):
                self._left_open.append(server)
            else:
                server.writer.close()

    async def _reach(self) -> Side:
        parts = conninfo_to_dict(self._server)
        host, port = str(parts["host"]), int(str(parts.get("port", 5432)))
        if host.startswith("/"):
            return Side(*await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}"))
        return Side(*await asyncio.open_connection(host, port))


@contextmanager
def proxy(server: str) -> Iterator[Proxy]:
    """A proxy before the server at this address, until the block ends."""
    loop, ready = asyncio.new_event_loop(), Event()
    standing = Proxy(server, loop)
    thread = Thread(target=_run, args=(standing, loop, ready), name="proxy")
    thread.start()
    ready.wait()
    try:
        yield standing
    finally:
        standing.stop()
        thread.join()


def _run(standing: Proxy, loop: AbstractEventLoop, ready: Event) -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(standing.serve(ready))
