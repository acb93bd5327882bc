"""The way in: who asks is known before a byte of what they ask is read; a body is its command, or a problem."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from email.message import Message
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.types import Message as ASGIMessage
from starlette.types import Receive, Scope

from api.identity import Identity, identify, require_listed
from api.invalid import body_faults
from api.problems import (
    FORBIDDEN,
    INVALID,
    MALFORMED,
    NO_NODE,
    NOT_FOUND,
    TOO_LARGE,
    TOO_SLOW,
    UNIDENTIFIED,
    WRONG_MEDIA,
    Problem,
    answered_within,
    invalid,
)
from api.service import Service, service_of
from api.settings import Settings
from domain.model import Command

FAULTS_TOLD = 20
BY_REGISTERS = (FORBIDDEN, NOT_FOUND, NO_NODE, INVALID)
"""What a read may be told because of what the territory holds. Of commands, the casework asks again by itself."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody identified, for endpoints: who asks, and the service that answers."""

    asker: Identity
    service: Service
    request: Request

    def take_time(self) -> None:
        """What is left to do waits for no store, and may take longer than one may be waited for."""
        self.request.state.patience.reschedule(None)


def _visit(request: Request) -> Visit:
    return Visit(request.state.identity, service_of(request), request)


Visiting = Annotated[Visit, Depends(_visit)]


class OpenRoute(APIRoute):
    """A route that anybody may take."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def enter(request: Request) -> Response:
            async with answered_within(service_of(request).settings.answer_timeout):
                return await handle(request)

        return enter


class DoorRoute(APIRoute):
    """A route that only somebody identified may take."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        body: Any = self.body_field.field_info.annotation if self.body_field else None
        self.command: str | None = body.name if body else None

        async def enter(request: Request) -> Response:
            service = service_of(request)
            request.state.identity = identify(request, service.settings)
            async with answered_within(service.settings.answer_timeout) as patience:
                request.state.patience = patience
                receive = in_time(request.receive, self.seconds_for_body(service.settings), service.settings, patience)
                if body is not None:
                    asked = CommandRequest(request.scope, receive, body, service.settings.body_limit)
                    return await by_registers(asked, handle)
                return await by_registers(Request(request.scope, receive), handle)

        return enter

    def seconds_for_body(self, settings: Settings) -> float:
        """How long a body may take to arrive."""
        return settings.body_timeout


class UploadRoute(DoorRoute):
    """A route that photographs and minutes are handed in by, from telephones with little reception."""

    def seconds_for_body(self, settings: Settings) -> float:
        return settings.upload_timeout


async def by_registers(asked: Request, handle: Callable[[Request], Coroutine[Any, Any, Response]]) -> Response:
    """What a request is answered. No place is said to be unknown before the registers were read again.

    Another process may have acknowledged a change of them this very moment.
    """
    casework, asker = service_of(asked).casework, asked.state.identity
    doubtful = (UNIDENTIFIED, *(BY_REGISTERS if asked.method == "GET" else ()))
    known = casework.registers.next_versions
    try:
        require_listed(asker, casework.territory)
        return await handle(asked)
    except Problem as no:
        if no.kind not in doubtful:
            raise
        await casework.refresh()
        if casework.registers.next_versions == known:
            raise
    require_listed(asker, casework.territory)
    return await handle(asked)


def in_time(receive: Receive, seconds: float, settings: Settings, patience: asyncio.Timeout) -> Receive:
    """The same, for so many seconds; then whoever still sends is sent away, or a few slow ones could hold the door.

    `patience` is ours with the store, and does not run while we wait for the sender.
    """
    now = asyncio.get_running_loop().time
    ends = now() + seconds

    async def receive_in_time() -> ASGIMessage:
        patience.reschedule(None)
        try:
            async with asyncio.timeout_at(ends):
                return await receive()
        except TimeoutError:
            raise Problem(TOO_SLOW, headers={"Connection": "close"}) from None
        finally:
            patience.reschedule(now() + settings.answer_timeout)

    return receive_in_time


class CommandRequest(Request):
    """A request whose JSON is one command, read strictly: no number for a text, no text for a number.

    The framework's own limit on bodies answers in plain text when a route refuses before reading;
    here is the one place where bodies are read, so they are counted here.
    """

    def __init__(self, scope: Scope, receive: Receive, command: type[Command], limit: int) -> None:
        super().__init__(scope, receive)
        self._command, self._limit, self._bytes = command, limit, b""

    async def body(self) -> bytes:
        """The whole body. Raises `Problem`: not JSON (415), too large (413), or empty (400)."""
        if not self._bytes:
            self._require_json()
            async for chunk in self.stream():
                self._bytes += chunk
                if len(self._bytes) > self._limit:
                    raise Problem(TOO_LARGE, f"正文不能超过 {self._limit} 字节，请缩短内容。")
            if not self._bytes:
                raise Problem(MALFORMED)
        return self._bytes

    async def json(self) -> Command:
        """The command. Raises `Problem`: no JSON at all (400), or not this command (422)."""
        try:
            return self._command.model_validate_json(await self.body(), strict=True)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
        if faults[0]["type"] == "json_invalid":
            raise Problem(MALFORMED)
        raise invalid(body_faults(faults[:FAULTS_TOLD]))

    def _require_json(self) -> None:
        declared = Message()
        declared["content-type"] = self.headers.get("content-type", "none/none")
        charset = declared.get_content_charset("utf-8")
        if declared.get_content_type() != "application/json" or charset not in ("utf-8", "utf8"):
            raise Problem(WRONG_MEDIA)
