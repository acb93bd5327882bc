"""Who is spoken of in which case, by name and phone: read from opened lines, for the index alone.

What is sensitive, a child's name, is not among it: it is read only for a stated purpose, and whoever finds by it has
read it. So a child is found by the guardian. What was redacted is not among it either, whoever it was redacted for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from domain.casework.case_files import CaseFiles
from domain.casework.index_keys import normalised
from domain.casework.keyring import Keyring
from domain.casework.recorders import Stored
from domain.casework.recording import STREAMS, RecordedEvent, RegisterLine
from domain.casework.sealed_lines import decoded_unopened, opened
from domain.erasure import ErasureApproved
from domain.incident.events import BY_TYPE, TextRedacted
from domain.privacy import named_in, names_any

APPROVED, REDACTED = "erasure.approved", "incident.text_redacted"


class Mention(NamedTuple):
    """A name or a phone (`kind`) that a case says of a subject: a person, or the case's own text."""

    subject: str
    case: str
    kind: str
    value: str


TOPICS = (*(name for name, model in BY_TYPE.items() if names_any(model)), REDACTED, APPROVED)
"""The stored names of all that says, redacts or forgets any."""


@dataclass(slots=True)
class Changes:
    """What a page of events brings: mentions that go, those that come, and subjects of whom none is left."""

    gone: set[Mention] = field(default_factory=set)
    come: set[Mention] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.gone or self.come or self.forgotten)


class Mentions:
    """Reads one store; for one thread at a time. No key is believed for longer than a page."""

    def __init__(self, files: CaseFiles) -> None:
        self._store, self._wrapping = files.store, files.keyring.wrapping
        self._era, self._version = self._store.era, 0
        self._forgotten: set[str] = set()

    def changes(self, page: Sequence[Stored]) -> Changes:
        """What these events bring, in their order. Nothing comes of whom the district was asked to forget by now.

        Raises `UnreadableEvent`, `WrappingUnusable`.
        """
        self._read_erasures()
        found, keyring = Changes(), Keyring(self._store, self._wrapping)
        for line in opened(page, keyring):
            match line:
                case RegisterLine(event=ErasureApproved(subject=subject)):
                    found.forgotten.add(subject)
                case RecordedEvent(event=TextRedacted()):
                    gone = self._redacted(line, keyring)
                    alike = {_alike(one) for one in gone}
                    found.come = {one for one in found.come if _alike(one) not in alike}
                    found.gone |= gone
                case RecordedEvent():
                    found.come |= {one for _, one in mentions(line) if one.subject not in self._forgotten}
        return found

    def _redacted(self, line: RecordedEvent, keyring: Keyring) -> set[Mention]:
        """What a case had said by then where it is redacted, and nowhere else."""
        redacted, said = set[tuple[int, str]](), list[tuple[tuple[int, str], Mention]]()
        for one in opened(self._store.select_case(line.originator_id), keyring):
            if isinstance(one, RecordedEvent) and one.version <= line.version:
                said += [((one.version, path), mention) for path, mention in mentions(one)]
                if isinstance(one.event, TextRedacted):
                    redacted |= {(where.version, where.field) for where in one.event.redactions}
        stays = {_alike(mention) for at, mention in said if at not in redacted}
        return {mention for at, mention in said if at in redacted and _alike(mention) not in stays}

    def _read_erasures(self) -> None:
        """Whoever is named again after that is not to be found either."""
        if self._era != self._store.era:
            self._era, self._version, self._forgotten = self._store.era, 0, set()
        for row in self._store.select_case(STREAMS["erasure"], gt=self._version):
            self._version = row.originator_version
            event = decoded_unopened(row).event
            if isinstance(event, ErasureApproved):
                self._forgotten.add(event.subject)


def _alike(mention: Mention) -> Mention:
    """As the index has it: one for all ways to write it."""
    return mention._replace(value=normalised(mention.kind, mention.value))


def mentions(line: RecordedEvent) -> Iterator[tuple[str, Mention]]:
    """Each with the path of its field."""
    text = UUID(line.case_id).hex
    for one in named_in(line.event):
        if one.path not in line.erased:
            yield one.path, Mention(one.subject or text, line.case_id, one.kind, one.value)
