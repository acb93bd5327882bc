"""The messages of PostgreSQL's protocol 3 as they go over the wire: a tag, a length, a body.

Documented in the PostgreSQL manual, "Message Formats".
"""

from __future__ import annotations

from asyncio import StreamReader
from typing import NamedTuple

TLS_ASKED, GSS_ASKED, CANCEL_ASKED = 80877103, 80877104, 80877102
"""What may stand where the first message has its version of the protocol."""
CLIENT = {
    b"B": "Bind",
    b"C": "Close",
    b"D": "Describe",
    b"E": "Execute",
    b"H": "Flush",
    b"P": "Parse",
    b"Q": "Query",
    b"S": "Sync",
    b"X": "Terminate",
    b"p": "Password",
}
SERVER = {
    b"1": "ParseComplete",
    b"2": "BindComplete",
    b"3": "CloseComplete",
    b"A": "Notification",
    b"C": "CommandComplete",
    b"D": "DataRow",
    b"E": "Error",
    b"K": "BackendKey",
    b"N": "Notice",
    b"R": "Authentication",
    b"S": "ParameterStatus",
    b"T": "RowDescription",
    b"Z": "ReadyForQuery",
    b"n": "NoData",
    b"t": "ParameterDescription",
}


class Frame(NamedTuple):
    """One message. The first of a connection has no tag."""

    tag: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        return self.tag + (len(self.body) + 4).to_bytes(4) + self.body

    @property
    def request(self) -> int:
        """Of a first message: the version of the protocol, or one of the special requests."""
        return int.from_bytes(self.body[:4])

    @property
    def prepared(self) -> tuple[bytes, bytes]:
        """Of a Parse: the name of the statement, and its text."""
        name, query, _ = self.body.split(b"\0", 2)
        return name, query

    @property
    def bound(self) -> bytes:
        """Of a Bind: the name of the statement."""
        return self.body.split(b"\0", 2)[1]


async def first_frame(reader: StreamReader) -> Frame:
    """The next message before a connection is set up. Raises `IncompleteReadError` at the end."""
    return Frame(b"", await _body(reader))


async def next_frame(reader: StreamReader) -> Frame:
    """The next message of a connection that is set up. Raises `IncompleteReadError` at the end."""
    return Frame(await reader.readexactly(1), await _body(reader))


async def _body(reader: StreamReader) -> bytes:
    length = int.from_bytes(await reader.readexactly(4))
    return await reader.readexactly(length - 4)
