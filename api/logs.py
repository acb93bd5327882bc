"""One JSON line per request, and whatever else is logged in the same form: no query, no body, no message of errors."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from time import perf_counter
from typing import Any, TextIO
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import UNEXPECTED, Problem, answer

REQUEST_ID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""Random hexadecimal, as proxies make it; anything else might say something about somebody."""


def _where(_: Any, __: str, entry: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """An exception as its type and the places it passed: its message may repeat what somebody sent."""
    error = entry.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)
        entry["error"] = type(error).__qualname__
        entry["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return entry


SHARED: list[structlog.typing.Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _where,
]


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A log of this name; what is logged are codes and ids, never words about a person."""
    bound: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        [structlog.stdlib.filter_by_level, *SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        structlog.stdlib.BoundLogger,
    )
    return bound


log = logger("bidao.request")


def configure(stream: TextIO = sys.stderr) -> None:
    """Send every log record of the process to `stream` as JSON, errors without their words."""
    render = structlog.processors.JSONRenderer(ensure_ascii=False)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)


class RequestLog:
    """Gives every request an id, an answer whatever happens, a log line, and a place in the metrics."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 0
        request = Request(scope)
        request.state.request_id = request_id_of(request.headers)

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request.state.request_id
            await send(message)

        try:
            await self._app(scope, receive, note)
        except Exception:
            log.exception("request failed", request_id=request.state.request_id, route=route_of(scope))
            if not status:
                await answer(request, Problem(UNEXPECTED))(scope, receive, note)
        finally:
            _tell(request, status, perf_counter() - began)


def _tell(request: Request, status: int, seconds: float) -> None:
    """The log line and the metrics of one finished request."""
    scope, state = request.scope, request.state
    route, identity = route_of(scope), getattr(state, "identity", None)
    outcome = getattr(state, "outcome", None)
    log.info(
        "request",
        method=request.method,
        route=route,
        status=status,
        outcome=outcome,
        milliseconds=round(seconds * 1000, 1),
        request_id=state.request_id,
        actor=identity.actor if identity else None,
    )
    metrics = request.app.state.service.metrics
    metrics.requests.labels(request.method, route, status).observe(seconds)
    if command := getattr(scope.get("route"), "command", None):
        metrics.commands.labels(command, outcome).inc()


def request_id_of(headers: Headers) -> str:
    """The caller's request id if it is one, else a new one."""
    given = headers.get("X-Request-Id", "")
    return given if REQUEST_ID.fullmatch(given) else str(uuid4())


def route_of(scope: Scope) -> str:
    """The template of the path, never the path itself."""
    return getattr(scope.get("route"), "path", "unmatched")
