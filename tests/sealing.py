"""Sealing a store under test, as its operator would."""

from __future__ import annotations

import shutil
from contextlib import closing

from api.commands.sealing import in_turn
from api.opening import open_case_files
from api.settings import Settings
from domain.casework import durable
from domain.casework.recorders import CaseRecorder
from projections.transparency.checkpoints import Checkpoint
from projections.transparency.key_file import KeyFile
from projections.transparency.notes import Signer, Verifier
from projections.transparency.sealing import Log, log_in
from projections.transparency.verifying import NOTHING, Fault, KeptOutside, verify


def seal(settings: Settings, store: CaseRecorder) -> Verifier:
    """Take in all there is; with a key that is made the first time. Gives the public key."""
    settings.log_folder.mkdir(parents=True, exist_ok=True)
    if not settings.log_key.exists():
        durable.make(settings.log_key, Signer.new("hecheng.example.cn/bidao").written.encode())
    signer = KeyFile(settings.log_key).required()
    Log(settings.log_folder, signer.verifier).seal(store, signer)
    return signer.verifier


def seal_beside(settings: Settings) -> Verifier:
    """The same beside a service that runs on a store that lasts."""
    with in_turn(settings), closing(open_case_files(settings)) as files:
        return seal(settings, files.store)


def seal_anew(settings: Settings, store: CaseRecorder) -> None:
    """What somebody does who has the key and would like what was sealed never to have been."""
    shutil.rmtree(settings.log_folder)
    seal(settings, store)


def kept_checkpoint(settings: Settings) -> Checkpoint:
    """The last, as somebody may keep it elsewhere."""
    checkpoint = log_of(settings).checkpoint
    assert checkpoint is not None
    return checkpoint


def verified(settings: Settings, store: CaseRecorder, outside: KeptOutside = NOTHING) -> Fault | None:
    """What is wrong with a store, as its operator is told."""
    return verify(store, log_of(settings), outside)


def log_of(settings: Settings) -> Log:
    log = log_in(settings.log_folder)
    assert log is not None, "nothing was sealed yet"
    return log
