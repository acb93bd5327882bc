"""Bundles: what holds is accepted and read, what was tampered with is refused for its reason; each check is needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any, cast
from unittest.mock import ANY
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.casework.asking import NotFound
from domain.casework.sealing import Sealed
from domain.privacy import ERASED
from domain.telling import tell
from projections.transparency import bundle_checking, bundles, merkle
from projections.transparency.bundle_checking import CHECKS, Check, Checked, as_handed_over, check
from projections.transparency.bundle_reading import COVERED, lines_of, names_of
from projections.transparency.bundles import Bundle, BundleRefused, Reason, read
from projections.transparency.bundling import NotSealed, bundle_of, no_keys
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.keys import LogKeys
from projections.transparency.notes import KeyInvalid, Signer, Verifier
from projections.transparency.sealing import LogBroken
from projections.transparency.successions import Succession
from tests.transparency.flips import bit_flips
from tests.transparency.mutants import TAMPERINGS, Mutant, mutants
from tests.transparency.operator import (
    EVERY_KEY,
    IMPOSTOR,
    SECOND,
    SIGNER,
    THIRD,
    Operator,
    operator,
    succeeded,
    succeeded_at_the_ends,
    with_state,
)
from tests.transparency.resealing import resealed
from tests.transparency.succeeding import (
    backwards,
    in_a_circle,
    not_linked,
    rewritten,
    shorter,
    tampered_successions,
)

KNOWN = SIGNER.verifier


def checked(file: bytes, known: Verifier | None = KNOWN, against: Iterable[str] = ()) -> Checked:
    return check(read(BytesIO(file)), known, list(against))


def reason(file: bytes, checks: Iterable[Check] = CHECKS) -> Reason | None:
    """Why it is refused; None where it holds."""
    try:
        check(read(BytesIO(file)), KNOWN, checks=tuple(checks))
    except BundleRefused as no:
        return no.reason
    return None


def amiss(judged: Iterable[Mutant]) -> Counter[tuple[str, Reason | None]]:
    """What is said of those that are not refused for a reason of theirs, by kind."""
    said = ((mutant, reason(mutant.file)) for mutant in judged)
    return Counter((mutant.kind, why) for mutant, why in said if why not in mutant.reasons)


@cache
def tampered() -> tuple[Mutant, ...]:
    return (*mutants((3,)), *resealed(), *tampered_successions())


def small() -> Bundle:
    """The shortest case with something sealed in it, alone in its log."""
    whole = operator(3)
    case = min(whole.cases, key=lambda case: len(whole.bundle(case).written))
    [first, *_] = whole.files.store.select_case(case)
    alone = Operator([type(first)(case, 1, first.topic, first.state, 1)])
    return alone.bundle(case)


def test_every_bundle_that_was_tampered_with_is_refused_for_its_reason() -> None:
    kinds = Counter(mutant.kind for mutant in tampered())
    handed_over = {kind for kind in kinds if kind.startswith("succession-")}
    assert kinds.keys() - handed_over == {kind.__name__ for kind in TAMPERINGS} | {"resealed"}
    assert sum(kinds[kind] for kind in handed_over) >= 300
    assert kinds.total() >= 1000
    assert amiss(tampered()) == {}


def test_every_bit_of_a_bundle_counts() -> None:
    flips = list(bit_flips(small().written))
    assert len(flips) >= 8 * 1500
    assert amiss(flips) == {}


@pytest.mark.parametrize("operated", [operator, succeeded])
def test_so_do_those_of_a_whole_case(operated: Callable[[int], Operator]) -> None:
    whole = operated(3)
    bundle = whole.bundle(whole.cases[1], earlier=whole.kept)
    assert amiss(bit_flips(bundle.written, step=101)) == {}


def test_so_does_every_bit_of_a_hand_over() -> None:
    whole = succeeded(3)
    header = whole.bundle(whole.cases[1]).header.written
    flips = list(bit_flips(header, start=8 * header.index(b'"successions"')))
    assert len(flips) >= 8 * 900
    assert amiss(flips) == {}


@pytest.mark.parametrize("removed", CHECKS, ids=lambda removed: removed.__name__)
def test_without_any_one_check_something_would_pass(removed: Check) -> None:
    others = [one for one in CHECKS if one is not removed]
    assert any(reason(mutant.file, others) is None for mutant in tampered())


def unsigned(note: str) -> Succession:
    """What a hand-over says, whoever has signed it."""
    try:
        _, before, after, *_ = [*note.split("\n"), "", ""]
        return Succession(Verifier.parse(before), Verifier.parse(after), operator(3).kept[-1], note)
    except KeyInvalid:
        return Succession(KNOWN, KNOWN, operator(3).kept[-1], note)


def lenient(model: Any, _: int, line: bytes) -> Any:
    return model.model_validate_json(line)


WEAKENED: dict[str, tuple[object, str, object]] = {
    "any signature": (Verifier, "opened", lambda _, note: note.rpartition("\n\n")[0] + "\n"),
    "any key": (bundle_checking, "signed", lambda header, _, signed=bundle_checking.signed: signed(header)),
    "any way of writing": (bundles, "_parsed", lenient),
    "any proof of inclusion": (merkle, "includes", lambda *_: True),
    "any proof of consistency": (merkle, "goes_on", lambda *_: True),
    "any field key": (bundle_checking, "commitment_to", lambda _: ANY),
    "any sealed words": (Sealed, "opened", lambda *_: b'""'),
    "any hand-over": (Succession, "opened", unsigned),
    "any order of hand-overs": (LogKeys, "changed", lambda keys, by: LogKeys([*keys.successions, by], by.after)),
    "any content": (bundle_checking, "opened", lambda _: {}),
}


@pytest.mark.parametrize("name", WEAKENED)
def test_a_verifier_that_takes_anything_somewhere_is_found_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, called, instead = WEAKENED[name]
    monkeypatch.setattr(place, called, instead)
    try:
        assert amiss(tampered())
    except ValueError:  # what no check held back any more
        assert name == "any way of writing"


def test_none_that_holds_is_refused() -> None:
    count, draw = 0, Random(1)
    for whole in (*map(operator, (0, 1, 2, 3)), succeeded(2), succeeded_at_the_ends(2)):
        for case in whole.cases:
            for some in (EVERY_KEY, no_keys, some_of(draw.random()), some_of(draw.random()), destroyed):
                earlier = [one for one in whole.kept if draw.random() < 0.7]
                found = checked(whole.bundle(case, some, earlier).written, draw.choice([KNOWN, None]))
                assert None not in lines_of(found)
                count += 1
    assert count >= 200


def some_of(share: float) -> Callable[[Any], dict[str, bytes | None]]:
    draw = Random(share)
    return lambda row: {path: key for path, key in EVERY_KEY(row).items() if draw.random() < share}


def destroyed(row: Any) -> dict[str, bytes | None]:
    return dict.fromkeys(EVERY_KEY(row))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_taken_out_put_in_or_changed_is_noticed(data: st.DataObject) -> None:
    """Any case, any lines of it and of another one in any order: only the very bundle holds."""
    whole = operator(data.draw(st.sampled_from([2, 3])))
    one, other = (whole.bundle(data.draw(st.sampled_from(whole.cases))) for _ in range(2))
    lines = [line.written for line in (one.header, *one.events)]
    strange = [line.written for line in (other.header, *other.events)]
    kept = data.draw(st.lists(st.sampled_from(lines + strange), max_size=len(lines) + 2))
    edited = data.draw(st.sampled_from([kept, lines[: len(kept)], sorted(lines, key=kept.count), lines]))
    file = b"".join(edited)
    whole_again = edited in (lines, strange)
    assert (reason(file) is None) == whole_again


def test_what_is_read_is_what_was_decrypted() -> None:
    whole = operator(3)
    plain = {row.originator_version: row for row in whole.files.store.select_case(whole.cases[0])}
    assert b"sealed/1" in plain[1].state
    assert "楼下积水".encode() not in whole.bundle(whole.cases[0]).events[0].stored
    told = [tell(line.event, {}) for line in lines_of(checked(whole.bundle(whole.cases[0]).written)) if line]
    assert "楼下积水" in told[0]
    for keys, covered in ((no_keys, COVERED), (destroyed, ERASED)):
        found = checked(whole.bundle(whole.cases[0], keys).written)
        lines = lines_of(found)
        assert lines[0] is not None
        assert covered in tell(lines[0].event, {})
        assert "楼下积水" not in "".join(tell(line.event, {}) for line in lines if line)
        assert names_of(lines) == {}


def test_an_event_that_models_do_not_know_is_proven_all_the_same() -> None:
    whole = operator(3)
    rows = list(whole.rows)
    state = orjson.dumps({"event": {"type": "incident.foretold", "words": "some"}})
    at = next(nth for nth, row in enumerate(rows) if row.originator_id == whole.cases[0])
    row = with_state(rows[at], state)
    rows[at] = type(row)(row.originator_id, row.originator_version, "incident.foretold", state, row.id)
    found = checked(Operator(rows).bundle(whole.cases[0]).written)
    assert lines_of(found)[row.originator_version - 1] is None
    assert names_of(lines_of(found)) == {}


def test_a_key_that_came_with_the_file_is_no_proof_of_who_signed() -> None:
    forged = next(mutant.file for mutant in tampered() if mutant.reasons == {Reason.KEY})
    assert checked(forged, None).signed.keys.current == IMPOSTOR.verifier
    assert reason(forged) is Reason.KEY


@pytest.mark.parametrize("known", [SIGNER, SECOND, THIRD], ids=["first", "second", "third"])
def test_whoever_has_any_key_of_the_log_can_verify(known: Signer) -> None:
    """Also against checkpoints that any of them has signed, as long as it could."""
    whole = succeeded(3)
    bundle = whole.bundle(whole.cases[0], earlier=whole.kept)
    assert bundle.header.form == "bidao/bundle/2"
    first, second, last = whole.kept
    in_their_time = [first.signed(SIGNER), first.signed(SECOND), second.signed(SECOND), last.signed(THIRD)]
    found = checked(bundle.written, known.verifier, in_their_time)
    assert found.signed.keys.current == THIRD.verifier
    assert found.signed.keys.changes_since(known.verifier) == [THIRD, SECOND, SIGNER].index(known)
    for late, size in ((second.signed(SIGNER), first.size), (last.signed(SECOND), second.size)):
        with pytest.raises(BundleRefused, match=f"封存{size}条时已经更换") as no:
            checked(bundle.written, known.verifier, [late])
        assert no.value.reason is Reason.AGAINST
    with pytest.raises(BundleRefused, match="也没有从它换过来的声明"):
        checked(bundle.written, IMPOSTOR.verifier)


def test_one_from_before_a_change_needs_a_key_of_its_time() -> None:
    """A later key vouches for nothing that a thief of the earlier one could sign today; the case is handed out anew."""
    case = succeeded(3).cases[0]
    before, after = operator(3).bundle(case).written, succeeded(3).bundle(case).written
    assert checked(before, SIGNER.verifier)
    for later in (SECOND, THIRD):
        with pytest.raises(BundleRefused, match="若是换钥以前做的包，要用当时的公钥核对，或请对方重新做一份") as no:
            checked(before, later.verifier)
        assert no.value.reason is Reason.KEY
        assert checked(after, later.verifier)


def test_it_shows_that_the_log_goes_on_from_every_change_of_keys() -> None:
    """Once each, asked for or not; of no leaves and of all there is nothing to show."""
    for whole, sizes in (
        (succeeded(3), [one.size for one in succeeded(3).kept[:-1]]),
        (succeeded_at_the_ends(3), [len(operator(3).rows)]),
    ):
        bare, asked = (whole.bundle(whole.cases[0], earlier=kept).header.earlier for kept in ([], whole.kept))
        assert [one.size for one in bare] == sizes
        assert sorted(one.size for one in asked) == sorted({*sizes, whole.kept[-1].size})


def test_one_that_is_made_while_the_key_is_changed_holds() -> None:
    """The checkpoint is signed by both keys then: the bundle is that of the one which signs its statement."""
    whole = succeeded_at_the_ends(3)
    made = bundle_of(whole.cases[0], whole.files.store, whole.log, SECOND)
    assert whole.log.keys.current == THIRD.verifier
    for known in (SIGNER, SECOND):
        assert checked(made.written, known.verifier).signed.keys.current == SECOND.verifier


def test_a_bundle_says_itself_that_it_contradicts_a_change_of_keys() -> None:
    """The first key's own signature in the file is what a later key has rewritten; without the check it would pass."""
    others = [one for one in CHECKS if one is not as_handed_over]
    for forge, said in (
        (rewritten, ["没有与换钥时封存83条衔接的证明", "换钥时封存83条的根不同：日志后来被改写过"]),
        (shorter, ["换钥时已封存83条，这里只有1条：日志被截短过"]),
        (not_linked, ["没有与换钥时封存83条衔接的证明", "没有与换钥时封存125条衔接的证明"]),
    ):
        for (forged, _), words in zip(forge(succeeded(3)), said, strict=False):
            with pytest.raises(BundleRefused, match=words):
                checked(forged.written)
            assert reason(forged.written, others) is None
    for forge, words in ((in_a_circle, "换上的密钥这份日志已经用过"), (backwards, "换钥声明互相矛盾")):
        for forged, _ in forge(succeeded(3)):
            with pytest.raises(BundleRefused, match=words):
                checked(forged.written)


