"""盲索引 on every store: who is found, who is found no more, and that it is the same however it came about."""

from __future__ import annotations

import pytest

from domain.casework.erasing import Erasing
from domain.casework.index_keys import OWNER, IndexKey, IndexKeys, normalised
from domain.casework.kept_keys import DESTROYED
from domain.casework.rewrapping import rewrap
from domain.erasure import ApproveErasure, Ground, RequestErasure
from domain.incident import commands as c
from domain.incident.events.coordination import Attendance, Promise
from domain.incident.events.redaction import Redaction
from domain.incident.words import Capacity, Stage
from domain.model import Minor, Person
from domain.territory import Level
from projections import blind_index, index_tables
from projections.naming import ViewUnderway
from projections.scope import Scope
from tests.casework.office import caller_of
from tests.finding.finder import Finder
from tests.rules.scene import (
    CASE,
    COLLEAGUE,
    DISTRICT,
    MORNING,
    OFFICER,
    OTHER,
    RESIDENT,
    SECRETARY,
    days,
    report,
    until,
)

pytestmark = pytest.mark.anyio
NAME, PHONE, PARTY, PROMISER = "曾竹英", "13900000123", "璩翾翀", "犇鑫"
MOTHER, CHILD, BROTHER = "覃母", "小名", "曾竹青"
ZENG = Person(subject=RESIDENT.id, name=NAME, phone=PHONE)
REPORT = RESIDENT(report(reporter=ZENG))
TEN_YEARS = days(3653)


async def test_reporter_and_whoever_it_is_about_are_found(finder: Finder) -> None:
    child = Minor(subject="s-child", name=CHILD, guardian=Person(subject="s-mother", name=MOTHER, phone="13700000001"))
    brother = Person(subject="s-brother", name=BROTHER, phone="13700000002")
    await finder.process.do(
        RESIDENT(report(reporter=ZENG, on_behalf_of=brother)),
        OFFICER(report(reporter=None, on_behalf_of=child), of=OTHER),
    )
    for name, phone, where in ((NAME, PHONE, CASE), (BROTHER, "13700000002", CASE), (MOTHER, "13700000001", OTHER)):
        assert finder.found(name) == finder.found(phone, "phone") == [where], name
    assert finder.found(PHONE) == finder.found(NAME, "phone") == []


async def test_a_child_is_not_found_by_its_name(finder: Finder) -> None:
    """It is sensitive: read for a stated purpose alone, and recorded."""
    child = Minor(subject="s-child", name=CHILD, guardian=Person(subject="s-mother", name=MOTHER))
    await finder.process.do(OFFICER(report(on_behalf_of=child)))
    assert finder.found(MOTHER) == [CASE], "else nothing is shown"
    assert finder.found(CHILD) == []


def held(one: str, other: str = "业主代表", promised: tuple[Promise, ...] = ()) -> c.HoldMeeting:
    seats = ((Capacity.PARTY, one), (Capacity.OWNERS, other))
    attendance = tuple(Attendance(capacity=capacity, name=name) for capacity, name in seats)
    return c.HoldMeeting(attendance=attendance, agreement="恢复原状", commitments=promised)


async def test_whoever_came_or_promised_is_found(finder: Finder) -> None:
    promise = Promise(who=PROMISER, what="恢复原状", due=MORNING + days(30))
    meeting = SECRETARY(held(PARTY, promised=(promise,)))
    await finder.process.do(*until(Stage.HANDLING), meeting)
    assert finder.found(PARTY) == finder.found(PROMISER) == [CASE]


@pytest.mark.parametrize(
    ("kind", "said", "written"),
    [
        ("phone", "13900000123", "139 0000 0123"),
        ("phone", "13900000123", "139-0000-0123"),
        ("phone", "13900000123", "+86 13900000123"),
        ("phone", "+86-13900000123", "13900000123"),
        ("phone", "13900000123", "１３９０００００１２３"),
        ("phone", "0745-2345678", "07452345678"),
        ("name", "曾竹英", "曾 竹　英"),
        ("name", "ＡＢ", "AB"),
    ],
)
def test_the_same_however_it_is_written(kind: str, said: str, written: str) -> None:
    assert normalised(kind, said) == normalised(kind, written)


def test_another_person_is_another_token() -> None:
    key, other = IndexKey(1, "", b"k" * 32), IndexKey(1, "", b"l" * 32)
    tokens = {
        key.token("phone", "13900000123"),
        key.token("phone", "13900000124"),
        key.token("name", "13900000123"),
        other.token("phone", "13900000123"),
    }
    assert len(tokens) == 4
    assert {len(token) * 4 for token in tokens} == {128}


