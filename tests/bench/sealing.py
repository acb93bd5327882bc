"""The sealed log: what receipts and sealing cost a command, and what sealing, proving and verifying take."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import cast

import orjson

from domain.casework.application import Casework
from domain.casework.asking import Caller
from domain.casework.recorders import CaseRecorder, LogLine
from domain.incident.commands import Accept, TakeAction
from projections.leadership import SharedLeadership
from projections.transparency import merkle
from projections.transparency.key_file import KeyFile
from projections.transparency.notary import Notary
from projections.transparency.notes import Signer
from projections.transparency.sealer import Sealer
from projections.transparency.sealing import Log
from projections.transparency.tiles import WIDTH, Tiles, tile_path
from projections.transparency.verifying import verify
from tests.bench.courses import NOTES
from tests.bench.district import district
from tests.bench.floors import Bare
from tests.bench.generator import generated
from tests.bench.measuring import IN_FLIGHT, alternate, batches, event_loop, in_flight, seconds
from tests.bench.ours import caller, cases_in, casework
from tests.bench.report import Budget, Contender, Row
from tests.bench.stores import Bench, Place, Store
from tests.bench.turns import PROCESSES

COMMAND = TakeAction(note=NOTES[1])
SIGNER = Signer("example.org/bench", bytes(range(32)))
DEARER, REBUILD_DEARER = 1.15, 1.3
"""How much longer a command may take that is sealed, with a signed receipt; and a rebuild that makes the log too."""
LEAVES = 10
"""In the log that proofs are taken from, for each event of the other rows."""
Ask = tuple[str, Caller]
MedianWait = Callable[[int], float]
"""Asks so many commands; milliseconds that the middle one waited."""


def measure(bench: Bench) -> list[Row]:
    commands = [_command(bench, store) for store in bench.stores]
    return [*commands, *(row for store in bench.stores for row in _log_rows(bench, store)), *_proofs(bench)]


def _command(bench: Bench, store: Store) -> Row:
    """The same command, answered without a word of proof, and with all of it while a sealer runs."""
    size, seed = bench.size, bench.seed
    with ExitStack() as stack:
        with_proof, without = (stack.enter_context(store.place()) for _ in range(2))
        ids = [cases_in(place, district(), bench.rnd(), size.cases) for place in (with_proof, without)]
        ours = stack.enter_context(_proven(with_proof, ids[0], seed))
        bare = stack.enter_context(_unproven(without, ids[1], seed))
        waits = alternate(size.rounds, lambda: ours(size.commands), lambda: bare(size.commands))
    row = Row.of(
        f"median wait for a command with signed receipt, sealed meanwhile, {IN_FLIGHT} in flight",
        "ms ↓",
        Contender.of("Casework.act, Notary, Sealer", waits[0]),
        Contender.of("Casework.act", waits[1]),
    )
    row.budgets = [Budget.at_most(DEARER, row.to_floor, "× without")]
    return row.on(store.kind)


@contextmanager
def _proven(place: Place, ids: list[str], seed: int) -> Iterator[MedianWait]:
    with _opened(place, ids, seed) as (loop, work, asks):
        key = place.folder / "log.key"
        key.write_text(SIGNER.written)
        store = work.files.store
        notary = Notary(store, KeyFile(key))
        sealer = Sealer(store, place.folder / "log", KeyFile(key), SharedLeadership())
        work.writer.on_stored.append(notary.committed)
        work.writer.on_commit.append(sealer.wake)
        sealer.start()

        async def ask(one: Ask) -> None:
            receipt = await work.act(one[0], COMMAND, one[1])
            found = notary.recent(receipt.position)
            if found is None or found["signature"] is None:
                raise RuntimeError("a receipt is not signed")
            orjson.dumps({**receipt.model_dump(), **found})

        yield lambda many: _median_wait(loop, ask, asks(many))
        sealer.close()


@contextmanager
def _unproven(place: Place, ids: list[str], seed: int) -> Iterator[MedianWait]:
    with _opened(place, ids, seed) as (loop, work, asks):

        async def ask(one: Ask) -> None:
            (await work.act(one[0], COMMAND, one[1])).model_dump_json()

        yield lambda many: _median_wait(loop, ask, asks(many))


@contextmanager
def _opened(
    place: Place, ids: list[str], seed: int
) -> Iterator[tuple[asyncio.Runner, Casework, Callable[[int], list[Ask]]]]:
    """Casework with every case in memory, and whoever asks something of them."""
    rnd, town = Random(seed), district()
    with event_loop() as loop:
        work = casework(place, town.territory)
        desk = town.crews[0].community
        loop.run(in_flight(lambda case_id: work.act(case_id, Accept(), caller(desk, rnd)), ids))  # nothing new
        yield (
            loop,
            work,
            lambda many: [(rnd.choice(ids), caller(rnd.choice(town.crews).officer, rnd)) for _ in range(many)],
        )
        loop.run(work.aclose())


def _median_wait(loop: asyncio.Runner, ask: Callable[[Ask], Awaitable[None]], asks: list[Ask]) -> float:
    """Milliseconds from asking to the answer."""
    waits = list[float]()

    async def timed(one: Ask) -> None:
        began = perf_counter()
        await ask(one)
        waits.append(perf_counter() - began)

    loop.run(in_flight(timed, asks))
    return median(waits) * 1000


def _log_rows(bench: Bench, store: Store) -> list[Row]:
    """A log of many events: sealed, verified, made again with the views; the least that reads every byte of it."""
    events = bench.size.events
    with store.place() as place:
        with closing(place.case_files()) as files:
            stored = map(files.mapper.to_stored_event, generated(bench.seed, events))
            for batch in batches(stored, 1_000):
                files.store.insert_batch([batch])
        with (
            closing(place.case_files()) as files,
            closing(place.bare()) as bare,
            closing(place.views(files)) as views,
        ):
            Log(place.folder / "log", SIGNER.verifier).seal(files.store, SIGNER)
            views.catch_up()
            ours, floor, sealing, with_log, without = (
                [events / took for took in taken]
                for taken in alternate(
                    bench.size.rounds,
                    lambda: seconds(lambda: _verified(place, files.store)),
                    lambda: seconds(lambda: _digested(bare)),
                    lambda: seconds(lambda: _sealed(place, files.store)),
                    lambda: seconds(views.rebuild) + seconds(lambda: _sealed(place, files.store)),
                    lambda: seconds(views.rebuild),
                )
            )
        memory = [_grown(place, share) for share in (1, 10)]
    least = Contender.of("the driver's select, SHA-256 of every state", floor)
    verified = Row.of(f"log of {events:,} events verified", "events/s", Contender.of("verify", ours), least)
    verified.budgets = [Budget.at_least(0.5, verified.to_floor, "× floor")]
    rebuilt = Row.of(
        f"rebuild of all views and of the log, {events:,} events",
        "events/s",
        Contender.of("Views.rebuild, Log.seal", with_log),
        Contender.of("Views.rebuild", without),
    )
    rebuilt.budgets = [Budget.at_least(round(1 / REBUILD_DEARER, 2), rebuilt.to_floor, "× without")]
    sealed = Row.of("… sealed for the first time", "events/s", Contender.of("Log.seal", sealing), least)
    flat = Row.of(
        f"memory of verifying {events:,} events, and of a tenth",
        "MB ↓",
        Contender.of("verify", [memory[0]]),
        Contender.of("verify, a tenth", [memory[1]]),
    )
    flat.budgets = [Budget.at_most(1.1, flat.to_floor, "× a tenth")]
    return [row.on(store.kind) for row in (verified, sealed, flat, rebuilt)]


def _verified(place: Place, store: CaseRecorder) -> None:
    fault = verify(store, Log(place.folder / "log", SIGNER.verifier))
    if fault:
        raise RuntimeError(fault.sentence)


def _sealed(place: Place, store: CaseRecorder) -> None:
    """From the first event on, into a folder that is not there yet."""
    with TemporaryDirectory(dir=place.folder) as folder:
        Log(Path(folder) / "log", SIGNER.verifier).seal(store, SIGNER)


def _digested(bare: Bare) -> None:
    for _, state in bare.log():
        sha256(state).digest()


def _grown(place: Place, share: int) -> float:
    """MB that a process has at most, after it has verified a log of so large a share of the events."""
    ours, theirs = PROCESSES.Pipe()
    process = PROCESSES.Process(target=_measured, args=(theirs, place, share), daemon=True)
    process.start()
    grown: float = ours.recv()
    process.join()
    return grown


def _measured(door: Connection, place: Place, share: int) -> None:
    folder = place.folder / f"log-{share}"
    with closing(place.case_files()) as files:
        log, store = Log(folder, SIGNER.verifier), _Beginning(files.store, files.store.max_notification_id() // share)
        log.seal(cast(CaseRecorder, store), SIGNER)
        fault = verify(cast(CaseRecorder, store), log)
    if fault:
        raise RuntimeError(fault.sentence)
    door.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


class _Beginning:
    """A store up to a position."""

    def __init__(self, store: CaseRecorder, end: int) -> None:
        self._store, self._end = store, end

    def max_notification_id(self) -> int:
        return self._end

    def select_log(self, after: int, stop: int, limit: int) -> list[LogLine]:
        return self._store.select_log(after, min(stop, self._end), limit)


def _proofs(bench: Bench) -> list[Row]:
    """Of single leaves of a large log, each read from the disk by somebody who has not asked before."""
    count, rnd = bench.size.events * LEAVES, bench.rnd()
    with TemporaryDirectory(dir=bench.folder) as name:
        folder = Path(name)
        leaves = [rnd.randbytes(32) for _ in range(count)]
        Tiles(folder).append(0, leaves)
        asked = [rnd.randrange(count) for _ in range(bench.size.sample)]

        def prove(leaf: int) -> None:
            merkle.inclusion(leaf, count, Tiles(folder).node_of(count))

        def read(leaf: int) -> None:
            (folder / tile_path(0, leaf // WIDTH, min(WIDTH, count - leaf // WIDTH * WIDTH))).read_bytes()

        ours, floor = alternate(bench.size.rounds, lambda: _median(prove, asked), lambda: _median(read, asked))
    row = Row.of(
        f"inclusion proof among {count:,} leaves",
        "ms ↓",
        Contender.of("merkle.inclusion out of the tiles", ours),
        Contender.of("the tile of the leaf read", floor),
    )
    row.budgets = [Budget.at_most(0.5, row.ours.median, "ms")]
    return [row.on(store.kind) for store in bench.stores]


def _median(work: Callable[[int], None], asked: Sequence[int]) -> float:
    return median(seconds(partial(work, one)) for one in asked) * 1000
