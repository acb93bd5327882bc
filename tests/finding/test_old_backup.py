"""An old backup of everything, with its index, and all that is current: whoever was forgotten is not found in it by
trying numbers, once the keys were rewrapped. With the key file of then they are; nothing else keeps them apart.
"""

from __future__ import annotations

import hmac
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from time import sleep
from typing import NamedTuple

import httpx
import pytest
from typer.testing import CliRunner

from api.__main__ import app
from api.commands import forgetting
from api.opening import open_case_files
from api.settings import Settings
from domain.casework.backup_keys import keys_after
from domain.casework.index_keys import OWNER, IndexKey
from domain.casework.kept_keys import DESTROYED, KeptKey
from domain.casework.key_encryption import KeysInFile, WrappingUnusable
from domain.casework.keyring import bound_to
from domain.casework.rewrapping import rewrap
from tests.api.test_canary import dumped
from tests.api.visitor import Clock, Visitor, identity
from tests.backup.operating import environment
from tests.lives import LIVES, REPORT, RESIDENT
from tests.server import serving
from tests.stores import Store

PHONE, ANOTHER = "13987650001", "13800000009"
KNOWN = 5
"""Digits of it that whoever tries is told: a test can try a million numbers for each key."""
SECRETARY, DISTRICT = "secretary-sanjiaoping", "district-desk"


class Copy(NamedTuple):
    """What an old backup holds: every run of 32 hexadecimal digits in any of its files, and the wrapped keys."""

    tokens: frozenset[bytes]
    keys: tuple[KeptKey, ...]


def copied(settings: Settings, to: Path) -> Copy:
    """The whole folder of data but the key file, and every table of a database; as a backup program finds them."""
    to.mkdir(parents=True)
    copy = [shutil.which("cp") or "", "-r", f"{settings.data}/.", str(to)]
    subprocess.run(copy, check=True)  # in this process it would let go of the service's locks
    (to / settings.key_file.name).unlink(missing_ok=True)
    dumped(settings, to)
    with closing(open_case_files(settings)) as files:
        return Copy(tokens_in(to), tuple(keys_after(files.store.keys_after)))


def tokens_in(folder: Path) -> frozenset[bytes]:
    """Overlapping ones as well: bytes of a file have no borders."""
    found = set[bytes]()
    for path in folder.rglob("*"):
        if path.is_file():
            for run in re.finditer(rb"[0-9a-f]{32,}", path.read_bytes()):
                text = run[0]
                found |= {text[at : at + 32] for at in range(len(text) - 31)}
    return frozenset(found)


def unwrapped(keys: Iterable[KeptKey], key_file: Path) -> Iterator[tuple[KeptKey, bytes]]:
    """Those that this key file opens."""
    wrapping = KeysInFile(key_file, make=False)
    for kept in keys:
        if kept.wrapped != DESTROYED:
            try:
                yield kept, wrapping.unwrap(kept.wrapped, bound_to(kept.id))
            except WrappingUnusable:
                continue


def phones_in(copy: Copy, keys: Iterable[KeptKey], key_file: Path) -> set[str]:
    """The numbers that are told by an old copy and these keys.

    With each index key that can be unwrapped a million numbers are tried, those that begin as the canary does, on every
    token there is. All 10^11 numbers of eleven digits would take as many times 100,000: a day and a half on one core at
    a microsecond each. Of any other key it is enough to try the canary itself: where that is not found, nothing is.
    """
    found = set[str]()
    for kept, secret in unwrapped({*copy.keys, *keys}, key_file):
        tried = range(10 ** (11 - KNOWN)) if kept.id.subject == OWNER else [int(PHONE[KNOWN:])]
        for rest in tried:
            phone = f"{PHONE[:KNOWN]}{rest:0{11 - KNOWN}}"
            told = hmac.digest(secret, f"bidao/index/1\nphone\n{phone}".encode(), "sha256")
            if told[:16].hex().encode() in copy.tokens:
                found.add(phone)
    return found


def left_in(settings: Settings, to: Path, old: Copy, then: Path) -> set[str]:
    """Whose token of then is still in some file or table; what was deleted may take a moment to be overwritten."""
    [secret] = [secret for kept, secret in unwrapped(old.keys, then) if kept.id.subject == OWNER]
    tokens = {phone: IndexKey(1, "", secret).token("phone", phone).encode() for phone in (PHONE, ANOTHER)}
    assert set(tokens.values()) <= old.tokens, "else nothing is shown"
    found = old.tokens
    for turn in range(100):
        if tokens[PHONE] not in found:
            break
        sleep(0.1)
        found = copied(settings, to / str(turn)).tokens
    return {phone for phone, token in tokens.items() if token in found}


def found(visitor: Visitor, phone: str) -> int:
    answer = visitor.client.post("/api/v1/incidents/search", json={"phone": phone}, headers=identity(DISTRICT))
    assert answer.status_code == 200, answer.text
    return len(answer.json()["items"])


def forget(visitor: Visitor, case: str) -> None:
    whom = {"subject": RESIDENT}
    assert visitor.enact("erasure", "request-erasure", {**whom, "ground": "purpose_done"}, SECRETARY).is_success
    assert visitor.ask(SECRETARY, "redact-text", whom, case).is_success
    assert visitor.enact("erasure", "approve-erasure", whom, DISTRICT).is_success


def test_how_numbers_are_tried_is_how_they_are_kept() -> None:
    key = IndexKey(1, "", b"k" * 32)
    told = hmac.digest(key.secret, f"bidao/index/1\nphone\n{PHONE}".encode(), "sha256")
    assert key.token("phone", PHONE) == told[:16].hex()


def test_nobody_who_was_forgotten_is_found_by_trying(
    lasting_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "rewrap", partial(rewrap, in_flight=0.0))
    settings = lasting_store.settings(tmp_path / "data", wait_timeout=9, kek=tmp_path / "kek.key")
    then = tmp_path / "then.key"
    with serving(settings, Clock()) as url, httpx.Client(base_url=url, timeout=60) as client:
        visitor = Visitor(client, Clock())
        report, *life = LIVES["archive"]
        said = {**REPORT, "reporter": {**REPORT["reporter"], "phone": PHONE}}
        case = visitor.case((report._replace(body=said), *life))
        visitor.report(reporter={"subject": "s-another", "name": "另一人", "phone": ANOTHER})
        assert found(visitor, ANOTHER) == found(visitor, PHONE) == 1
        shutil.copy(settings.key_file, then)
        old = copied(settings, tmp_path / "then")
        forget(visitor, case)
        assert found(visitor, PHONE) == 0
        assert left_in(settings, tmp_path / "between", old, then) == {ANOTHER}
        assert phones_in(old, [], settings.key_file) == {PHONE}, "before the rotation the old backup tells"
        its_own = {**environment(settings), "BIDAO_KEK": str(settings.key_file)}
        done = CliRunner().invoke(app, ["keys", "rewrap", "--data", str(settings.data)], env=its_own)
        assert done.exit_code == 0, done.output
        assert (found(visitor, ANOTHER), found(visitor, PHONE)) == (1, 0)
        assert left_in(settings, tmp_path / "afterwards", old, then) == set()
        now = copied(settings, tmp_path / "now")
    assert any(kept.id.subject == OWNER for kept, _ in unwrapped(now.keys, settings.key_file)), "else none is tried"
    assert phones_in(old, now.keys, settings.key_file) == set()
    assert phones_in(old, now.keys, then) == {PHONE}