async def test_only_within_the_scope(finder: Finder) -> None:
    await finder.process.do(REPORT, COLLEAGUE(report(reporter=ZENG, grid="grid-2"), of=OTHER))
    assert set(finder.found(NAME)) == {CASE, OTHER}
    assert finder.found(NAME, scope=Scope.of("grid-2", Level.GRID)) == [OTHER]
    assert finder.found(NAME, scope=Scope.of("grid-of-street", Level.GRID)) == []


async def test_it_holds_nothing_that_can_be_read(finder: Finder) -> None:
    await finder.process.do(REPORT)
    finder.follow()
    told = str(finder.rows())
    assert RESIDENT.id in told, "else nothing is shown"
    assert NAME not in told
    assert PHONE not in told


async def ready(finder: Finder, *redacted: int) -> Erasing:
    """An archived case whose reporter asked to be forgotten, and of those who came to the meeting some are redacted."""
    meeting = SECRETARY(held(PARTY, NAME))
    await finder.process.do(*until(Stage.ARCHIVED, meanwhile={Stage.HANDLING: (meeting,)}, reporter=ZENG))
    request = RequestErasure(subject=RESIDENT.id, ground=Ground.CONSENT_WITHDRAWN)
    await finder.process.casework.enact(request, caller_of(RESIDENT, "request"))
    held_in = next(line.version for line in await finder.process.lines() if line.event.type == "incident.meeting_held")
    covered = [Redaction(version=held_in, field=f"attendance.{nth}.name", text="一名住户") for nth in redacted]
    await finder.process.do(SECRETARY(c.RedactText(subject=RESIDENT.id, redactions=tuple(covered))))
    return Erasing(finder.process.casework)


async def test_whoever_is_forgotten_is_in_it_no_more(finder: Finder) -> None:
    """Restricted or erased: the name is kept for ten years, and found by nobody."""
    erasing = await ready(finder, 1)
    assert finder.found(PHONE, "phone") == [CASE]
    assert RESIDENT.id in str(finder.rows()), "else nothing is shown"
    await erasing.enact(APPROVE, caller_of(DISTRICT, "approve"))
    for later in (days(0), TEN_YEARS):
        finder.process.office.now += later
        for subject in erasing.due():
            await erasing.conclude(subject)
        assert finder.found(PHONE, "phone") == finder.found(NAME) == []
        assert finder.found(PARTY) == [CASE]
        assert RESIDENT.id not in str(finder.rows())
        finder.begin_again()
        assert finder.found(PHONE, "phone") == finder.found(NAME) == []
        assert RESIDENT.id not in str(finder.rows())


async def test_an_index_that_is_behind_finds_nobody(finder: Finder) -> None:
    """So that whoever was forgotten before the question is not among the answers to it."""
    erasing = await ready(finder)
    assert finder.found(PHONE, "phone") == [CASE]
    await erasing.enact(APPROVE, caller_of(DISTRICT, "approve"))
    with pytest.raises(AssertionError, match="behind"):
        finder.found_now(PHONE, "phone")


async def test_what_was_redacted_is_found_no_more(finder: Finder) -> None:
    """The one who came with them still is; and so is the reporter of that name, in their own name."""
    await ready(finder, 0)
    assert finder.found(PARTY) == []
    assert finder.found(NAME) == [CASE]


async def test_whoever_is_restricted_and_named_again_is_not_found(finder: Finder) -> None:
    erasing = await ready(finder, 1)
    await erasing.enact(APPROVE, caller_of(DISTRICT, "approve"))
    nameless = Person(subject=RESIDENT.id, name=NAME)
    await finder.process.do(OFFICER(report(reporter=nameless), of=OTHER))
    assert finder.found(NAME) == []


