"""Making a bundle: the events of one case as they are stored, with what proves them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import takewhile
from uuid import UUID

from domain.casework.asking import NotFound
from domain.casework.batches import stream_name
from domain.casework.recorders import CaseRecorder, Stored
from domain.casework.sealed_fields import sealed_fields, told
from domain.casework.sealing import KeyId, Place
from projections.transparency import merkle
from projections.transparency.bundles import Bundle, Event, Header, Link, form_with
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.heads import Head
from projections.transparency.leaves import leaf_of
from projections.transparency.notes import Signer
from projections.transparency.sealing import Log, LogBroken
from projections.transparency.tiles import WIDTH

FieldKeys = Callable[[Stored], Mapping[str, bytes | None]]
"""The keys of an event's sealed fields that the holder may have, by path; None of one that is destroyed."""
KeyOf = Callable[[Place, KeyId], bytes | None]
"""The key of one sealed field; None where it is destroyed. Raises `LookupError` where none is known."""
Readable = Callable[[Stored, str], bool]
"""Whether somebody may read what an event says at a path."""


class NotSealed(RuntimeError):
    """The last events of the case are under no checkpoint yet. Carries a Chinese sentence."""


def no_keys(_: Stored) -> Mapping[str, bytes | None]:
    """For holders who may read nothing that is sealed."""
    return {}


def keys_from(key_of: KeyOf, readable: Readable = lambda _row, _path: True) -> FieldKeys:
    """The keys of every sealed field that somebody may read."""

    def field_keys(row: Stored) -> Mapping[str, bytes | None]:
        found = dict[str, bytes | None]()
        for field in sealed_fields(told(row.state)["event"]):
            place = Place(stream_name(row.originator_id), row.originator_version, row.topic, field.path)
            if readable(row, field.path):
                with suppress(LookupError):
                    found[field.path] = key_of(place, field.sealed.key)
        return found

    return field_keys


def bundle_of(
    case: UUID,
    store: CaseRecorder,
    log: Log,
    signer: Signer,
    field_keys: FieldKeys = no_keys,
    earlier: Sequence[Checkpoint] = (),
) -> Bundle:
    """The bundle of a case as of the log's last checkpoint.

    It is shown to go on from every checkpoint in `earlier`, and from those at which the log's key was changed.

    Raises `NotFound`; `NotSealed`; `LogBroken` where the store is not as it was sealed, or the log not as those
    checkpoints say; `TileMissing`, `NoteInvalid` where it is damaged. The statement of its head is kept in the log
    (`Log.state`).
    """
    note = log.note  # before the events are read: of those it is over, none may be missing
    rows = store.select_case(case)
    if not rows:
        raise NotFound(str(case))
    checkpoint = Checkpoint.opened(note, signer.verifier) if note else None
    if note is None or checkpoint is None or rows[-1].id > checkpoint.position:
        raise NotSealed(f"案卷第{rows[-1].originator_version}版还没有封存。")
    head = Head(stream_name(case), rows[-1].originator_version, checkpoint.size)
    node = log.tiles.node_of(checkpoint.size)
    # Those that led to this key: while a bundle is made the key may be changed.
    successions = list(takewhile(lambda one: one.before != signer.verifier, log.keys.successions))
    shown = [*earlier, *(one.until for one in successions)]
    links = dict.fromkeys(_link(one, checkpoint, node) for one in shown if one.size)  # every log goes on from nothing
    events = tuple(_event(row, log, checkpoint.size, node, field_keys(row)) for row in rows)
    stated, handed_over = log.state(head, signer), tuple(one.note for one in successions)
    header = Header(
        form=form_with(handed_over),
        key=str(signer.verifier),
        checkpoint=note,
        head=stated,
        earlier=tuple(links),
        successions=handed_over,
    )
    return Bundle(header, events)


def _event(row: Stored, log: Log, size: int, node: merkle.Node, keys: Mapping[str, bytes | None]) -> Event:
    leaf = row.id - 1  # positions are dense from 1 (`CaseRecorder`); where they are not, it shows here
    if log.tiles.leaves(size, leaf // WIDTH)[leaf % WIDTH] != leaf_of(row):
        raise LogBroken(f"第{row.id}条事件（{row.topic}）与封存时不同：请先用 bidao verify log 核对。")
    return Event(
        version=row.originator_version,
        position=row.id,
        leaf=leaf,
        stream=stream_name(row.originator_id),
        name=row.topic,
        stored=row.state,
        proof=tuple(merkle.inclusion(leaf, size, node)),
        field_keys=dict(keys),
    )


def _link(old: Checkpoint, new: Checkpoint, node: merkle.Node) -> Link:
    if not 0 < old.size <= new.size or merkle.root(old.size, node) != old.root:
        raise LogBroken(f"与封存{old.size}条时的检查点不符：请先用 bidao verify log 核对。")
    return Link(size=old.size, root=old.root, proof=tuple(merkle.consistency(old.size, new.size, node)))