def test_a_log_whose_key_was_never_changed_has_bundles_of_the_first_form() -> None:
    header = operator(3).bundle(operator(3).cases[0]).header
    assert (header.form, b"successions" in header.written) == ("bidao/bundle/1", False)


def test_it_is_held_against_checkpoints_that_others_kept() -> None:
    whole = operator(3)
    assert list(whole.log.earlier()) == [], "what the log itself no longer keeps"
    small, middle, _ = whole.kept
    [first, second, last] = [one.signed(SIGNER) for one in whole.kept]
    linked = whole.bundle(whole.cases[0], earlier=[small, middle]).written
    assert checked(linked, None, [first, second, last])
    with pytest.raises(BundleRefused, match=f"没有与封存{small.size}条时衔接的证明"):
        checked(whole.bundle(whole.cases[0], earlier=[middle]).written, None, [first])
    another = Checkpoint(small.origin, small.size, bytes(32), small.position)
    for wrong, why in (
        (another.signed(SIGNER), f"封存{small.size}条时的根不同"),
        (small.signed(IMPOSTOR), "没有“example.org/log”的签名"),
        ("anything", "不是签过名的文本"),
    ):
        with pytest.raises(BundleRefused, match=why) as no:
            checked(linked, None, [wrong])
        assert no.value.reason is Reason.AGAINST


