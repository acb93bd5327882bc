"""What the endpoints work with: casework, views, settings, metrics; opened together, closed together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from api.metrics import Metrics
from api.opening import open_case_files, open_casework
from api.settings import Settings
from domain.casework.application import Casework
from projections.engine import Views

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Service:
    """One running service. Reading threads are few: a query waits its turn rather than crowd the writer."""

    settings: Settings
    casework: Casework
    views: Views
    metrics: Metrics
    readers: ThreadPoolExecutor

    @classmethod
    def open(cls, settings: Settings, clock: Callable[[], datetime]) -> Service:
        """Open or create the files under `settings.data`, and let the views follow the writer."""
        files = open_case_files(settings)
        casework = open_casework(settings, files, clock)
        views = Views(files, settings.views_db)
        casework.writer.on_commit.append(views.wake)
        views.start()
        return cls(settings, casework, views, Metrics(), ThreadPoolExecutor(2, thread_name_prefix="view-reader"))

    async def aclose(self) -> None:
        """Everything acknowledged is on the disk already; let go of threads and files, views first."""
        await asyncio.to_thread(self.views.close)
        self.readers.shutdown()
        await self.casework.aclose()

    async def read(self, query: Callable[[], T]) -> T:
        """Run a query of the views or the store on a reading thread."""
        return await asyncio.get_running_loop().run_in_executor(self.readers, query)

    @property
    def names(self) -> dict[str, str]:
        """What to call staff, units and places."""
        return self.casework.territory.names


def service_of(request: Request) -> Service:
    """The running service."""
    service: Service = request.app.state.service
    return service


InService = Annotated[Service, Depends(service_of)]
