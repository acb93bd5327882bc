"""The steps of whoever takes a bundle along, checks it with nothing else, and of whoever tampers with it before."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from pytest_bdd import parsers, step, then, when

from domain.telling import tell
from projections.transparency.bundle_checking import check
from projections.transparency.bundle_reading import lines_of, names_of
from projections.transparency.bundles import BundleRefused, read
from projections.transparency.heads import Head
from projections.transparency.notes import Signer, Verifier
from tests.drivers import Handed, Json
from tests.steps.looking import STEPS, rows
from tests.steps.world import World

Table = list[list[str]]


@step(parsers.re(r'检查组取走(?:"(?P<case>[^"]*)"的)?案卷包'))
def _(world: World, case: str | None) -> None:
    world.take_along(case)


@when(parsers.re(r"有人把案卷包(?P<done>抽掉|对调|截去|重新|第)(?P<what>.*)"))
def _(world: World, done: str, what: str) -> None:
    file, key = world.handed
    header, *events = file.splitlines(keepends=True)
    versions = [int(digits) - 1 for digits in re.findall(r"\d+", what)]
    if done == "抽掉":
        del events[versions[0]]
    elif done == "对调":
        one, other = versions
        events[one], events[other] = events[other], events[one]
    elif done == "第":
        [at] = versions
        events[at] = re.sub(rb'"stored":"(..)(.)', rb'"stored":"\1' + _other(events[at]), events[at], count=1)
    elif done == "重新":
        header = _signed_anew(header, len(events), key)
    tampered = b"".join([header, *events])
    world.handed = Handed(tampered[:-9] if done == "截去" else tampered, key)


@when(parsers.re(r'有人用"(?P<case>[^"]*)"的第(?P<version>\d+)版顶替案卷包的第\d+版'))
def _(world: World, case: str, version: str) -> None:
    file, key = world.handed
    world.take_along(case)
    lines, others = (one.splitlines(keepends=True) for one in (file, world.handed.file))
    lines[int(version)] = others[int(version)]
    world.handed = Handed(b"".join(lines), key)


@then("检查组核对无误，从头到尾是")
def _(world: World, datatable: Table) -> None:
    checked = check(read(BytesIO(world.handed.file)), Verifier.parse(world.handed.key))
    lines = [line for line in lines_of(checked) if line is not None]
    assert len(lines) == len(checked.bundle.events)
    names = names_of(lines)
    told: list[Json] = [
        line.model_dump(mode="json", include={"actor", "occurred_at", "recorded_at", "effective_at"})
        | {"label": line.event.label, "sentence": tell(line.event, names)}
        for line in lines
    ]
    assert rows(told, STEPS, datatable) == datatable[1:]


@then(parsers.re(r'检查组核对无误，第(?P<nth>\d+)步写着"(?P<word>[^"]*)"'))
def _(world: World, nth: str, word: str) -> None:
    assert word in read_off(world)[int(nth) - 1]


@then(parsers.parse('案卷包里没有"{word}"'))
def _(world: World, word: str) -> None:
    assert word.encode() not in world.handed.file
    assert word not in "".join(read_off(world))


@then(parsers.re('检查组核对不过，理由"(?P<sentence>[^"]*)"'))
def _(world: World, sentence: str) -> None:
    with pytest.raises(BundleRefused) as no:
        check(read(BytesIO(world.handed.file)), Verifier.parse(world.handed.key))
    assert str(no.value) == sentence


def read_off(world: World) -> list[str]:
    """What each version of the bundle says, once it was checked."""
    checked = check(read(BytesIO(world.handed.file)), Verifier.parse(world.handed.key))
    lines = [line for line in lines_of(checked) if line is not None]
    assert len(lines) == len(checked.bundle.events)
    return [line.event.model_dump_json(warnings=False) for line in lines]


def _other(line: bytes) -> bytes:
    """Another letter than the third of what is stored."""
    found = re.search(rb'"stored":"..(.)', line)
    assert found is not None
    return b"A" if found[1] != b"A" else b"B"


def _signed_anew(line: bytes, versions: int, key: str) -> bytes:
    """By somebody who takes the log's name for theirs."""
    header = read(BytesIO(line)).header
    impostor = Signer.new(Verifier.parse(key).name)
    text = header.checkpoint.partition("\n\n")[0] + "\n"
    stream, size = header.head.split("\n")[1], int(text.split("\n")[1])
    head = Head(stream, versions, size).signed(impostor)
    forged = {"key": str(impostor.verifier), "checkpoint": impostor.signed(text), "head": head}
    return header.model_copy(update=forged).written
