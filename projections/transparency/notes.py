"""Signed notes (C2SP signed-note, as Go's `sumdb/note` has them): a text, and below it who signs it with Ed25519."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
"""The kind of key, in front of its bytes."""
NAME = re.compile(r"[^\s+]{1,200}")
SIGNED = re.compile(r"— (\S+) (\S+)\n")


class NoteInvalid(ValueError):
    """A note that nobody known has signed so. Carries a Chinese sentence."""


class KeyInvalid(ValueError):
    """What is no key. Carries a Chinese sentence."""


def key_id(name: str, key: bytes) -> bytes:
    """Four bytes that tell keys of one name apart."""
    return sha256(f"{name}\n".encode() + ED25519 + key).digest()[:4]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and the name it is known by."""

    name: str
    key: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `name+id+key`, as `str` writes it. Raises `KeyInvalid`."""
        name, id, key = _parted(text.strip(), 3)
        verifier = cls(name, key)
        if id != key_id(name, key).hex():
            raise KeyInvalid("公钥的编号与名称、内容不符，可能抄错了。")
        return verifier

    def __str__(self) -> str:
        return f"{self.name}+{key_id(self.name, self.key).hex()}+{_written(ED25519 + self.key)}"

    def has_signed(self, note: str) -> bool:
        """Whether a note says so; `opened` tells whether it is true. Raises `NoteInvalid` for what is no note."""
        id = key_id(self.name, self.key)
        return any(name == self.name and _decoded(written)[:4] == id for name, written in _split(note)[1])

    def opened(self, note: str) -> str:
        """The text of a note that this key has signed. Raises `NoteInvalid`."""
        text, signatures = _split(note)
        for name, written in signatures:
            signed = _decoded(written)
            if name == self.name and signed[:4] == key_id(self.name, self.key):
                try:
                    Ed25519PublicKey.from_public_bytes(self.key).verify(signed[4:], text.encode())
                except InvalidSignature:
                    raise NoteInvalid(f"“{self.name}”的签名不对：内容或签名被改动过。") from None
                return text
        raise NoteInvalid(f"上面没有“{self.name}”的签名。")


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and its name."""

    name: str
    seed: bytes

    @classmethod
    def new(cls, name: str) -> Self:
        """A fresh key. Raises `KeyInvalid` for what is no name of one."""
        if not NAME.fullmatch(name):
            raise KeyInvalid("密钥的名称不能有空白和加号，不能超过二百字。")
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `PRIVATE+KEY+name+id+key`, as `written` gives it. Raises `KeyInvalid`."""
        if not text.startswith("PRIVATE+KEY+"):
            raise KeyInvalid("不是签名用的私钥。")
        name, id, seed = _parted(text.strip(), 5)
        signer = cls(name, seed)
        if id != key_id(name, signer.verifier.key).hex():
            raise KeyInvalid("私钥的编号与内容不符，文件可能损坏了。")
        return signer

    @property
    def verifier(self) -> Verifier:
        """What others need."""
        return Verifier(self.name, self._key.public_key().public_bytes_raw())

    @property
    def written(self) -> str:
        """As it is kept: whoever has it can sign."""
        return f"PRIVATE+KEY+{self.name}+{key_id(self.name, self.verifier.key).hex()}+{_written(ED25519 + self.seed)}"

    def signed(self, text: str) -> str:
        """The note of a text, which ends in a line feed."""
        return f"{text}\n{self._line(text)}"

    def cosigned(self, note: str) -> str:
        """A note that others have signed, signed by this key as well. Raises `NoteInvalid` for what is no note."""
        return note + self._line(_split(note)[0])

    def _line(self, text: str) -> str:
        signature = key_id(self.name, self.verifier.key) + self._key.sign(text.encode())
        return f"— {self.name} {_written(signature)}\n"

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def _split(note: str) -> tuple[str, list[tuple[str, str]]]:
    text, blank, below = note.rpartition("\n\n")
    signatures = [match.groups() for match in SIGNED.finditer(below)]
    if not blank or "".join(f"— {name} {signed}\n" for name, signed in signatures) != below or not signatures:
        raise NoteInvalid("不是签过名的文本：应为正文、空行和签名行。")
    return f"{text}\n", [(name, signed) for name, signed in signatures]


def _parted(text: str, parts: int) -> tuple[str, str, bytes]:
    """Name, id and the 32 bytes of a key."""
    *_, name, id, written = ["", "", *text.split("+", parts - 1)]
    try:
        key = base64.b64decode(written, validate=True)
    except ValueError:  # also for letters that are none of ASCII
        key = b""
    if not NAME.fullmatch(name) or len(key) != len(ED25519) + 32 or not key.startswith(ED25519):
        raise KeyInvalid("不是 Ed25519 密钥：应为 名称+编号+内容。")
    return name, id, key[len(ED25519) :]


def _decoded(written: str) -> bytes:
    """The bytes of a signature line, written in the one way there is to write them."""
    try:
        signed = base64.b64decode(written, validate=True)
    except ValueError:  # also for letters that are none of ASCII
        signed = b""
    if _written(signed) != written:
        raise NoteInvalid("签名行读不懂。")
    return signed


def _written(value: bytes) -> str:
    return base64.b64encode(value).decode()
