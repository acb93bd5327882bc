"""A time stamping authority over HTTP (RFC 3161 §3.4), as one more place that is handed checkpoints."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.outside.places import NotTaken, host_of, post
from projections.transparency.stamps import Stamped, StampInvalid, Stamps, certificates, query_for

QUERY = "application/timestamp-query"


@dataclass(frozen=True, slots=True)
class Stamping:
    """Stamps the checkpoints of the log in a folder; `trusted` is the file of the certificates that vouch for it."""

    address: str
    log_folder: Path
    trusted: Path | None
    every: float

    @property
    def name(self) -> str:
        return f"时间戳机构 {host_of(self.address)}"

    async def take(self, size: int, note: str) -> None:
        if size not in Stamps(self.log_folder):
            await self.stamp(size, note)

    async def stamp(self, size: int, note: str) -> datetime:
        """Ask for a stamp, and keep it if it is one: when it was. Raises `NotTaken`."""
        query = query_for(note.encode())
        stamped = Stamped(size, note.encode(), await post(self.address, query.as_bytes(), QUERY))
        try:
            moment = stamped.require_answer(query)
            if self.trusted:
                stamped.moment(certificates(self.trusted))
        except StampInvalid as no:
            raise NotTaken(str(no).rstrip("。")) from no
        await asyncio.to_thread(Stamps(self.log_folder).keep, stamped)
        return moment
