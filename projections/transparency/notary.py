"""Receipts of one running service: signed when events are committed, handed out when their callers are answered."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence

from domain.casework.recorders import CaseRecorder, Stored
from projections.transparency.key_file import KeyFile
from projections.transparency.leaves import leaf_of
from projections.transparency.notes import Signer
from projections.transparency.receipts import Batch, Told

log = logging.getLogger(__name__)
RECENT = 64
"""Commits that are remembered: those whose callers are being answered just now, and many more."""


class Notary:
    """Signs once a commit; without a key receipts tell their leaf and are not signed."""

    def __init__(self, store: CaseRecorder, key: KeyFile) -> None:
        self._store, self._key = store, key
        self._recent: deque[Batch] = deque(maxlen=RECENT)
        self._unreadable = False

    def committed(self, events: Sequence[Stored]) -> None:
        """Told by the writer, on its thread, of the events of one commit, at positions without a gap."""
        self._recent.append(Batch(events[0].id, [leaf_of(event) for event in events], self._signer()))

    def recent(self, position: int) -> Told | None:
        """What the receipt of an event just committed says; None for any other."""
        batches = reversed(tuple(self._recent))
        return next((batch.proven(position) for batch in batches if position in batch), None)

    def again(self, position: int) -> Told:
        """The same of one that was stored at any time, signed anew. Raises what the store raises."""
        rows = self._store.select_notifications(position, 1, position)
        if not rows:
            return {"leaf_hash": None, "signature": None}
        return Batch(position, [leaf_of(rows[0])], self._signer()).proven(position)

    def _signer(self) -> Signer | None:
        """None, too, where the key cannot be read: whoever seals tells so, and commands go on."""
        try:
            signer = self._key.signer()
        except (ValueError, OSError):
            if not self._unreadable:
                log.exception("receipts are not signed for the moment")
            self._unreadable = True
            return None
        self._unreadable = False
        return signer
