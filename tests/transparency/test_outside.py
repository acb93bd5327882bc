"""Checkpoints handed to whoever keeps them outside: each gets the newest, in their time, and holds up nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import httpx
import pytest
from pydantic import ValidationError

from api.opening import open_case_files
from api.outside.handing import Outside, handed
from api.outside.places import MINUTE, Folder
from api.settings import Settings
from domain.casework import durable
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.sealing import Log
from tests.api.receiver import Receiver, answering, receiving
from tests.api.terminal import Terminal
from tests.api.visitor import Clock, Visitor
from tests.histories import history, store
from tests.outside.tsa import Authority, serving_stamps
from tests.projections.waiting import until
from tests.server import serving, settings_for
from tests.transparency.operator import SIGNER
from tests.transparency.watching import sealed

EVENTS = list(history(3))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class Desk:
    """One process that hands over, a log it can grow, and a clock it can turn."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.now, self.leads = settings, 1_800_000_000.0, True
        durable.make(settings.log_key, SIGNER.written.encode())
        self.open()

    def open(self) -> None:
        """As a process that starts."""
        self.outside = Outside(self.settings, lambda: self.leads, lambda: self.now)

    def seal(self, size: int) -> str:
        """The checkpoint once there are so many events."""
        log = Log(self.settings.log_folder, SIGNER.verifier)
        with closing(open_case_files(self.settings)) as files:
            store(files, EVENTS[files.store.max_notification_id() : size])
            log.seal(files.store, SIGNER)
        return log.note or ""

    def hand(self) -> None:
        """Each place once, if it is time."""
        for place in self.outside.places:
            asyncio.run(self.outside.hand(place))

    def error(self, nth: int = 0) -> str | None:
        return handed(self.settings.outside, self.outside.places[nth]).error


@pytest.fixture
def worm(tmp_path: Path) -> Path:
    """A folder on somebody else's disk."""
    folder = tmp_path / "worm share"
    folder.mkdir()
    return folder


@pytest.fixture
def desk(tmp_path: Path, receiver: Receiver, worm: Path) -> Desk:
    holders = f"{receiver.url}, {worm.as_uri()}"
    return Desk(settings_for(tmp_path / "data", holders=holders))


def test_each_has_the_newest_checkpoint_and_at_most_one_a_minute(desk: Desk, receiver: Receiver, worm: Path) -> None:
    desk.hand()
    first = desk.seal(10)
    desk.hand()
    desk.hand()
    assert [post.body.decode() for post in receiver.posts] == [first]
    assert Checkpoint.opened(first, SIGNER.verifier).size == 10
    desk.seal(11)
    desk.now += MINUTE - 1
    desk.hand()
    desk.open()  # started anew, it remembers
    desk.hand()
    assert len(receiver.posts) == 1
    last = desk.seal(12)
    desk.now += 1
    desk.hand()
    assert [post.body.decode() for post in receiver.posts] == [first, last]
    desk.now += MINUTE
    desk.hand()  # nothing is new
    assert len(receiver.posts) == 2
    assert {path.name: path.read_text() for path in worm.iterdir()} == {"10": first, "12": last}


def test_a_clock_set_back_holds_nothing_up(desk: Desk, receiver: Receiver) -> None:
    desk.seal(10)
    desk.hand()
    desk.now -= 3600
    desk.seal(11)
    desk.hand()
    assert len(receiver.posts) == 2


def test_only_who_seals_hands_over(desk: Desk, receiver: Receiver, worm: Path) -> None:
    desk.leads = False
    desk.seal(10)
    desk.hand()
    assert not receiver.posts
    assert not list(worm.iterdir())


def test_who_does_not_take_it_is_asked_again_later_and_later_still(desk: Desk, receiver: Receiver, worm: Path) -> None:
    receiver.answers = answering(503)
    desk.seal(10)
    desk.hand()
    assert (desk.error(), desk.outside.failing(), len(list(worm.iterdir()))) == ("答复 503", 1, 1)
    for nth, (wait, come) in enumerate([(0.5, 1), (0.5, 2), (1.0, 2), (1.0, 3)]):
        desk.now += wait
        desk.hand()
        assert len(receiver.posts) == come, nth
    receiver.answers = answering(None)
    desk.now += MINUTE
    desk.hand()
    assert desk.error() == "连不上"
    receiver.answers = answering(204)
    last = desk.seal(20)
    desk.now += MINUTE
    desk.hand()
    assert (desk.error(), desk.outside.failing(), receiver.posts[-1].body.decode()) == (None, 0, last)


