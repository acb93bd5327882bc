"""材料文件 (photographs, minutes) as they are kept: sealed, each under the SHA-256 of what is on the disk.

A file has a key of its own, which stands sealed in the event that brought it; whoever's words the event holds is the
one with whom the file is forgotten. What is on the disk is a nonce of 12 bytes and what AES-256-GCM made of the file.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.casework import durable
from domain.casework.sealing import LENGTH

FORM = b"bidao/file/1\n"
"""AES-256-GCM, SHA-256. Another algorithm would be another form."""
_NONCE = 12


class FileLost(LookupError):
    """The file is not there, or not as it was kept."""


class SealedFile(NamedTuple):
    """Where what was handed in is kept and where the copy to look at, if any; and the key of both, in hex."""

    original: str
    rendition: str | None
    key: str


class EvidenceFiles:
    """The files of one store in a folder (None: in one that goes with the process). From any thread."""

    def __init__(self, folder: Path | None) -> None:
        self._lasting = folder
        self._passing: TemporaryDirectory[str] | None = None

    @cached_property
    def folder(self) -> Path:
        """Where they lie; one that goes with the process is made when it is first needed."""
        if self._lasting is not None:
            return self._lasting
        self._passing = TemporaryDirectory(prefix="bidao-evidence-")
        return Path(self._passing.name)

    def keep(self, original: bytes, rendition: bytes | None) -> SealedFile:
        """Seal and store, durably: both, or nothing. Raises `OSError`."""
        key = secrets.token_bytes(LENGTH)
        boxes = [_sealed(content, key) for content in (original, rendition) if content is not None]
        addresses = [sha256(box).hexdigest() for box in boxes]
        try:
            for address, box in zip(addresses, boxes, strict=True):
                self._store(address, box)
        except OSError:
            with suppress(OSError):  # it is the first failure that is told
                self.discard(*addresses)
            raise
        return SealedFile(addresses[0], addresses[1] if rendition is not None else None, key.hex())

    def opened(self, address: str, key: str) -> bytes:
        """A file as it was kept. Raises `FileLost`."""
        try:
            box = self._at(address).read_bytes()
            if sha256(box).hexdigest() != address:
                raise FileLost(address)
            return AESGCM(bytes.fromhex(key)).decrypt(box[:_NONCE], box[_NONCE:], FORM)
        except (OSError, InvalidTag) as lost:
            raise FileLost(address) from lost

    def discard(self, *addresses: str | None) -> None:
        """Remove files, finished or not, durably; those that are gone already stay so. Raises `OSError`."""
        for path in (self._at(address) for address in addresses if address):
            if path.exists():
                path.unlink(missing_ok=True)
                durable.settle(path.parent)

    def addresses(self) -> Iterator[str]:
        """Of all files there are, in order."""
        return (name for name in self._names() if len(name) == 2 * sha256().digest_size)

    def unfinished(self) -> Iterator[str]:
        """The names of those that are being written, or were when the power was cut."""
        return (name for name in self._names() if name.endswith(durable.UNFINISHED))

    def kept_at(self, address: str) -> float:
        """When a file was kept, or begun, in seconds since 1970; now where it is gone."""
        path = self._at(address)
        return path.stat().st_mtime if path.exists() else time()

    def box(self, address: str) -> bytes:
        """A file as it lies on the disk, for backups. Raises `OSError`."""
        return self._at(address).read_bytes()

    def take_in(self, address: str, box: bytes) -> None:
        """Put a file in its place as it lay on another disk. Raises `FileLost` for another file, `OSError`."""
        if sha256(box).hexdigest() != address:
            raise FileLost(address)
        self._store(address, box)

    def take_out(self, addresses: Iterable[str]) -> None:
        """Remove files that were taken in, and the folders that are empty then. Raises `OSError`."""
        self.discard(*addresses)
        for folder in (*self.folder.glob("[0-9a-f][0-9a-f]"), self.folder):
            with suppress(OSError):  # there is something in it
                folder.rmdir()

    def close(self) -> None:
        """Let go of what goes with the process."""
        if self._passing:
            self._passing.cleanup()

    def _store(self, address: str, box: bytes) -> None:
        path = self._at(address)
        durable.write(path, box)
        durable.settle(self.folder)  # the folder of a file may be as new as the file

    def _names(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("[0-9a-f][0-9a-f]/*"))

    def _at(self, address: str) -> Path:
        return self.folder / address[:2] / address


def _sealed(content: bytes, key: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, FORM)
