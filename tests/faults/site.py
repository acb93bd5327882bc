"""The processes of one round: what runs, what can be killed, and whether all is well again afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic
from typing import NamedTuple

import httpx
from pydantic import SecretStr

from api.duty import duty
from api.opening import look_into
from api.settings import Settings
from domain.casework.case_files import CaseFiles
from tests.api.visitor import identity
from tests.faults.cluster import Cluster
from tests.faults.processes import Killable, Target, follow, serve
from tests.server import settings_for

WEIGHTS = {"api": 5, "worker": 3, "postgres": 2, "backend": 1}
"""How often each is killed. A `backend` is one process of PostgreSQL; the postmaster then restarts all the others."""
TOP = "district-hecheng"


class Plan(NamedTuple):
    """What runs in a round, on the database of this server or (None) on SQLite, and how it dies.

    So many API processes, the first of which follows the log as the workers do; and so many kills, with at
    most `receipts` between two of them.
    """

    cluster: Cluster | None
    apis: int = 2
    workers: int = 1
    kills: int = 12
    receipts: int = 40
    target: Target = serve
    weights: dict[str, int] = WEIGHTS
    settles: float = 60.0
    """Seconds after the last kill within which all is well again."""


@dataclass(slots=True)
class Site:
    """They start together, on a store that is not there yet."""

    plan: Plan
    settings: Settings
    apis: list[Killable]
    workers: list[Killable]

    @property
    def processes(self) -> list[Killable]:
        return [*self.apis, *self.workers]

    def addresses(self) -> list[str]:
        """Of those that serve, as far as anybody knows."""
        return [api.address for api in self.apis if api.address]

    def kill(self, draw: Random) -> str | None:
        """Kill something, and let it begin again; gives what it was, None if it was not there."""
        victims: dict[str, Callable[[], bool]] = {"api": draw.choice(self.apis).kill}
        if self.workers:
            victims["worker"] = draw.choice(self.workers).kill
        if cluster := self.plan.cluster:
            victims["postgres"] = cluster.kill
            victims["backend"] = lambda: cluster.kill_backend(draw)
        [what] = draw.choices(list(victims), [self.plan.weights.get(what, 0) for what in victims])
        return what if victims[what]() else None

    async def supervise(self) -> None:
        """Start again whoever ended by itself, as when its database was away, until cancelled."""
        while True:
            for process in self.processes:
                process.revive()
            if self.plan.cluster:
                self.plan.cluster.revive()
            await asyncio.sleep(0.1)


@asynccontextmanager
async def site(plan: Plan, folder: Path, database: str | None) -> AsyncIterator[Site]:
    """Until the block ends; nothing is left running."""
    address = SecretStr(database) if database else None
    settings = settings_for(folder, watch=True, watch_period=0.2, database_url=address)
    apis = [_killable(f"api-{nth}", plan.target, settings, follows=nth == 0) for nth in range(plan.apis)]
    workers = [_killable(f"worker-{nth}", follow, settings) for nth in range(plan.workers)]
    here = Site(plan, settings, apis, workers)
    for process in here.processes:
        process.start()
    supervisor = asyncio.create_task(here.supervise())
    try:
        yield here
    finally:
        supervisor.cancel()
        for process in here.processes:
            process.stop()


def _killable(name: str, target: Target, settings: Settings, *, follows: bool = True) -> Killable:
    return Killable(name, target, settings.model_copy(update={"follow": follows}), settings.data / f"{name}.log")


async def out_of_date(address: str, http: httpx.AsyncClient, files: CaseFiles, seconds: float) -> list[str]:
    """What one process still does not know after so many seconds without a kill."""
    until, wrong = monotonic() + seconds, ["nothing was asked"]
    while wrong and monotonic() < until:
        try:
            wrong = [*await _behind(address, http), *await _other_registers(address, http, files)]
        except httpx.TransportError as error:
            wrong = [f"{address}: {error!r}"]
        await asyncio.sleep(0.05)
    return wrong


async def _behind(address: str, http: httpx.AsyncClient) -> list[str]:
    """Its store is there, and its views follow and have come to the end."""
    answer = await http.get(f"{address}/readyz")
    ready = answer.json()
    if answer.status_code == 200 and ready["lag"] == 0 and ready["following"]:
        return []
    return [f"{address} is not ready: {answer.text}"]


async def _other_registers(address: str, http: httpx.AsyncClient, files: CaseFiles) -> list[str]:
    """Roster, map and books as it tells them, against those folded from the store."""
    registers = await asyncio.to_thread(look_into, files)
    shifts = registers.roster.shifts
    at = shifts[len(shifts) // 2].starts if shifts else registers.now
    desk = identity("district-desk")
    answer = await http.get(f"{address}/api/v1/duty", params={"at": at.isoformat()}, headers=desk)
    expected = duty(registers.territory, registers.roster, at, TOP)
    versions = f'W/"{registers.version("duty")}-{registers.version("territory")}-'
    if answer.text == expected.model_dump_json() and answer.headers["ETag"].startswith(versions):
        return []
    return [f"{address} has other registers than {versions}: {answer.headers.get('ETag')} {answer.text[:300]}"]
