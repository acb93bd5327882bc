"""Erasures that were broken off, or had to wait until a term was over, are carried out to the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from api.logs import logger
from api.watch.patience import Patience
from domain.casework.erasing import Erasing
from domain.erasure import ConcludeErasure
from domain.model import Refused

log = logger("bidao.watch")


@dataclass(slots=True)
class Forgetting:
    """What is refused or fails is tried again later, and later still: each try reads the whole log."""

    erasing: Erasing
    _patience: Patience = field(default_factory=Patience)

    async def pass_once(self, now: datetime) -> bool:
        """Whether anything was carried out."""
        done = [subject for subject in self.erasing.due() if await self._conclude(subject, now)]
        return bool(done)

    async def _conclude(self, subject: str, now: datetime) -> bool:
        thing = (subject, ConcludeErasure.name)
        if not self._patience.allows(thing, now):
            return False
        try:
            await self.erasing.conclude(subject)
        except Refused as no:
            log.warning("erasure waits", rule=no.rule.id)
        except Exception:
            log.warning("erasure failed", exc_info=True)
        else:
            self._patience.done(thing)
            return True
        self._patience.in_vain(thing, now)
        return False
