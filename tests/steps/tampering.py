"""The steps of whoever has the password of the database, and of the check that tells what they did."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from pytest_bdd import parsers, step, then, when

from domain.casework.recorders import Stored
from projections.transparency.verifying import Fault, KeptOutside
from tests.sealing import kept_checkpoint, seal, seal_anew, verified
from tests.steps.cast import PEOPLE
from tests.steps.words import NAME
from tests.steps.world import World
from tests.transparency.rewriting import LETTER

Rows = list[Stored]
CASE = r'"(?P<case>[^"]*)"'
TAMPER = r"有人拿数据库的口令"


@step("全部案卷已封存")
def _(world: World) -> None:
    world.nothing_unsaid()
    seal(world.service.settings, world.service.store)


@step("检查组留下检查点")
def _(world: World) -> None:
    world.checkpoint = kept_checkpoint(world.service.settings)


@when(parsers.re(rf"{TAMPER}改了{CASE}第(?P<nth>\d+)步的一个字"))
def _(world: World, case: str, nth: str) -> None:
    def reworded(state: bytes) -> bytes:
        *_, last = LETTER.finditer(state)
        return state[: last.start()] + (b"b" if last[0] == b"a" else b"a") + state[last.end() :]

    restate(world, case, nth, reworded)


@when(parsers.re(rf"{TAMPER}把{CASE}第(?P<nth>\d+)步记成(?P<who>{NAME.pattern})办的"))
def _(world: World, case: str, nth: str, who: str) -> None:
    actor = f'"actor":"{PEOPLE[who]}"'.encode()
    restate(world, case, nth, lambda state: re.sub(rb'"actor":"[^"]*"', actor, state, count=1))


@when(parsers.re(rf"{TAMPER}把{CASE}第(?P<nth>\d+)步的日期提前一天"))
def _(world: World, case: str, nth: str) -> None:
    restate(world, case, nth, lambda state: state.replace(b"2026-03-02", b"2026-03-01"))


@when(parsers.re(rf"{TAMPER}对调{CASE}第(?P<one>\d+)步和第(?P<other>\d+)步"))
def _(world: World, case: str, one: str, other: str) -> None:
    rows = world.stored()
    first, second = (at(world, rows, case, nth) for nth in (one, other))
    rows[first], rows[second] = replace(rows[second], id=rows[first].id), replace(rows[first], id=rows[second].id)
    world.rewrite(rows)


@when(parsers.re(rf"{TAMPER}抽掉{CASE}第(?P<nth>\d+)步(?P<closed>，后面的补上来)?"))
def _(world: World, case: str, nth: str, closed: str | None) -> None:
    rows = world.stored()
    gone = rows.pop(place := at(world, rows, case, nth))
    if closed:
        rows[place:] = [
            replace(
                row,
                id=row.id - 1,
                originator_version=row.originator_version - (row.originator_id == gone.originator_id),
            )
            for row in rows[place:]
        ]
    world.rewrite(rows)


@step("又拿签名的钥匙重新封存")
def _(world: World) -> None:
    seal_anew(world.service.settings, world.service.store)


@then("核对无误，与封存时一致")
def _(world: World) -> None:
    world.nothing_unsaid()
    assert verified(world.service.settings, world.service.store) is None


@then(parsers.re(rf"核对不过，指出{CASE}的第(?P<nth>\d+)步"))
def _(world: World, case: str, nth: str) -> None:
    fault = found(world)
    assert (fault.stream, fault.version) == (world.ids[case], int(nth)), fault
    assert "与封存时不同" in fault.sentence


@then(parsers.re(r"核对不过，末尾少了(?P<count>\d+)条"))
def _(world: World, count: str) -> None:
    fault = found(world)
    assert (fault.stream, fault.leaf) == (None, len(world.stored()))
    assert f"以后的{count}条事件" in fault.sentence


@then("按检查组留下的检查点，核对不过")
def _(world: World) -> None:
    assert "日志和库一起被改动过" in found(world, KeptOutside([world.checkpoint] if world.checkpoint else [])).sentence


def found(world: World, outside: KeptOutside | None = None) -> Fault:
    fault = verified(world.service.settings, world.service.store, outside or KeptOutside())
    assert fault is not None, "核对无误，没有发现。"
    return fault


def at(world: World, rows: Rows, case: str, nth: str) -> int:
    """Where a step of a case is in the whole store."""
    stream = UUID(world.ids[case])
    [place] = [
        place for place, row in enumerate(rows) if (row.originator_id, row.originator_version) == (stream, int(nth))
    ]
    return place


def restate(world: World, case: str, nth: str, change: Callable[[bytes], bytes]) -> None:
    """What a step says, in other bytes."""
    rows = world.stored()
    place = at(world, rows, case, nth)
    changed = change(rows[place].state)
    assert changed != rows[place].state, "什么也没改。"
    rows[place] = replace(rows[place], state=changed)
    world.rewrite(rows)
