"""Rounds of kills: a store of its own, processes under load, kill -9 of any of them, and then every check."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from time import monotonic

import httpx

from api.opening import open_case_files, open_views
from api.settings import Settings
from domain.casework.case_files import CaseFiles
from projections import ALL
from tests import postgres
from tests.faults.checks import faults, line_of
from tests.faults.load import Clients
from tests.faults.site import Plan, Site, out_of_date, site
from tests.faults.tally import Kill, Tally, tally_of
from tests.faults.ways import WAYS
from tests.fence import behind_the_fence

PATIENCE = 8.0
"""Most seconds to wait for receipts between two kills."""
AT_ONCE = 0.2
"""How often a kill waits for none, and falls into the recovery from the one before."""
NOTHING_KILLED = 200
"""How often in a row there may have been nothing to kill."""
EVERYTHING = 2**31


def campaign(plan: Plan, kills: int, seed: int, told: Callable[[Path, Tally], None]) -> Tally:
    """Rounds on a new store each, until there were so many kills. `told` hears of each; bad ones keep their folder."""
    whole = Tally()
    while (left := kills - whole.kills.total()) > 0:
        folder = Path(mkdtemp(prefix="bidao-kills-"))
        one = one_round(plan._replace(kills=min(left, plan.kills)), folder, seed + whole.rounds)
        whole.add(one)
        told(folder, one)
        if not one.wrong:
            shutil.rmtree(folder)
    return whole


def one_round(plan: Plan, folder: Path, seed: int) -> Tally:
    """One round in an empty folder, on a database of its own where there is a server.

    Every other one is behind the fence; else the processes make the store themselves, and are killed at that, too.
    """
    if plan.cluster is None:
        return asyncio.run(_round(plan, folder, None, seed))
    plan.cluster.wait()
    with postgres.database(plan.cluster.url) as url:
        return asyncio.run(_round(plan, folder, url if seed % 2 else behind_the_fence(url), seed))


async def _round(plan: Plan, folder: Path, database: str | None, seed: int) -> Tally:
    """A store, its load, its kills, and everything that is wrong afterwards."""
    began = monotonic()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
    async with site(plan, folder, database) as here, httpx.AsyncClient(limits=limits) as http:
        clients = Clients(here.addresses, http, Random(seed))
        load = asyncio.gather(*(way(clients) for way in WAYS))
        await here.apis[0].ready(plan.settles)
        kills = await kill_under_load(here, clients, Random(seed))
        clients.ended = True
        await load
        wrong = await settled(here, http)
    with closing(open_case_files(here.settings)) as files:
        lines = [line_of(row) for row in files.store.select_notifications(None, EVERYTHING)]
        wrong += faults(clients.journal, lines)
        wrong += rebuilt(here.settings, files)
    tally = tally_of(clients.journal, lines, kills)
    tally.wrong, tally.seconds = wrong, monotonic() - began
    return tally


async def kill_under_load(here: Site, clients: Clients, draw: Random) -> list[Kill]:
    """Kill after kill. Between two of them there is work, however slow the machine is.

    Raises `RuntimeError` when whatever is to be killed stays away.
    """
    kills: list[Kill] = []
    in_vain = 0
    while len(kills) < here.plan.kills:
        if in_vain > NOTHING_KILLED:
            raise RuntimeError("there is nothing to kill: what was killed before does not come back")
        receipts = 0 if draw.random() < AT_ONCE else draw.randint(1, here.plan.receipts)
        await clients.answered(receipts, PATIENCE)
        await asyncio.sleep(draw.uniform(0, 0.1))
        what = here.kill(draw)
        in_vain = 0 if what else in_vain + 1
        if what:
            kills.append(Kill(what, monotonic()))
    return kills


async def settled(here: Site, http: httpx.AsyncClient) -> list[str]:
    """Once nobody is killed any more: every process serves again, its views follow, its registers are up to date."""
    if here.plan.cluster:
        await asyncio.to_thread(here.plan.cluster.wait)
    with closing(await asyncio.to_thread(open_case_files, here.settings)) as files:
        addresses = [await api.ready(here.plan.settles) for api in here.apis]
        return [wrong for at in addresses for wrong in await out_of_date(at, http, files, here.plan.settles)]


def rebuilt(settings: Settings, files: CaseFiles) -> list[str]:
    """The views as they were left, against a rebuild from the first event."""
    with closing(open_views(settings, files)) as views:
        report = views.rebuild()
    missing = {view.name for view in ALL} - {*report.equal, *report.different}
    told = {"other than its rebuild": report.different, "not compared": sorted(missing)}
    return [f"{what}: {name}" for what, names in told.items() for name in names]
