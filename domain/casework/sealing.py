"""密封: what a field says of a person is stored so that only whoever has its key can read it, and nobody can swap it.

A sealed field is a text of five parts, a space between them: `sealed/1`, the retention class, the generation of the
key, the subject, and in base64url without padding the commitment to the field's key (32 bytes), a nonce (12) and what
AES-256-GCM made of the value's JSON (16 more than that). The key of a field is derived from the subject's and from
where the field stands, which the seal is bound to as well; so to hand out a field's key tells that field alone.
"""

from __future__ import annotations

import binascii
import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORM = "sealed/1"
"""AES-256-GCM, HMAC-SHA-256, SHA-256. Another algorithm would be another form."""
LENGTH = 32
"""Bytes of a key, and of a commitment."""
_NONCE, _TAG = 12, 16


class SealBroken(ValueError):
    """Not a sealed field, not the one that was sealed here, or not with this key."""


class KeyId(NamedTuple):
    """Which key of a subject: for which retention class, and the how manieth of it."""

    subject: str
    retention: str
    generation: int = 1


class Place(NamedTuple):
    """Where a field stands: `stream` as in a leaf (`batches.stream_name`), the event's stored `name`, and its path.

    A path is what leads to it within `event`, with dots: `reporter.phone`, `attendance.0.name`.
    """

    stream: str
    version: int
    name: str
    path: str

    def context(self, key: KeyId) -> bytes:
        """What the field's key is derived for, and the seal is bound to: a line for each part."""
        return "".join(f"{part}\n" for part in (FORM, *self, *key)).encode()


class Sealed(NamedTuple):
    """A sealed field taken apart."""

    key: KeyId
    commitment: bytes
    nonce: bytes
    box: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises `SealBroken` for a text that `seal` does not write."""
        try:
            form, retention, generation, subject, body = text.split(" ")
            raw = urlsafe_b64decode(body + "=" * (-len(body) % 4))
            key = KeyId(subject, retention, int(generation))
        except (ValueError, binascii.Error):
            raise SealBroken("not a sealed field") from None
        found = cls(key, raw[:LENGTH], raw[LENGTH : LENGTH + _NONCE], raw[LENGTH + _NONCE :])
        if form != FORM or len(found.box) < _TAG or found.text != text:
            raise SealBroken("not a sealed field")
        return found

    @property
    def text(self) -> str:
        """As it is stored."""
        subject, retention, generation = self.key
        body = urlsafe_b64encode(self.commitment + self.nonce + self.box).rstrip(b"=").decode()
        return f"{FORM} {retention} {generation} {subject} {body}"

    def opened(self, place: Place, field_key: bytes) -> bytes:
        """The JSON that was sealed there with this key. Raises `SealBroken`."""
        if not hmac.compare_digest(commitment_to(field_key), self.commitment):
            raise SealBroken("another key than the one committed to")
        try:
            return AESGCM(field_key).decrypt(self.nonce, self.box, place.context(self.key))
        except InvalidTag:
            raise SealBroken("not what was sealed here") from None


def field_key(subject_key: bytes, place: Place, key: KeyId) -> bytes:
    """The key of one field (HKDF-Expand, RFC 5869 §2.3, one block: the subject's key is uniformly random)."""
    return hmac.digest(subject_key, place.context(key) + b"\x01", "sha256")


def commitment_to(field_key: bytes) -> bytes:
    """What binds a sealed field to one key; GCM alone does not (two keys can open one box)."""
    return sha256(b"bidao/commitment/1\n" + field_key).digest()


def seal(value: bytes, place: Place, key: KeyId, field_key: bytes) -> str:
    """A value's JSON as it is stored."""
    nonce = os.urandom(_NONCE)
    box = AESGCM(field_key).encrypt(nonce, value, place.context(key))
    return Sealed(key, commitment_to(field_key), nonce, box).text
