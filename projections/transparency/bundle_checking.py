"""Whether a bundle is what it says: everything is computed again from its bytes, with nothing but a public key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import orjson

from domain.casework.sealed_fields import SealedField, sealed_fields, told
from domain.casework.sealing import Place, SealBroken, commitment_to
from projections.transparency import merkle
from projections.transparency.bundles import Bundle, BundleRefused, Event, Header, Reason
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.heads import Head
from projections.transparency.keys import LogKeys
from projections.transparency.notes import KeyInvalid, NoteInvalid, Verifier


class Signed(NamedTuple):
    """What the operator has signed, and with which keys."""

    keys: LogKeys
    checkpoint: Checkpoint
    head: Head


Words = Mapping[str, bytes]
"""What sealed fields of an event say, as JSON, by path: of those that were opened."""
Check = Callable[[Bundle, Signed], None]


class Checked(NamedTuple):
    """A bundle that holds, with what its sealed fields say, event by event."""

    bundle: Bundle
    signed: Signed
    opened: tuple[Words, ...]


def signed(header: Header, known: Verifier | None = None) -> Signed:
    """What a bundle's signatures stand for; `known`: a key of the log, as the holder has it from elsewhere.

    Raises `BundleRefused`.
    """
    keys = _keys(header)
    if str(keys.current) != header.key or (known and keys.changes_since(known) is None):
        older = "若是换钥以前做的包，要用当时的公钥核对，或请对方重新做一份。"
        raise BundleRefused(Reason.KEY, detail=f"与您给的公钥不同，也没有从它换过来的声明。{older}")
    try:
        checkpoint = Checkpoint.opened(header.checkpoint, keys.current)
    except NoteInvalid as no:
        raise BundleRefused(Reason.CHECKPOINT, detail=no) from None
    try:
        head = Head.opened(header.head, keys.current)
    except NoteInvalid as no:
        raise BundleRefused(Reason.HEAD, detail=no) from None
    return Signed(keys, checkpoint, head)


def _keys(header: Header) -> LogKeys:
    """The key that signs, and how it came from those before it."""
    try:
        verifier = Verifier.parse(header.key)
    except KeyInvalid as no:
        raise BundleRefused(Reason.KEY, detail=no) from None
    try:
        keys = LogKeys.handed_over(header.successions, verifier)
    except NoteInvalid as no:
        raise BundleRefused(Reason.SUCCESSION, detail=no) from None
    if keys.current != verifier:
        raise BundleRefused(Reason.SUCCESSION, detail="最后换上的不是签这个包的密钥：缺了一份，或不是这个包的。")
    return keys


def same_size(_: Bundle, said: Signed) -> None:
    """The head is stated for the very tree of the checkpoint."""
    if said.head.size != said.checkpoint.size or said.head.version == 0:
        raise BundleRefused(Reason.HEAD, detail="说的不是这个检查点时的这个案卷。")


def of_this_case(bundle: Bundle, said: Signed) -> None:
    """Every event is of the case whose head is stated."""
    for event in bundle.events:
        if event.stream != said.head.stream:
            raise BundleRefused(Reason.ANOTHER_CASE, event.version)


def without_gap(bundle: Bundle, _: Signed) -> None:
    """From version 1 on none is left out."""
    versions = {event.version for event in bundle.events}
    missing = next(version for version in range(1, len(versions) + 2) if version not in versions)
    if missing <= max(versions, default=0):
        raise BundleRefused(Reason.OMITTED, missing)


def to_the_end(bundle: Bundle, said: Signed) -> None:
    """The last is the one stated."""
    last = max((event.version for event in bundle.events), default=0)
    if last < said.head.version:
        raise BundleRefused(Reason.CUT_OFF, last + 1, head=said.head.version)
    if last > said.head.version:
        raise BundleRefused(Reason.HEAD, last, detail=f"声明只有{said.head.version}版，这里却有第{last}版。")


def in_order(bundle: Bundle, _: Signed) -> None:
    """They stand as they were recorded, each once, in the case and in the log."""
    for before, event in pairwise(bundle.events):
        if not (before.version < event.version and before.leaf < event.leaf and before.position < event.position):
            raise BundleRefused(Reason.REORDERED, event.version)


def proven(bundle: Bundle, said: Signed) -> None:
    """Each is a leaf of the signed tree."""
    size, root = said.checkpoint.size, said.checkpoint.root
    for event in bundle.events:
        if not merkle.includes(event.leaf_hash, event.leaf, size, event.proof, root):
            raise BundleRefused(Reason.ALTERED, event.version)


def linked(bundle: Bundle, said: Signed) -> None:
    """The signed tree goes on from those it is said to go on from."""
    new = said.checkpoint
    for old in bundle.header.earlier:
        if not merkle.goes_on(old.size, old.root, new.size, new.root, old.proof):
            raise BundleRefused(Reason.EARLIER, size=old.size)


def as_handed_over(bundle: Bundle, said: Signed) -> None:
    """The signed tree goes on from each at which the key was changed: no key takes back what one before it signed."""
    roots = _roots(bundle, said)
    for one in said.keys.successions:
        size, root, last = one.until.size, one.until.root, said.checkpoint.size
        if size > last:
            raise BundleRefused(Reason.HAND_OVER, detail=f"换钥时已封存{size}条，这里只有{last}条：日志被截短过。")
        if size not in roots:
            raise BundleRefused(Reason.HAND_OVER, detail=f"包里没有与换钥时封存{size}条衔接的证明。")
        if roots[size] != root:
            raise BundleRefused(Reason.HAND_OVER, detail=f"换钥时封存{size}条的根不同：日志后来被改写过。")


CHECKS: tuple[Check, ...] = (same_size, of_this_case, without_gap, to_the_end, in_order, proven, linked, as_handed_over)


def check(
    bundle: Bundle, known: Verifier | None = None, against: Sequence[str] = (), checks: Sequence[Check] = CHECKS
) -> Checked:
    """The bundle, if it holds; `against` are checkpoints that the holder kept, as they were signed.

    Raises `BundleRefused`.
    """
    said = signed(bundle.header, known)
    for one in checks:
        one(bundle, said)
    for note in against:
        _agrees(bundle, said, note)
    return Checked(bundle, said, tuple(opened(event) for event in bundle.events))


def opened(event: Event) -> dict[str, bytes]:
    """What its sealed fields say for which there is a key. Raises `BundleRefused`."""
    try:
        line = told(event.stored)
    except ValueError:
        raise BundleRefused(Reason.CONTENT, event.version) from None
    if line["event"].get("type") != event.name:
        raise BundleRefused(Reason.CONTENT, event.version)
    found = {field.path: field for field in sealed_fields(line["event"])}
    for path in event.field_keys:
        if path not in found:
            raise BundleRefused(Reason.NO_SUCH_FIELD, event.version, path=path)
    return {path: _words(event, found[path], key) for path, key in event.field_keys.items() if key is not None}


def _words(event: Event, field: SealedField, key: bytes) -> bytes:
    if commitment_to(key) != field.sealed.commitment:
        raise BundleRefused(Reason.FIELD_KEY, event.version, path=field.path)
    try:
        words = field.sealed.opened(Place(event.stream, event.version, event.name, field.path), key)
        orjson.loads(words)
    except (SealBroken, ValueError):
        raise BundleRefused(Reason.FIELD, event.version, path=field.path) from None
    return words


def _agrees(bundle: Bundle, said: Signed, note: str) -> None:
    """A checkpoint somebody kept is this one, or one that the bundle is shown to go on from."""
    try:
        kept = said.keys.checkpoint(note)
    except NoteInvalid as no:
        raise BundleRefused(Reason.AGAINST, detail=no) from None
    roots = _roots(bundle, said)
    if kept.size not in roots:
        detail = f"包里没有与封存{kept.size}条时衔接的证明，请要一份用 --against 做的案卷包。"
        raise BundleRefused(Reason.AGAINST, detail=detail)
    if roots[kept.size] != kept.root:
        raise BundleRefused(Reason.AGAINST, detail=f"封存{kept.size}条时的根不同，日志被改写过。")


def _roots(bundle: Bundle, said: Signed) -> dict[int, bytes]:
    """The log's root by its size, as far as it can be told: where it began, what is `linked`, and the checkpoint's."""
    proven = {old.size: old.root for old in bundle.header.earlier}
    return {0: merkle.EMPTY} | proven | {said.checkpoint.size: said.checkpoint.root}
