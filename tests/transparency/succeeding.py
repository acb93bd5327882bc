"""Bundles of an operator who changed keys twice, the hand-overs tampered with. Whoever verifies has the first key."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from projections.transparency import merkle
from projections.transparency.bundles import Bundle, Reason
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.notes import Signer
from projections.transparency.successions import Succession
from tests.transparency.mutants import Mutant, flipped, headed, signed_by
from tests.transparency.operator import IMPOSTOR, SECOND, SIGNER, THIRD, Operator, succeeded, with_state

R = Reason
Forged = tuple[Bundle, Reason]
ELSEWHERE = Signer("example.net/log", SIGNER.seed)
"""Another log, signed with the very same key."""


def tampered_successions(seed: int = 3) -> Iterator[Mutant]:
    """Of every kind, of some cases."""
    whole = succeeded(seed)
    for case in whole.cases[:3]:
        bundle, draw = whole.bundle(case, earlier=whole.kept), Random(f"{seed} {case}")
        for kind in (omitted, rearranged, altered, without_a_signature, forged, by_an_old_key):
            for file, reason in kind(bundle, draw):
                yield Mutant(f"succession-{kind.__name__}", file.written, frozenset({reason}))
    for forge in (rewritten, shorter, not_linked, in_a_circle, backwards, begun_otherwise):
        for file, reason in forge(whole):
            yield Mutant(f"succession-{forge.__name__}", file.written, frozenset({reason}))


def handed(bundle: Bundle, *notes: str) -> Bundle:
    """With other hand-overs."""
    return headed(bundle, successions=notes, form="bidao/bundle/2" if notes else "bidao/bundle/1")


def replaced(bundle: Bundle, nth: int, note: str) -> Bundle:
    notes = list(bundle.header.successions)
    notes[nth] = note
    return handed(bundle, *notes)


def omitted(bundle: Bundle, _: Random) -> Iterator[Forged]:
    first, second = bundle.header.successions
    yield handed(bundle, second), R.KEY
    yield handed(bundle, first), R.SUCCESSION
    yield handed(bundle), R.KEY
    yield headed(bundle, form="bidao/bundle/1"), R.UNREADABLE
    yield headed(handed(bundle), form="bidao/bundle/2"), R.UNREADABLE


def rearranged(bundle: Bundle, _: Random) -> Iterator[Forged]:
    first, second = bundle.header.successions
    for notes in ((second, first), (first, first, second), (first, second, second), (second, first, second)):
        yield handed(bundle, *notes), R.SUCCESSION
    yield headed(bundle, key=str(SECOND.verifier)), R.SUCCESSION
    yield headed(bundle, key=str(SIGNER.verifier)), R.SUCCESSION


def altered(bundle: Bundle, draw: Random) -> Iterator[Forged]:
    """Every line of what was signed, and every signature."""
    for nth, note in enumerate(bundle.header.successions):
        lines = note.split("\n")
        for at, line in enumerate(lines[:-1]):
            others = [f"{line}0", line[:-1], line[1:], None]
            others += [flipped(line.encode(), draw).decode("utf-8", "replace")] if line else []
            others += [line.replace(key, str(IMPOSTOR.verifier)) for key in lines[1:3] if key == line]
            for other in others:
                put = [*lines[:at], *([] if other is None else [other]), *lines[at + 1 :]]
                if (changed := "\n".join(put)) != note:
                    yield replaced(bundle, nth, changed), R.SUCCESSION
        for strange in ("", "\n", note * 2, bundle.header.checkpoint, bundle.header.head):
            yield replaced(bundle, nth, strange), R.SUCCESSION


def without_a_signature(bundle: Bundle, _: Random) -> Iterator[Forged]:
    """Signed by one of the two, or by one of them and somebody else."""
    for nth, note in enumerate(bundle.header.successions):
        text, below = note.split("\n\n")
        for one in below.splitlines(keepends=True):
            yield replaced(bundle, nth, f"{text}\n\n{one}"), R.SUCCESSION
            yield replaced(bundle, nth, IMPOSTOR.cosigned(f"{text}\n\n{one}")), R.SUCCESSION


def forged(bundle: Bundle, _: Random) -> Iterator[Forged]:
    """Somebody who has none of the keys lets one of them hand over to their own, and signs all the rest with that."""
    own, key = signed_by(IMPOSTOR, bundle), str(IMPOSTOR.verifier)
    first, second = bundle.header.successions
    until = Succession.opened(first).until
    stolen = Succession.signed(IMPOSTOR, IMPOSTOR, until).note
    text = stolen.partition("\n\n")[0] + "\n"
    yield own, R.SUCCESSION
    yield handed(own, first, second, stolen), R.SUCCESSION
    yield handed(own, stolen), R.SUCCESSION
    yield handed(own, hand_over(Signer(IMPOSTOR.name, bytes(32)), IMPOSTOR, until)), R.KEY
    for before in (SIGNER, SECOND, THIRD):
        claimed = IMPOSTOR.signed(text.replace(key, str(before.verifier), 1))
        yield handed(own, *(first, second)[: (SIGNER, SECOND, THIRD).index(before)], claimed), R.SUCCESSION
    yield handed(own, IMPOSTOR.cosigned(first.replace(str(SECOND.verifier), key))), R.SUCCESSION
    yield handed(own, IMPOSTOR.cosigned(bundle.header.checkpoint)), R.SUCCESSION
    yield handed(own, IMPOSTOR.cosigned(first)), R.SUCCESSION
    yield handed(bundle, Succession.signed(ELSEWHERE, SECOND, until).note, second), R.SUCCESSION


def by_an_old_key(bundle: Bundle, _: Random) -> Iterator[Forged]:
    """A key that was changed may have been stolen: with it nothing later is signed."""
    for old in (SIGNER, SECOND):
        again = signed_by(old, bundle)
        yield again, R.SUCCESSION
        yield headed(bundle, checkpoint=again.header.checkpoint), R.CHECKPOINT
        yield headed(bundle, head=again.header.head), R.HEAD


def hand_over(old: Signer, new: Signer, until: Checkpoint) -> str:
    return Succession.signed(old, new, until).note


def rewritten(whole: Operator) -> Iterator[Forged]:
    """Whoever has the last key seals another history, from its first event on, over what keys before have signed."""
    case = whole.cases[0]
    honest, first = whole.bundle(case, earlier=whole.kept).header, whole.rows[0]
    other = Operator([with_state(first, first.state + b" "), *whole.rows[1:]], [one.size for one in whole.kept[:-1]])
    bare, linked = (
        handed(signed_by(THIRD, other.bundle(case, earlier=kept)), *honest.successions) for kept in ([], other.kept)
    )
    yield bare, R.HAND_OVER
    yield linked, R.HAND_OVER
    yield headed(bare, earlier=honest.earlier), R.EARLIER
    mixed = zip(honest.earlier, linked.header.earlier, strict=True)
    claimed = tuple(other.model_copy(update={"root": true.root}) for true, other in mixed)
    yield headed(bare, earlier=claimed), R.EARLIER


def shorter(whole: Operator) -> Iterator[Forged]:
    """What the last key signs of a log as it was before the key came into use, every word of it true."""
    small, middle, _ = whole.kept
    for size in (1, small.size - 1, small.size, middle.size - 1):
        part = Operator(whole.rows[:size], [one.size for one in whole.kept if one.size < size])
        bundle = part.bundle(part.cases[0], earlier=part.kept)
        yield handed(signed_by(THIRD, bundle), *whole.bundle(whole.cases[0]).header.successions), R.HAND_OVER


def not_linked(whole: Operator) -> Iterator[Forged]:
    """True to the last bit, but for the proofs that would show it."""
    bundle = whole.bundle(whole.cases[0])
    first, second = bundle.header.earlier
    for left in ((), (first,), (second,)):
        yield headed(bundle, earlier=left), R.HAND_OVER


def in_a_circle(whole: Operator) -> Iterator[Forged]:
    """A key comes back, or never goes; every hand-over is signed by both and linked."""
    small, middle, last = whole.kept
    bundle = whole.bundle(whole.cases[0], earlier=whole.kept)
    there, back = hand_over(SIGNER, SECOND, small), hand_over(SECOND, SIGNER, middle)
    yield handed(signed_by(SIGNER, bundle), there, back), R.SUCCESSION
    yield handed(signed_by(SIGNER, bundle), there, hand_over(SECOND, SIGNER, small)), R.SUCCESSION
    yield handed(signed_by(SECOND, bundle), there, back, hand_over(SIGNER, SECOND, last)), R.SUCCESSION
    yield handed(signed_by(SIGNER, bundle), hand_over(SIGNER, SIGNER, small)), R.SUCCESSION
    yield handed(signed_by(SECOND, bundle), there, hand_over(SECOND, SECOND, middle)), R.SUCCESSION


def backwards(whole: Operator) -> Iterator[Forged]:
    """A key hands over before it has come into use."""
    small, middle, _ = whole.kept
    bundle = whole.bundle(whole.cases[0], earlier=whole.kept)
    yield handed(bundle, hand_over(SIGNER, SECOND, middle), hand_over(SECOND, THIRD, small)), R.SUCCESSION
    none = Checkpoint(small.origin, 0, merkle.EMPTY, 0)
    yield handed(bundle, hand_over(SIGNER, SECOND, small), hand_over(SECOND, THIRD, none)), R.SUCCESSION


def begun_otherwise(whole: Operator) -> Iterator[Forged]:
    """Of no leaves at all there is one tree, and of as many as in the checkpoint one as well."""
    last, bundle = whole.kept[-1], whole.bundle(whole.cases[0])
    second = hand_over(SECOND, THIRD, last)
    for size in (0, last.size):
        first = hand_over(SIGNER, SECOND, Checkpoint(last.origin, size, bytes(32), 0))
        yield handed(bundle, first, second), R.HAND_OVER