def test_none_is_made_of_what_is_not_sealed_or_not_as_it_was() -> None:
    whole = operator(3)
    alone = Operator(whole.rows[:100])
    with pytest.raises(NotFound):
        bundle_of(whole.cases[-1], alone.files.store, alone.log, SIGNER)
    later = whole.rows[100]
    alone.files.store.insert_events([later])
    with pytest.raises(NotSealed, match=f"第{later.originator_version}版还没有封存"):
        alone.bundle(cast(UUID, later.originator_id))
    rows = list(whole.rows)
    rows[0] = with_state(rows[0], rows[0].state + b" ")
    another = Operator(rows)
    with pytest.raises(LogBroken, match="与封存时不同"):
        bundle_of(cast(UUID, rows[0].originator_id), another.files.store, whole.log, SIGNER)
    [strange] = another.kept
    with pytest.raises(LogBroken, match="检查点不符"):
        whole.bundle(whole.cases[0], earlier=[strange])


@pytest.mark.parametrize(("form", "changes"), [(1, 0), (2, 2)])
def test_a_bundle_once_handed_out_holds_for_ever(form: int, changes: int) -> None:
    """The files in `stored` are never edited or made again; whoever writes a verifier tries it on those."""
    file = (Path(__file__).parent / "stored" / f"bundle-{form}.jsonl").read_bytes()
    found = checked(file)
    assert found.signed.keys.changes_since(KNOWN) == changes
    assert len(found.bundle.header.earlier) == 2
    assert any(None in event.field_keys.values() for event in found.bundle.events)
    assert sum(map(len, found.opened)) > 5
    assert None not in lines_of(found)
    assert str(KNOWN) in (Path(bundles.__file__).parent / "FORMAT.md").read_text("utf-8")
