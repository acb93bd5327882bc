"""Pages of the log, as rows for the frame."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from domain.casework.case_files import CaseFiles
from domain.casework.recorders import CaseRecorder
from projections.frame import UnreadablePage
from projections.restating import Row, restated
from projections.roll_frame import ROLLS

SEEN = ("incident.", *ROLLS)
"""How the stored names begin of what views are made of."""
FIRST = ("incident.reported", "household.enrolled", "member.checked_in")
"""The first event of every case, and of every entry of a roll."""


class Page(NamedTuple):
    """Rows for the frame, and the last position they take in."""

    rows: list[Row]
    reached: int


class Pages:
    """Reads one store, page by page; the case files close when nobody holds them any more."""

    def __init__(self, files: CaseFiles) -> None:
        self._files = files
        self._store = files.store

    @property
    def head(self) -> int:
        """The last position there is."""
        return self._store.max_notification_id()

    @property
    def blank(self) -> bool:
        """Whether there never was anything for a view."""
        return not self._store.select_notifications(None, 1, topics=FIRST)

    def read(self, start: int, limit: int, stop: int | None = None) -> Page | None:
        """Of at most `limit` events after `start`, to `stop` inclusive, those of cases and rolls; None for no events.

        What else the store keeps, the registers of the district, is passed over. Raises `UnreadablePage`.
        """
        found = self._store.select_notifications(start, limit, stop, inclusive_of_start=False)
        if not found:
            return None
        rows = [
            Row(one.id, str(one.originator_id), one.originator_version, one.topic, one.state)
            for one in found
            if one.topic.startswith(SEEN)
        ]
        try:
            return Page(list(restated(rows, _Histories(self._store))), found[-1].id)
        except (LookupError, TypeError, ValueError) as error:
            raise UnreadablePage.of(rows, type(error).__name__) from None  # its message may quote an event


class _Histories:
    """Case files already read for this page."""

    def __init__(self, store: CaseRecorder) -> None:
        self._store = store
        self._known: dict[str, list[Row]] = {}

    def __call__(self, case: str, version: int) -> list[Row]:
        if len(self._known.get(case, ())) < version:
            lines = self._store.select_case(UUID(case))
            self._known[case] = [Row(one.id, case, one.originator_version, one.topic, one.state) for one in lines]
        return self._known[case][:version]