def test_what_lies_in_a_folder_is_never_overwritten(desk: Desk, worm: Path) -> None:
    (worm / "10").write_text("another checkpoint\n\nsigned\n")
    desk.seal(10)
    desk.hand()
    assert "那里已有另一个封存10条的检查点" in (desk.error(1) or "")
    assert (worm / "10").read_text().startswith("another")
    worm.rename(worm.with_name("gone"))
    desk.now += MINUTE
    desk.hand()
    assert "没有这个目录" in (desk.error(1) or "")
    assert not worm.exists()


def test_a_checkpoint_that_a_later_key_has_signed_as_well_is_the_same(worm: Path) -> None:
    folder = Folder(worm.as_uri())
    note = Checkpoint("example.org/log", 7, bytes(32), 7).signed(SIGNER)
    asyncio.run(folder.take(7, note))
    asyncio.run(folder.take(7, SIGNER.cosigned(note)))
    assert (worm / "7").read_text() == note


@pytest.mark.parametrize(
    "holders",
    ["http://archive.example.cn/", "archive.example.cn", "file:worm", "file://host/worm", "https://", "http://[::1"],
)
def test_an_address_that_others_can_read_or_that_is_none_is_refused(tmp_path: Path, holders: str) -> None:
    with pytest.raises(ValidationError, match="BIDAO_HOLDERS"):
        settings_for(tmp_path, holders=holders)
    with pytest.raises(ValidationError, match="BIDAO_STAMP_URL"):
        settings_for(tmp_path, stamp_url="file:/tsa")
    good = settings_for(tmp_path, holders="https://a.example.cn/x?token=t, http://127.0.0.1:9/, file:/mnt/worm")
    assert len(good.holders) == 3
    assert "token" not in repr(good)
    assert [place.name for place in Outside(good, lambda: True).places] == [
        *("a.example.cn", "127.0.0.1:9", "/mnt/worm")
    ]


def test_the_doctor_tells_who_has_what(
    desk: Desk, receiver: Receiver, worm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIDAO_HOLDERS", f"{receiver.url},{worm.as_uri()}")
    terminal = Terminal(desk.settings)
    with closing(open_case_files(desk.settings)) as files:
        store(files, EVENTS[:5])
    assert "却还没有检查点" in terminal.run("doctor").output
    desk.seal(10)
    assert f"{worm} 还没有检查点，共封存10条，没有进展：请启动服务" in terminal.run("doctor").output
    receiver.answers = answering(503)
    desk.hand()
    told = terminal.run("doctor").output
    assert f"{worm} 有封存10条的检查点，共封存10条" in told
    assert "还没有检查点，共封存10条；最近1次没有交到：答复 503" in told
    assert "/duty" not in told


def test_the_service_hands_over_and_stamps(tmp_path: Path, receiver: Receiver, worm: Path) -> None:
    authority = Authority(tmp_path / "tsa")
    with serving_stamps(authority) as tsa:
        holders = f"{receiver.url},{worm.as_uri()}"
        settings = settings_for(tmp_path / "data", holders=holders, stamp_url=tsa, tsa_cert=authority.root)
        assert Terminal(settings).run("keys", "init", "hecheng.example.cn/bidao").exit_code == 0
        with serving(settings) as url, httpx.Client(base_url=url, timeout=60) as client:
            receiver.wait(len)
            until(lambda: any(worm.iterdir()) and any(settings.log_folder.glob("stamps/*.tsr")))
            until(lambda: client.get("/readyz").json()["outside"] == {"places": 3, "failing": 0})
    assert "1 个时间戳无误" in Terminal(settings).run("verify", "log", "--tsa-cert", authority.root).output
    kept = tmp_path / "kept"
    kept.write_bytes(receiver.posts[0].body)
    assert "与另存的 1 个检查点" in Terminal(settings).run("verify", "log", "--against", kept).output


def test_who_does_not_answer_holds_up_neither_commands_nor_sealing_nor_the_end(
    tmp_path: Path, receiver: Receiver, worm: Path
) -> None:
    asked, never = Event(), Event()

    def hang(_: object) -> None:
        asked.set()
        never.wait()

    receiver.answers = hang
    settings = settings_for(tmp_path / "data", holders=f"{receiver.url},file:/nowhere/at/all,{worm.as_uri()}")
    assert Terminal(settings).run("keys", "init", "hecheng.example.cn/bidao").exit_code == 0
    try:
        with serving(settings) as url, httpx.Client(base_url=url, timeout=60) as client:
            assert asked.wait(60)
            door = Visitor(client, Clock())
            assert door.report().status_code == 201
            until(lambda: sealed(door))
            until(lambda: any(worm.iterdir()))
            until(lambda: client.get("/readyz").json()["outside"] == {"places": 3, "failing": 1})
            assert "bidao_log_outside 3.0\n" in client.get("/metrics").text
            assert "bidao_log_outside_failing 1.0\n" in client.get("/metrics").text
            assert not never.is_set()
    finally:
        never.set()
