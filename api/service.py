"""What the endpoints work with: casework, views, watch, settings, metrics; opened together, closed together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from api.metrics import Metrics
from api.opening import open_case_files, open_casework, open_past, open_sealer, open_views
from api.outside.handing import Outside
from api.settings import Settings
from api.uploads import Uploads
from api.watch.keeping import Watch
from domain.casework.application import Casework
from domain.casework.asking import Caller, RegisterReceipt
from domain.casework.erasing import Erasing
from domain.erasure import ErasureCommand
from domain.register import RegisterCommand
from projections.engine import Views
from projections.past import PastViews
from projections.transparency.key_file import KeyFile
from projections.transparency.notary import Notary
from projections.transparency.sealer import Sealer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Service:
    """One running service. Reading threads are few: a query waits its turn rather than crowd the writer."""

    settings: Settings
    casework: Casework
    views: Views
    past: PastViews
    watch: Watch
    erasing: Erasing
    sealer: Sealer
    notary: Notary
    outside: Outside
    metrics: Metrics
    readers: ThreadPoolExecutor
    clock: Callable[[], datetime]
    """The server's clock, aware."""
    uploads: Uploads = field(default_factory=Uploads)

    @classmethod
    def open(cls, settings: Settings, clock: Callable[[], datetime]) -> Service:
        """Open or create the files under `settings.data`, and let the views follow the writer.

        The watch and what is handed over outside stand still until they are started, within the loop that serves.
        """
        files = open_case_files(settings)
        casework = open_casework(settings, files, clock)
        views = open_views(settings, files)
        casework.writer.on_commit.append(views.wake)
        views.start(leading=settings.follow, grace=settings.views_grace)
        past = open_past(settings, files, views)
        metrics = Metrics()
        watch = Watch(settings, casework, views, metrics, clock)
        sealer = open_sealer(settings, files)
        casework.writer.on_commit.append(sealer.wake)
        notary = Notary(files.store, KeyFile(settings.log_key))
        casework.writer.on_stored.append(notary.committed)
        if not settings.in_memory:
            sealer.start()
        outside = Outside(settings, lambda: sealer.leads)
        readers = ThreadPoolExecutor(2, thread_name_prefix="view-reader")
        erasing = Erasing(casework)
        return cls(
            *(settings, casework, views, past, watch, erasing),
            *(sealer, notary, outside, metrics, readers, clock),
        )

    async def aclose(self) -> None:
        """Everything acknowledged is on the disk already; let go of threads and files, first what asks and reads."""
        await self.watch.aclose()
        await self.outside.aclose()
        await asyncio.to_thread(self.views.close)
        await asyncio.to_thread(self.readers.shutdown, cancel_futures=True)
        await asyncio.to_thread(self.past.close)
        await asyncio.to_thread(self.sealer.close)
        await self.casework.aclose()

    async def read(self, query: Callable[[], T]) -> T:
        """Run a query of the views or the store on a reading thread."""
        return await asyncio.get_running_loop().run_in_executor(self.readers, query)

    async def enact(self, command: RegisterCommand, caller: Caller, *, dry_run: bool = False) -> RegisterReceipt:
        """Ask something of a register (`Casework.enact`); an erasure is carried out as well."""
        if isinstance(command, ErasureCommand):
            return await self.erasing.enact(command, caller, dry_run=dry_run)
        return await self.casework.enact(command, caller, dry_run=dry_run)

    @property
    def names(self) -> dict[str, str]:
        """What to call staff, units and places."""
        return self.casework.territory.names


def service_of(request: Request) -> Service:
    """The running service."""
    service: Service = request.app.state.service
    return service


InService = Annotated[Service, Depends(service_of)]
