"""The service's own secret: made once, at the first start, and never shown."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

LENGTH = 32


class SecretUnusable(Exception):
    """The secret file is not what was written at the first start. Carries a Chinese sentence."""


def secret_of(path: Path) -> bytes:
    """The secret in `path`, made if there is none. Of processes that start at once, one makes it.

    Raises `SecretUnusable` for a file of another length: a new secret would disown every stored key.
    """
    if not path.exists():
        _make(path)
    secret = path.read_bytes()
    if len(secret) != LENGTH:
        raise SecretUnusable(f"密钥文件 {path} 不完整，请从备份恢复；不要删除它重新生成。")
    return secret


def _make(path: Path) -> None:
    """Written whole and durable under another name (mode 0600), then linked: never seen half-done."""
    with NamedTemporaryFile(dir=path.parent, prefix=".secret-") as fresh:
        fresh.write(secrets.token_bytes(LENGTH))
        fresh.flush()
        os.fsync(fresh.fileno())
        with suppress(FileExistsError):
            os.link(fresh.name, path)