@pytest.mark.parametrize("page", [1, 2, 1_000])
async def test_it_is_the_same_made_again_in_any_pages(
    finder: Finder, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    erasing = await ready(finder, 1)
    finder.follow()
    await finder.process.do(OFFICER(report(reporter=Person(subject="s-lin", name="林邻居")), of=OTHER))
    finder.follow()
    await erasing.enact(APPROVE, caller_of(DISTRICT, "approve"))
    finder.follow()
    before = finder.rows()
    monkeypatch.setattr(blind_index, "PAGE", page)
    finder.begin_again()
    finder.follow()
    assert finder.rows() == before
    assert len(before) == 2, "s-lin, the one who came, and no more"


async def test_there_is_no_index_before_it_was_made(finder: Finder) -> None:
    await finder.process.do(REPORT)
    with pytest.raises(ViewUnderway, match="blind_index"):
        finder.found_now(NAME)


async def test_rewrapping_makes_it_again_with_another_key(finder: Finder) -> None:
    await finder.process.do(REPORT)
    assert finder.found(NAME) == [CASE]
    before = finder.rows()
    store, wrapping = finder.files.store, finder.files.keyring.wrapping
    rewrap(store, wrapping, lambda _: None, 0.0, finder.follow)
    assert finder.found_now(NAME) == [CASE]
    after = finder.rows()
    assert len(after) == len(before)
    assert not {row[1] for row in after} & {row[1] for row in before}
    old, new = sorted(store.select_keys([OWNER]))
    assert (old.wrapped, wrapping.is_newest(new.wrapped)) == (DESTROYED, True)


async def test_broken_off_it_is_found_meanwhile_and_rewrapped_again(finder: Finder) -> None:
    await finder.process.do(REPORT)
    finder.follow()
    store, wrapping = finder.files.store, finder.files.keyring.wrapping

    def breaks() -> None:
        assert finder.found_now(NAME) == [CASE]
        finder.views.index.step()
        assert finder.found_now(NAME) == [CASE]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rewrap(store, wrapping, lambda _: None, 0.0, breaks)
    assert finder.found(NAME) == [CASE]
    rewrap(store, wrapping, lambda _: None, 0.0, finder.follow)
    assert finder.found_now(NAME) == [CASE]
    assert len(IndexKeys(store, wrapping).live()) == 1
    assert {row[0] for row in finder.rows()} == {3}


async def test_renewed_piece_by_piece_nothing_is_left_of_the_one_before(
    finder: Finder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_tables, "PIECE", 1)
    await finder.process.do(REPORT, OFFICER(report(reporter=Person(subject="s-lin", name="林邻居")), of=OTHER))
    finder.follow()
    before = finder.rows()
    finder.views.index.renew()
    assert finder.found_now(NAME) == [CASE]
    after = finder.rows()
    assert {row[0] for row in after} == {2}
    assert [row[2:] for row in sorted(after, key=lambda row: row[2:])] == [
        row[2:] for row in sorted(before, key=lambda row: row[2:])
    ]


async def test_rewrapped_by_whoever_has_no_views_it_is_made_by_those_who_do(finder: Finder) -> None:
    await finder.process.do(REPORT)
    finder.follow()
    rewrap(finder.files.store, finder.files.keyring.wrapping, lambda _: None, 0.0)
    with pytest.raises(ViewUnderway):
        finder.found_now(NAME)
    assert finder.found(NAME) == [CASE]
    assert {row[0] for row in finder.rows()} == {2}


async def test_of_processes_that_begin_at_once_all_have_the_same_key(finder: Finder) -> None:
    store, wrapping = finder.files.store, finder.files.keyring.wrapping
    one, other = IndexKeys(store, wrapping), IndexKeys(store, wrapping)
    first = one.make()
    assert not store.put_key(store.select_keys([OWNER])[0])
    assert other.live() == [first]


APPROVE = ApproveErasure(subject=RESIDENT.id)


async def test_what_is_redacted_in_one_spelling_is_found_by_the_other_that_stays(finder: Finder) -> None:
    """As the index has it that is made again from the first event; and not once both are redacted."""
    meeting = SECRETARY(held("王 某人", "王某人"))
    await finder.process.do(*until(Stage.ARCHIVED, meanwhile={Stage.HANDLING: (meeting,)}, reporter=ZENG))
    request = RequestErasure(subject=RESIDENT.id, ground=Ground.CONSENT_WITHDRAWN)
    await finder.process.casework.enact(request, caller_of(RESIDENT, "request"))
    lines = await finder.process.lines()
    version = next(line.version for line in lines if line.event.type == "incident.meeting_held")
    for number, there in enumerate(([CASE], [])):
        assert finder.found("王某人") == [CASE]
        one = Redaction(version=version, field=f"attendance.{number}.name", text="一名住户")
        await finder.process.do(SECRETARY(c.RedactText(subject=RESIDENT.id, redactions=(one,))))
        assert finder.found("王某人") == there
        finder.begin_again()
        assert finder.found("王某人") == there


@pytest.mark.parametrize(
    "written", ["8613800000000", "86 138 0000 0000", "138.0000.0000", "（138）00000000", "+86 (138) 0000．0000"]
)
def test_a_mobile_number_is_one_however_it_is_written(written: str) -> None:
    assert normalised("phone", written) == "13800000000"


@pytest.mark.parametrize("number", ["86138000", "8601012345678", "861380000000", "86138000000001"])
def test_what_only_begins_like_the_country_is_left_as_it_is(number: str) -> None:
    assert normalised("phone", number) == number
