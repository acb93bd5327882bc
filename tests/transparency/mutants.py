"""Bundles that were tampered with, each with the reasons it may be refused for: what a forger could think of.

A forger has the bundle, other bundles of the same log, and a key that is not the log's. What the operator could do is
in `resealing`, single bits in `flips`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from projections.transparency.bundles import Bundle, Reason
from projections.transparency.heads import Head
from projections.transparency.notes import Signer
from tests.transparency.operator import IMPOSTOR, SIGNER, operator

R = Reason
Reasons = frozenset[Reason]


class Mutant(NamedTuple):
    """The file, how it was made, and what a verifier may say."""

    kind: str
    file: bytes
    reasons: Reasons


Tampering = Callable[[Bundle, Random], Iterator[tuple[Bundle | bytes, Reason]]]
TAMPERINGS: list[Tampering] = []


def tampering(kind: Tampering) -> Tampering:
    TAMPERINGS.append(kind)
    return kind


def mutants(seeds: Sequence[int] = (2, 3)) -> Iterator[Mutant]:
    """Of every kind, of every case of these histories."""
    for seed in seeds:
        whole = operator(seed)
        for case in whole.cases:
            bundle = whole.bundle(case, earlier=whole.kept)
            for kind in TAMPERINGS:
                for file, reason in kind(bundle, Random(f"{seed} {case} {kind.__name__}")):
                    written = file if isinstance(file, bytes) else file.written
                    yield Mutant(kind.__name__, written, frozenset({reason}))


def changed(bundle: Bundle, nth: int, **members: Any) -> Bundle:
    """With other members of one event."""
    events = list(bundle.events)
    events[nth] = events[nth].model_copy(update=members)
    return bundle._replace(events=tuple(events))


def headed(bundle: Bundle, **members: Any) -> Bundle:
    return bundle._replace(header=bundle.header.model_copy(update=members))


def flipped(raw: bytes, draw: Random) -> bytes:
    bits = bytearray(raw)
    bits[draw.randrange(len(bits))] ^= 1 << draw.randrange(8)
    return bytes(bits)


def elsewhere(bundle: Bundle) -> Bundle:
    """The bundle of another case of the same log, no shorter than a few versions."""
    own = UUID(bundle.events[0].stream)
    return next(
        other
        for seed in (2, 3)
        if own in operator(seed).cases
        for case in operator(seed).cases
        if case != own and len((other := operator(seed).bundle(case)).events) > 2
    )


@tampering
def omitted(bundle: Bundle, _: Random) -> Iterator[tuple[Bundle, Reason]]:
    for nth in range(len(bundle.events) - 1):
        yield bundle._replace(events=bundle.events[:nth] + bundle.events[nth + 1 :]), R.OMITTED


@tampering
def cut_off(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    for left in {0, 1, len(bundle.events) - 1, draw.randrange(len(bundle.events))} - {len(bundle.events)}:
        yield bundle._replace(events=bundle.events[:left]), R.CUT_OFF


@tampering
def cut_off_with_an_earlier_statement(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    """Signed by the operator, when the case was shorter; but not of this checkpoint."""
    left = draw.randrange(1, len(bundle.events))
    size = bundle.events[left].leaf
    head = Head(bundle.events[0].stream, left, size).signed(SIGNER)
    yield headed(bundle, head=head)._replace(events=bundle.events[:left]), R.HEAD


@tampering
def reordered(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    for nth in range(len(bundle.events) - 1):
        events = list(bundle.events)
        other = draw.randrange(nth + 1, len(events))
        events[nth], events[other] = events[other], events[nth]
        yield bundle._replace(events=tuple(events)), R.REORDERED


@tampering
def renumbered(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    """Two events take each other's version: what was second was first."""
    one, other = sorted(draw.sample(range(len(bundle.events)), 2))
    first, second = bundle.events[one], bundle.events[other]
    events = list(bundle.events)
    events[one] = second.model_copy(update={"version": first.version})
    events[other] = first.model_copy(update={"version": second.version})
    yield bundle._replace(events=tuple(events)), R.REORDERED


