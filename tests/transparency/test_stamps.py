"""Stamps (RFC 3161) by a local authority: what holds, and what is refused with which reason."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from api.opening import open_case_files
from api.settings import Settings
from projections.transparency.stamps import RESPONSE, Stamped, StampInvalid, certificates, query_for
from tests.api.receiver import answering, receiving
from tests.api.terminal import Terminal
from tests.histories import history, store
from tests.outside.tsa import Authority, serving_stamps
from tests.server import settings_for
from tests.transparency.operator import with_state

NOTE = b"example.org/log\n1\n...\n"
ALTERED = 400
EVENTS = list(history(3))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "authority")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "stranger")


@pytest.fixture(scope="module")
def stamped(authority: Authority) -> Stamped:
    return Stamped(1, NOTE, authority.stamp(query_for(NOTE).as_bytes()))


def why_not(stamped: Stamped, authority: Authority) -> str:
    with pytest.raises(StampInvalid) as no:
        stamped.moment(certificates(authority.root))
    return str(no.value)


def test_a_stamp_says_when_its_checkpoint_existed(stamped: Stamped, authority: Authority) -> None:
    """By the clock of the machine, which openssl goes by, whatever date the tests are run as."""
    moment = stamped.moment(certificates(authority.root))
    made = datetime.fromtimestamp(authority.root.stat().st_mtime, UTC)
    assert timedelta(seconds=-2) < moment - made < timedelta(hours=1)


def test_another_checkpoint_or_authority_is_refused_with_the_reason(
    stamped: Stamped, authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    assert "盖的不是这个检查点" in why_not(stamped._replace(note=NOTE.replace(b"1", b"2")), authority)
    assert "不是所给证书的机构盖的" in why_not(stamped, stranger)
    assert "读不懂" in why_not(stamped._replace(response=stamped.response[:-1]), authority)
    nonsense = tmp_path / "nonsense.pem"
    with pytest.raises(StampInvalid, match="读不了"):
        certificates(nonsense)
    nonsense.write_text("nonsense")
    with pytest.raises(StampInvalid, match="不是证书"):
        certificates(nonsense)


def test_an_altered_response_is_refused_or_says_the_same(stamped: Stamped, authority: Authority) -> None:
    """A version number or the name of an algorithm, which nobody signs, may differ; what is said may not."""
    trusted, draw, refused = certificates(authority.root), Random(1), 0
    moment = stamped.moment(trusted)
    for _ in range(ALTERED):
        altered = bytearray(stamped.response)
        altered[draw.randrange(len(altered))] ^= 1 << draw.randrange(8)
        try:
            assert stamped._replace(response=bytes(altered)).moment(trusted) == moment
        except StampInvalid:
            refused += 1
    assert refused > ALTERED * 0.9


def test_an_altered_signature_and_an_altered_moment_are_refused(stamped: Stamped, authority: Authority) -> None:
    response = bytearray(stamped.response)
    response[-1] ^= 1
    assert "签名不对" in why_not(stamped._replace(response=bytes(response)), authority)
    year = f"{stamped.moment(certificates(authority.root)):%Y%m%d}".encode()
    assert year in stamped.response
    backdated = stamped.response.replace(year, b"20200101")
    assert "签名不对" in why_not(stamped._replace(response=backdated), authority)


@pytest.fixture
def settings(tmp_path: Path, authority: Authority) -> Iterator[Settings]:
    with serving_stamps(authority) as url:
        yield settings_for(tmp_path / "data", stamp_url=url)


@pytest.fixture
def terminal(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    assert settings.stamp_url
    monkeypatch.setenv("BIDAO_STAMP_URL", settings.stamp_url.get_secret_value())
    with closing(open_case_files(settings)) as files:
        store(files, EVENTS)
    return Terminal(settings)


def sealed(terminal: Terminal) -> Path:
    """The checkpoint."""
    for words in (("keys", "init", "hecheng.example.cn/bidao"), ("seal",)):
        assert terminal.run(*words).exit_code == 0
    return terminal.settings.log_folder / "checkpoint"


def test_an_operator_stamps_and_an_inspector_verifies(
    terminal: Terminal, authority: Authority, stranger: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "还没有封存过" in terminal.run("stamp").output
    checkpoint = sealed(terminal)
    unstamped = terminal.run("verify", "log").output
    assert "时间戳" not in unstamped
    stamped = terminal.run("stamp")
    assert (stamped.exit_code, "已经存在" in stamped.output) == (0, True), stamped.output
    assert "已有时间戳" in terminal.run("stamp").output
    [response] = (terminal.settings.log_folder / "stamps").glob(f"*{RESPONSE}")
    assert response.with_suffix("").read_bytes() == checkpoint.read_bytes()
    assert "1 个时间戳没有核对" in terminal.run("verify", "log").output
    held = terminal.run("verify", "log", "--tsa-cert", authority.root)
    assert (held.exit_code, "1 个时间戳无误" in held.output) == (0, True), held.output
    monkeypatch.setenv("BIDAO_TSA_CERT", str(authority.root))
    assert "1 个时间戳无误" in terminal.run("verify", "log").output
    refused = terminal.run("verify", "log", "--tsa-cert", stranger.root)
    assert (refused.exit_code, "不是所给证书的机构盖的" in refused.output) == (1, True)


def test_a_stamp_holds_the_operator_to_what_was_stamped(terminal: Terminal, authority: Authority) -> None:
    """Whoever has the key and seals another past cannot have it stamped for then."""
    checkpoint = sealed(terminal)
    assert terminal.run("stamp").exit_code == 0
    stamps = terminal.settings.log_folder / "stamps"
    [response] = stamps.glob(f"*{RESPONSE}")
    terminal.settings.events_db.unlink()
    with closing(open_case_files(terminal.settings)) as files:
        store(files, [*EVENTS[:-1], with_state(EVENTS[-1], EVENTS[-1].state + b" ")])
    shutil.rmtree(terminal.settings.log_folder / "tile")
    checkpoint.unlink()
    assert terminal.run("seal").exit_code == 0
    answer = terminal.run("verify", "log", "--tsa-cert", authority.root)
    assert (answer.exit_code, "日志和库一起被改动过" in answer.output) == (1, True), answer.output
    shutil.copy(checkpoint, response.with_suffix(""))
    answer = terminal.run("verify", "log", "--tsa-cert", authority.root)
    assert (answer.exit_code, "盖的不是这个检查点" in answer.output) == (1, True), answer.output
    response.with_suffix("").unlink()
    assert "检查点却没有了" in terminal.run("verify", "log").output


def test_an_answer_that_is_no_stamp_of_this_checkpoint_is_not_kept(
    terminal: Terminal, authority: Authority, stranger: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(terminal)
    elsewhere = authority.stamp(query_for(b"something else").as_bytes())
    again = authority.stamp(query_for((terminal.settings.log_folder / "checkpoint").read_bytes()).as_bytes())
    for answer, reason in ((elsewhere, "盖的不是这个检查点"), (again, "答的是另一次请求"), (b"", "读不懂")):
        with monkeypatch.context() as faulty:
            faulty.setattr(authority, "answers", lambda _, answer=answer: answer)
            assert reason in terminal.run("stamp").output
    with monkeypatch.context() as distrusting:
        distrusting.setenv("BIDAO_TSA_CERT", str(stranger.root))
        assert "不是所给证书的机构盖的" in terminal.run("stamp").output
    with monkeypatch.context() as down, receiving() as receiver:
        receiver.answers = answering(503)
        down.setenv("BIDAO_STAMP_URL", receiver.url)
        refused = terminal.run("stamp")
        assert (refused.exit_code, "答复 503" in refused.output) == (1, True)
    assert not (terminal.settings.log_folder / "stamps").exists()
    monkeypatch.delenv("BIDAO_STAMP_URL")
    assert "请先设 BIDAO_STAMP_URL" in terminal.run("stamp").output
