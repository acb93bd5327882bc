"""The private key of a log as it lies on the disk: whoever signs looks again each time, since it may be changed."""

from __future__ import annotations

from pathlib import Path

from projections.transparency.notes import KeyInvalid, Signer

Seen = tuple[int, int, int]
"""What changes when another file takes the place of this one."""


class KeyFile:
    """A file with one signer. From any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: tuple[Seen, Signer] | None = None

    def signer(self) -> Signer | None:
        """Who signs now; None where there is no key. Raises `KeyInvalid`, or `OSError` where it cannot be read."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        seen = (found.st_ino, found.st_mtime_ns, found.st_size)
        known = self._known
        if known is None or known[0] != seen:
            self._known = known = (seen, Signer.parse(self.path.read_text("utf-8")))
        return known[1]

    def required(self) -> Signer:
        """The same. Raises `KeyInvalid`, also where there is none."""
        signer = self.signer()
        if signer is None:
            raise KeyInvalid(f"没有密钥 {self.path}，请先运行 bidao keys init。")
        return signer
