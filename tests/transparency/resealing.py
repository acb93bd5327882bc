"""What the operator itself may have sealed: bundles that are signed and proven, and do not hold for all that."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from domain.casework.recorders import Stored
from domain.casework.sealed_fields import sealed_fields, told
from projections.transparency.bundles import Reason
from projections.transparency.bundling import FieldKeys
from tests.transparency.mutants import Mutant
from tests.transparency.operator import EVERY_KEY, Operator, operator, with_state

R = Reason


def resealed() -> Iterator[Mutant]:
    """What the operator seals is no better for being signed: fields that their keys do not open, or no event at all."""
    whole = operator(3)
    for case in whole.cases[:4]:
        rows = [moved(row, position) for position, row in enumerate(whole.files.store.select_case(case), start=1)]
        for nth, row in enumerate(rows):
            for state, keys, reason in falsified(row):
                operated = Operator([*rows[:nth], with_state(row, state), *rows[nth + 1 :]])
                yield Mutant("resealed", operated.bundle(case, keys_at(row, keys)).written, frozenset({reason}))


def falsified(row: Stored) -> Iterator[tuple[bytes, dict[str, bytes | None], Reason]]:
    """Other bytes for an event, and the field keys that are said to go with them."""
    keys, state = dict(EVERY_KEY(row)), row.state
    yield b"no event", {}, R.CONTENT
    yield b'{"event":[]}', {}, R.CONTENT
    yield state.replace(b'"type":"incident.', b'"type":"incident.re'), {}, R.CONTENT
    fields = {field.path: field.sealed for field in sealed_fields(told(state)["event"])}
    for (path, one), (beside, other) in pairwise([*fields.items(), *fields.items()][: len(fields) + 1]):
        text = one.text.encode()
        broken = one._replace(commitment=bytes(32)).text.encode()
        yield state.replace(text, broken), {path: keys[path]}, R.FIELD_KEY
        broken = one._replace(box=bytes(len(one.box))).text.encode()
        yield state.replace(text, broken), {path: keys[path]}, R.FIELD
        broken = one._replace(key=one.key._replace(subject="s-other")).text.encode()
        yield state.replace(text, broken), {path: keys[path]}, R.FIELD
        if path != beside:
            put = state.replace(text, other.text.encode())
            yield put, {path: keys[path]}, R.FIELD_KEY
            yield put, {path: keys[beside]}, R.FIELD


def keys_at(row: Stored, keys: dict[str, bytes | None]) -> FieldKeys:
    """These for one event, none for the others."""
    return lambda other: keys if other.originator_version == row.originator_version else {}


def moved(row: Stored, position: int) -> Stored:
    return Stored(row.originator_id, row.originator_version, row.topic, row.state, position)
