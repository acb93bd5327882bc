"""The service's own secret: made once, at the first start, and never shown. All processes of a store have the same."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from domain.casework import durable
from domain.casework.fingerprint import fingerprint_of
from domain.casework.identifying import SECRET_LENGTH

LENGTH = SECRET_LENGTH


class SecretUnusable(Exception):
    """The secret file is missing, or not what was written at the first start. Carries a Chinese sentence."""


def secret_of(path: Path) -> bytes:
    """The secret in `path`, made if there is none. Of processes that start at once, one makes it.

    Raises `SecretUnusable` for a file of another length: a new secret would disown every stored key.
    """
    if not path.exists():
        durable.make(path, secrets.token_bytes(LENGTH))
    secret = path.read_bytes()
    if len(secret) != LENGTH:
        raise SecretUnusable(f"密钥文件 {path} 不完整，请从备份恢复；不要删除它重新生成。")
    return secret


def shared_secret_of(path: Path, url: str, schema: str) -> bytes:
    """The secret in `path` of a store in PostgreSQL; made only for a store that knows none yet.

    Raises `SecretUnusable` for another secret than the store was first opened with: a retry that came to
    another process would be told that its key was used for something else. Raises `StoreUnusable`.
    """
    # Looked for again: who opens the store at the same time makes the file first, then leaves its fingerprint.
    if not path.exists() and fingerprint_of(url, schema) is not None and not path.exists():
        raise SecretUnusable(f"没有密钥文件 {path}：这个数据库已在使用，请把原来的 secret.key 复制到这里再启动。")
    secret = secret_of(path)
    if fingerprint_of(url, schema, offered=fingerprint(secret)) != fingerprint(secret):
        raise SecretUnusable(
            f"密钥文件 {path} 不是这个数据库原来用的，请换成原来的 secret.key 再启动（各进程须用同一个）。"
        )
    return secret


def fingerprint(secret: bytes) -> bytes:
    """Tells one secret from another, and nothing about either."""
    return hmac.digest(secret, b"bidao secret fingerprint", "sha256")
