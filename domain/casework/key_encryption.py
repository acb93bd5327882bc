"""密钥加密密钥: what the keys of subjects are wrapped by, kept apart from the store and from every backup of it."""

from __future__ import annotations

import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.casework import durable
from domain.casework.key_users import KeyUsers
from domain.casework.store_file import StoreUnusable

LENGTH = 32
_ID, _NONCE = 8, 12
_FORM = "bidao-kek/1"


class WrappingUnusable(StoreUnusable):
    """No key-encryption key, not a whole one, or not the one a key was wrapped by. Carries a Chinese sentence."""


class Wrapping(Protocol):
    """Whatever wraps keys: a file here, a hardware module or a key service elsewhere. From any thread."""

    def wrap(self, key: bytes, bound_to: bytes) -> bytes:
        """The key, wrapped by the newest key-encryption key, readable only together with `bound_to`."""

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        """The key again. Raises `WrappingUnusable`."""

    def is_newest(self, wrapped: bytes) -> bool:
        """Whether it was wrapped by the newest key-encryption key."""

    def alone(self, only: bool) -> AbstractContextManager[None]:
        """To be held from `renew` to `retire`. Raises `WrappingUnusable` at once where somebody else holds it.

        So it does where another store has these keys, unless somebody says that this is the `only` one.
        """

    def renew(self) -> bytes:
        """Make a new key-encryption key, and tell its id; the one before still unwraps."""

    def retire(self, newest: bytes) -> None:
        """Destroy every key-encryption key but the newest, which has this id: else raises `WrappingUnusable`."""


class KeysInMemory:
    """Wraps for as long as the process lives."""

    def __init__(self, keys: list[bytes] | None = None) -> None:
        self._take([secrets.token_bytes(LENGTH)] if keys is None else keys)

    def _take(self, keys: list[bytes]) -> None:
        self._ciphers = {_id(key): AESGCM(key) for key in keys}
        self._keys, self._newest = keys, _id(keys[-1])

    def wrap(self, key: bytes, bound_to: bytes) -> bytes:
        nonce = os.urandom(_NONCE)
        return self._newest + nonce + self._ciphers[self._newest].encrypt(nonce, key, bound_to)

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        cipher = self._ciphers.get(wrapped[:_ID])
        if cipher is None:
            raise WrappingUnusable("库里的密钥不是用现有的密钥文件包装的，请找回原来的密钥文件（kek.key）。")
        try:
            return cipher.decrypt(wrapped[_ID : _ID + _NONCE], wrapped[_ID + _NONCE :], bound_to)
        except InvalidTag:
            raise WrappingUnusable("库里有一把密钥被改动过，解不开。") from None

    def is_newest(self, wrapped: bytes) -> bool:
        return wrapped[:_ID] == self._newest

    def alone(self, only: bool) -> AbstractContextManager[None]:
        return nullcontext()

    def renew(self) -> bytes:
        self._take([*self._keys, secrets.token_bytes(LENGTH)])
        return self._newest

    def retire(self, newest: bytes) -> None:
        self._take(_only(self._keys, newest))


class KeysInFile(KeysInMemory):
    """The same in a file of mode 0600, a line each, the newest last; other processes' changes are noticed when needed.

    `store` is where the store is that is wrapped by them (`CaseRecorder.place`); it is noted beside the file. Raises
    `WrappingUnusable` for a file that is not whole, or is missing where `make` is false.
    """

    def __init__(self, path: Path, *, make: bool, store: str = "") -> None:
        self.path = path.resolve()  # a link leads to a file that others have too: the file is replaced, not the link
        if make and not self.path.exists():
            durable.make(self.path, _written([secrets.token_bytes(LENGTH)]))
        super().__init__(self._read())
        self._users = KeyUsers(self.path, store)
        self._users.note()

    def wrap(self, key: bytes, bound_to: bytes) -> bytes:
        self._look()
        return super().wrap(key, bound_to)

    def is_newest(self, wrapped: bytes) -> bool:
        self._look()
        return super().is_newest(wrapped)

    def unwrap(self, wrapped: bytes, bound_to: bytes) -> bytes:
        if wrapped[:_ID] not in self._ciphers:
            self._take(self._read())
        return super().unwrap(wrapped, bound_to)

    @contextmanager
    def alone(self, only: bool) -> Iterator[None]:
        try:
            with self._users.locked():
                if only:
                    self._users.disown_others()
                self._require_no_other()
                yield
        except BlockingIOError:
            raise WrappingUnusable(
                f"另一个 bidao keys rewrap 正在换 {self.path} 里的密钥，这一次什么也没有改，请等它做完。"
            ) from None

    def _require_no_other(self) -> None:
        """Or what the other store keeps could never be read again."""
        if others := self._users.others():
            raise WrappingUnusable(
                f"密钥文件 {self.path} 还有别的库在用：{'；'.join(others)}。换钥会销毁旧密钥，那些库就再也读不出来，"
                f"所以旧密钥一把也没有销毁。请把 {self.path.name} 另拷一份给其中一个库（用 BIDAO_KEK 指明）；"
                "那些库确已不用的，或者这个库原来就在那里的，加 --only 再运行。"
            )

    def renew(self) -> bytes:
        made = secrets.token_bytes(LENGTH)
        self._write([*self._read(), made])
        self._take(self._read())
        return _id(made)

    def retire(self, newest: bytes) -> None:
        self._require_no_other()
        self._write(_only(self._read(), newest))
        self._take(self._read())

    def _look(self) -> None:
        """Take the file in again if it is another one."""
        if _seen(self.path) != self._file:
            self._take(self._read())

    def _read(self) -> list[bytes]:
        try:
            self._file = _seen(self.path)
            lines = [line.split(" ") for line in self.path.read_text("ascii").splitlines()]
            keys = [b64decode(key, validate=True) for form, key in lines if form == _FORM]
        except FileNotFoundError:
            raise WrappingUnusable(
                f"没有密钥文件 {self.path}：没有它，库里的个人信息读不出来，请从另外保管的地方取回。"
            ) from None
        except (OSError, ValueError):
            keys, lines = [], [[]]
        if not keys or len(keys) != len(lines) or any(len(key) != LENGTH for key in keys):
            raise WrappingUnusable(f"密钥文件 {self.path} 不完整，请换上另外保管的那一份。")
        return keys

    def _write(self, keys: list[bytes]) -> None:
        """In place of the former file, which is overwritten once the new one is durable."""
        with self.path.open("r+b") as former:
            durable.write(self.path, _written(keys), durable.PRIVATE)
            former.write(bytes(os.fstat(former.fileno()).st_size))
            former.flush()
            os.fsync(former.fileno())


def _only(keys: list[bytes], newest: bytes) -> list[bytes]:
    """The last of them, which is to be this one."""
    if _id(keys[-1]) != newest:
        raise WrappingUnusable("换钥期间密钥文件（kek.key）里又换了一把，旧的没有销毁，什么也没有丢，请再换一次。")
    return keys[-1:]


def _written(keys: list[bytes]) -> bytes:
    return b"".join(f"{_FORM} {b64encode(key).decode()}\n".encode() for key in keys)


def _seen(path: Path) -> tuple[int, int, int]:
    """What tells a file from the one it replaced; the number of an inode alone is soon given to another."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def _id(key: bytes) -> bytes:
    return sha256(b"bidao/kek\n" + key).digest()[:_ID]
