"""The application: doors, docs, problems and log put together around one running service."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.metadata import version

import uvicorn
from fastapi import FastAPI
from fastapi.responses import RedirectResponse

from api import (
    accesses,
    alike,
    audit,
    books,
    bundles,
    case_clocks,
    case_files,
    docs,
    duty,
    erasures,
    evidence,
    exports,
    finding,
    incidents,
    kpis,
    messages,
    operation,
    problems,
    rolls,
    territory,
    times,
    views,
)
from api.identity import refuse_unsafe
from api.logs import RequestLog
from api.opening import keep_fresh
from api.reports import monthly, replay
from api.service import Service
from api.settings import Settings
from domain.casework.application import now


def create_app(settings: Settings, clock: Callable[[], datetime] = now) -> FastAPI:
    """The service under these settings; it opens its files when it starts serving.

    `clock` is for tests. Raises `UnsafeSettings`.
    """
    refuse_unsafe(settings)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        app.state.service = service = Service.open(settings, clock)
        if settings.watch:
            service.watch.start()
        service.outside.start()
        refreshing = asyncio.create_task(keep_fresh(settings, service.casework))
        try:
            yield
        finally:
            refreshing.cancel()
            await asyncio.wait({refreshing})
            await service.aclose()

    app = docs.DescribedAPI(
        title="必到",
        version=version("bidao"),
        summary="基层治理案件引擎",
        description=docs.DESCRIPTION,
        openapi_tags=docs.TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=running,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.add_middleware(RequestLog)
    problems.install(app)
    docs.install(app)
    routers = [
        incidents.router,
        case_files.router,
        case_clocks.router,
        accesses.router,
        evidence.router,
        replay.router,
        bundles.router,
        alike.router,
        finding.router,
        views.router,
        kpis.router,
        monthly.router,
        times.router,
        books.router,
        duty.router,
        erasures.router,
        rolls.router,
        territory.router,
        messages.router,
        audit.router,
        exports.router,
        operation.router,
    ]
    for router in routers:
        app.include_router(router)
    app.state.doors = [door for router in routers for door in router.routes]

    @app.get("/", include_in_schema=False)
    async def front() -> RedirectResponse:
        return RedirectResponse("/docs")

    return app


class AddressTaken(OSError):
    """Nothing can listen where it should. Carries a Chinese sentence."""


def listening(settings: Settings) -> socket.socket:
    """The socket to serve on, opened before anybody is told where. Raises `AddressTaken`."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as trouble:
        raise AddressTaken(
            f"不能在 {settings.host} 的 {settings.port} 端口上提供服务（{trouble.strerror}），"
            "请看是否已有服务在用，或另选地址和端口。"
        ) from trouble


def server_of(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """A server for the app that logs no addresses and believes no proxy; `run()` it."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=settings.shutdown_timeout,
        )
    )
