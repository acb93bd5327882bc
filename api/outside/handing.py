"""Handing over, beside everything else: whoever outside is slow or gone holds up neither sealing nor commands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from time import time

from pydantic import ValidationError

from api.logs import logger
from api.outside.places import Folder, Holder, NotTaken, Place
from api.outside.stamping import Stamping
from api.settings import Settings
from api.watch.patience import pause
from domain.casework import durable
from domain.model import Model
from projections.transparency.sealing import log_in

LOOK = 1.0
"""Seconds from one look at the log to the next."""
log = logger("bidao.outside")


class Handed(Model):
    """What a place has, and how it went of late; kept in a file, so that other processes and the next one know.

    `at`, Unix time in seconds, is when it was last tried; `tries` counts the vain ones since it last took something.
    """

    size: int = 0
    digest: str | None = None
    at: float = 0.0
    tries: int = 0
    error: str | None = None

    def waits(self, every: float) -> float:
        """Seconds from the last try to the next."""
        return pause(self.tries).total_seconds() if self.tries else every


class Outside:
    """Hands the newest checkpoint to each place, in the process that seals.

    `leads` tells whether that is this one; `clock` is Unix time in seconds.
    """

    def __init__(self, settings: Settings, leads: Callable[[], bool], clock: Callable[[], float] = time) -> None:
        self.places = places_of(settings)
        self._log, self._records, self._leads, self._clock = settings.log_folder, settings.outside, leads, clock
        self._tasks: Sequence[asyncio.Task[None]] = ()

    def start(self) -> None:
        """Hand over from now on. Within the loop that serves."""
        self._tasks = [asyncio.create_task(self._keep_handing(place)) for place in self.places]

    async def aclose(self) -> None:
        """Let go, also of whoever does not answer."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def failing(self) -> int:
        """How many places did not take what they were handed last, whichever process did it."""
        return sum(handed(self._records, place).error is not None for place in self.places)

    async def _keep_handing(self, place: Place) -> None:
        while True:
            try:
                await self.hand(place)
            except Exception:
                log.exception("handing over failed", place=place.name)
            await asyncio.sleep(LOOK)

    async def hand(self, place: Place) -> None:
        """Once, if it is time and there is something new."""
        before, now = await asyncio.to_thread(handed, self._records, place), self._clock()
        if not self._leads() or before.at <= now < before.at + before.waits(place.every):
            return
        newest = await asyncio.to_thread(newest_of, self._log)
        if newest is None or digest(newest[1]) == before.digest:
            return
        size, note = newest
        error = await self._try(place, size, note)
        if error is None:
            after = Handed(size=size, digest=digest(note), at=now)
        else:
            after = before.model_copy(update={"at": now, "tries": before.tries + 1, "error": error})
        if before.error != error:
            log.info("handed over" if error is None else "not handed over", place=place.name, size=size, reason=error)
        await asyncio.to_thread(durable.write, record_of(self._records, place), after.model_dump_json().encode())

    async def _try(self, place: Place, size: int, note: str) -> str | None:
        """Why it was not taken; None where it was."""
        try:
            await place.take(size, note)
        except NotTaken as no:
            return str(no)
        except Exception as error:
            log.exception("handing over failed", place=place.name)
            return f"出错（{type(error).__name__}，见服务的日志）"
        return None


def places_of(settings: Settings) -> Sequence[Place]:
    """Everybody who is to have checkpoints, the time stamping authority last."""
    addresses = [address.get_secret_value() for address in settings.holders]
    places: list[Place] = [
        Folder(address) if address.startswith(f"{Folder.SCHEME}:") else Holder(address) for address in addresses
    ]
    authority = stamping_of(settings)
    return places if authority is None else [*places, authority]


def stamping_of(settings: Settings) -> Stamping | None:
    """The time stamping authority, if there is one."""
    if settings.stamp_url is None:
        return None
    address = settings.stamp_url.get_secret_value()
    return Stamping(address, settings.log_folder, settings.tsa_cert, settings.stamp_period)


def newest_of(folder: Path) -> tuple[int, str] | None:
    """Size and note of the last checkpoint; None before there is one. Raises `NoteInvalid`, `KeyInvalid`."""
    found = log_in(folder)
    note = found.note if found else None
    return None if found is None or note is None else (found.keys.checkpoint(note).size, note)


def handed(records: Path, place: Place) -> Handed:
    """What is on record of a place; a record that cannot be read counts as none, and it is handed the newest again."""
    try:
        return Handed.model_validate_json(record_of(records, place).read_bytes())
    except (FileNotFoundError, ValidationError):
        return Handed()


def record_of(records: Path, place: Place) -> Path:
    """The file for one address, which it does not name."""
    return records / f"{sha256(place.address.encode()).hexdigest()[:16]}.json"


def digest(note: str) -> str:
    """Tells checkpoints apart; at a change of keys there are two of one size."""
    return sha256(note.encode()).hexdigest()
