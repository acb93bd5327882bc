"""Sealing a store under test, as its operator would."""

from __future__ import annotations

from contextlib import closing

from api.commands.sealing import signer_of
from api.opening import open_case_files
from api.secret import keep
from api.settings import Settings
from domain.casework.recorders import CaseRecorder
from projections.transparency.notes import Signer, Verifier
from projections.transparency.sealing import Log


def seal(settings: Settings, store: CaseRecorder) -> Verifier:
    """Take in all there is; with a key that is made the first time. Gives the public key."""
    settings.log_folder.mkdir(parents=True, exist_ok=True)
    if not settings.log_key.exists():
        keep(settings.log_key, Signer.new("hecheng.example.cn/bidao").written.encode())
    signer = signer_of(settings)
    Log(settings.log_folder, signer.verifier).seal(store, signer)
    return signer.verifier


def seal_beside(settings: Settings) -> Verifier:
    """The same beside a service that runs on a store that lasts."""
    with closing(open_case_files(settings)) as files:
        return seal(settings, files.store)