@tampering
def exchanged(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    """What was said at two versions, all else in its place."""
    one, other = draw.sample(range(len(bundle.events)), 2)
    stored = [bundle.events[nth].stored for nth in (other, one)]
    if stored[0] != stored[1]:
        yield changed(changed(bundle, one, stored=stored[0]), other, stored=stored[1]), R.ALTERED


@tampering
def twice(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    nth = draw.randrange(len(bundle.events))
    yield bundle._replace(events=bundle.events[: nth + 1] + bundle.events[nth:]), R.REORDERED


@tampering
def another_case(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    """An event of another case, as it is there: proven, and of the right version."""
    other = elsewhere(bundle)
    nth = draw.randrange(min(len(bundle.events), len(other.events)))
    events = list(bundle.events)
    events[nth] = other.events[nth]
    yield bundle._replace(events=tuple(events)), R.ANOTHER_CASE
    yield changed(bundle, nth, stored=other.events[nth].stored, name=other.events[nth].name), R.ALTERED
    yield headed(bundle, head=other.header.head), R.ANOTHER_CASE


@tampering
def forged_key(bundle: Bundle, _: Random) -> Iterator[tuple[Bundle, Reason]]:
    """Signed anew by somebody who calls themselves the operator, or only said to be."""
    yield signed_by(IMPOSTOR, bundle), R.KEY
    yield headed(bundle, key=str(IMPOSTOR.verifier)), R.KEY
    yield headed(bundle, key=bundle.header.key.replace("example", "exemple")), R.KEY
    yield headed(bundle, key=bundle.header.key[:-1] + "一"), R.KEY
    forged = signed_by(IMPOSTOR, bundle)
    yield headed(bundle, checkpoint=forged.header.checkpoint), R.CHECKPOINT
    yield headed(bundle, head=forged.header.head), R.HEAD
    yield headed(bundle, head=bundle.header.checkpoint), R.HEAD
    yield headed(bundle, checkpoint=bundle.header.head), R.CHECKPOINT


@tampering
def rewritten_notes(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    """Other words over the same signatures."""
    longer = bundle.header.head.replace(f"\n{len(bundle.events)}\n", f"\n{len(bundle.events) - 1}\n", 1)
    yield headed(bundle, head=longer)._replace(events=bundle.events[:-1]), R.HEAD
    position = bundle.header.checkpoint.replace("\nposition ", "\nposition 1")
    yield headed(bundle, checkpoint=position), R.CHECKPOINT
    spare = re.sub(r"(.)=\n$", lambda last: other_last(last[1]) + "=\n", bundle.header.checkpoint)
    yield headed(bundle, checkpoint=spare), R.CHECKPOINT
    yield headed(bundle, head=bundle.header.head[:-2] + "一\n"), R.HEAD


@tampering
def altered_words(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    for nth, event in enumerate(bundle.events):
        yield changed(bundle, nth, stored=flipped(event.stored, draw)), R.ALTERED
        line = orjson.loads(event.stored)
        later = orjson.dumps({**line, "recorded_at": line["recorded_at"].replace("20", "19", 1)})
        yield changed(bundle, nth, stored=later), R.ALTERED
    yield changed(bundle, draw.randrange(len(bundle.events)), stored=b""), R.ALTERED


@tampering
def altered_place(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    last = len(bundle.events) - 1
    event = bundle.events[last]
    yield changed(bundle, last, leaf=event.leaf + 1), R.ALTERED
    yield changed(bundle, last, leaf=2**53 - 1), R.ALTERED
    yield changed(bundle, last, position=event.position + 1), R.ALTERED
    yield changed(bundle, last, name="incident.closed_for_good"), R.ALTERED
    yield changed(bundle, last, version=event.version + 1), R.OMITTED
    yield changed(bundle, last, version=2**53 - 1), R.OMITTED
    yield changed(bundle, 0, version=0), R.OMITTED


@tampering
def altered_proof(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    for nth, event in enumerate(bundle.events):
        proof = list(event.proof)
        if proof:
            at = draw.randrange(len(proof))
            yield changed(bundle, nth, proof=(*proof[:at], flipped(proof[at], draw), *proof[at + 1 :])), R.ALTERED
            yield changed(bundle, nth, proof=(*proof[:at], *proof[at + 1 :])), R.ALTERED
            yield changed(bundle, nth, proof=(*proof, proof[at])), R.ALTERED


@tampering
def altered_field_key(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    for nth, event in enumerate(bundle.events):
        for path, key in event.field_keys.items():
            assert key is not None
            yield changed(bundle, nth, field_keys={**event.field_keys, path: flipped(key, draw)}), R.FIELD_KEY
            yield changed(bundle, nth, field_keys={f"{path}.name": key}), R.NO_SUCH_FIELD
            yield changed(bundle, nth, field_keys={f"{path}.name": None}), R.NO_SUCH_FIELD


@tampering
def altered_commitment(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    """In the sealed text itself: that is in the stored bytes."""
    for nth, event in enumerate(bundle.events):
        found = [match.end() for match in re.finditer(rb'"sealed/1 \S+ \S+ \S+ ', event.stored)]
        for at in found[:2]:
            stored = bytearray(event.stored)
            stored[at + 3] = ord("A") if stored[at + 3] != ord("A") else ord("B")
            yield changed(bundle, nth, stored=bytes(stored)), R.ALTERED


@tampering
def altered_link(bundle: Bundle, draw: Random) -> Iterator[tuple[Bundle, Reason]]:
    for nth, old in enumerate(bundle.header.earlier):
        others: list[dict[str, Any]] = [
            {"size": old.size + 1},
            {"root": flipped(old.root, draw)},
            {"proof": (*old.proof, old.root)},
        ]
        others += [{"proof": (flipped(old.proof[0], draw), *old.proof[1:])}] if old.proof else []
        for members in others:
            links = list(bundle.header.earlier)
            links[nth] = old.model_copy(update=members)
            yield headed(bundle, earlier=tuple(links)), R.EARLIER


@tampering
def truncated(bundle: Bundle, draw: Random) -> Iterator[tuple[bytes, Reason]]:
    written = bundle.written
    for _ in range(5):
        at = draw.randrange(1, len(written))
        line = written[:at].endswith(b"\n")
        yield written[:at], (R.CUT_OFF if line else R.UNFINISHED)
    yield b"", R.UNREADABLE


@tampering
def written_otherwise(bundle: Bundle, draw: Random) -> Iterator[tuple[bytes, Reason]]:
    """The same to a lenient reader."""
    written = bundle.written
    for old, new in (
        (b'"version":1,', b'"version": 1,'),
        (b'"version":1,', b'"version":1.0,'),
        (b'"version":1,', b'"version":1e0,'),
        (b'"version":1,', b'"version":9,"version":1,'),
        (b'"version":1,', b'"Version":1,'),
        (b'"version":1,', b'"version":null,'),
        (b'"version":1,', b'"version":"1",'),
        (b'"version":1,', b'"version":' + b"1" * 5000 + b","),
        (b'"version":1,', b'"version":1,"more":' + b"[" * 5000 + b"]" * 5000 + b","),
        (b'"version":1,', b'"version":1,"more":"",'),
        (b'"version":1,', b""),
        (b'"name":"i', b'"name":"\\u0069'),
        (b'"name":"i', b'"name":"\xff'),
        (b'"form":"bidao/bundle/1"', b'"form":"bidao/bundle/2"'),
        (b'"form":"bidao/bundle/1"', b'"form":["bidao/bundle/1"]'),
        (b"}\n", b"}\r\n"),
        (b"}\n{", b"}{"),
        (b"}\n", b"}\n\n"),
    ):
        yield written.replace(old, new, 1), R.UNREADABLE
    yield written + b"\n", R.UNREADABLE
    yield written + b"{}\n", R.UNREADABLE


def signed_by(signer: Signer, bundle: Bundle) -> Bundle:
    """All of it signed anew."""
    size = int(bundle.header.checkpoint.split("\n")[1])
    text = bundle.header.checkpoint.partition("\n\n")[0] + "\n"
    head = Head(bundle.events[0].stream, len(bundle.events), size).signed(signer)
    return headed(bundle, key=str(signer.verifier), checkpoint=signer.signed(text), head=head)


def other_last(letter: str) -> str:
    """A letter of Base64 that stands for the same bytes, where it is the last and two bits are left over."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return letters[letters.index(letter) ^ 1]
