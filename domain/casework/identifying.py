"""Ids and idempotency: the same key gives the same case, and the same answer (ledger.md §2)."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from uuid import UUID, uuid5

import orjson

from domain.model import Command

NAMESPACE = UUID("6d0b8b5e-1d0c-5c1b-9d53-6b1d0a0e4a11")
SECRET_LENGTH = 32
"""Bytes of the secret that keyed hashes are made with, one for each store."""
KEY_WINDOW = 24 * 3600 * 1000
"""Milliseconds."""


def case_id_of(client: str, key: str) -> UUID:
    """The id of the case that this client's key reports.

    A UUIDv7 key gives a time-ordered UUIDv8: its 48 time bits, then a hash of (client, key).
    Any other key gives uuid5, right but slower to store.
    """
    seed = f"{client}\n{key}"
    moment = key_time(key)
    if moment is None:
        return uuid5(NAMESPACE, seed)
    digest = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:10])
    high, low = digest >> 68, digest & ((1 << 62) - 1)
    return UUID(int=(UUID(key).int >> 80 << 80) | (8 << 76) | (high << 64) | (2 << 62) | low)


def key_time(key: str) -> int | None:
    """When a UUIDv7 key was made, in milliseconds since 1970; None for any other key."""
    try:
        made = UUID(key)
    except ValueError:
        return None
    if made.version != 7:
        return None
    return made.int >> 80


def fresh(key: str, now: datetime) -> bool:
    """Whether a time-ordered key was made near enough to now for a new case."""
    moment = key_time(key)
    return moment is None or abs(now.timestamp() * 1000 - moment) <= KEY_WINDOW


def mac_of(secret: bytes, case_id: str, command: Command) -> str:
    """HMAC of what was asked, in hex; its first 16 bits.

    Enough to notice a key that is used for two commands (but for one time in 65,536), and too little to find out what
    was asked by trying, even with the secret: over a million eleven-digit phone numbers give the same.
    """
    body = command.model_dump(mode="json", exclude_unset=True)
    asked = orjson.dumps([case_id, command.name, body], option=orjson.OPT_SORT_KEYS)
    return hmac.new(secret, asked, hashlib.sha256).hexdigest()[:4]
