"""What a file that is handed in is, found out by looking into it; of a photograph, where it was taken."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from domain.model import CRS, Point

JPEG, PDF = "image/jpeg", "application/pdf"
EXTENSIONS = {JPEG: "jpg", "image/png": "png", "image/webp": "webp", PDF: "pdf"}
PDF_END = 2_048
"""Bytes within which a PDF says that it ends."""
PATIENCE = 60.0
"""Seconds for one photograph, with whatever else the machine does meanwhile."""
UNSEEN = "这张照片打不开：太大、太费时，或已损坏。"


class Unfit(ValueError):
    """Not a file that is taken in. Carries a Chinese sentence."""


class Examined(NamedTuple):
    """What a file is; `rendition` is a JPEG to look at that says nothing but what is to be seen."""

    media_type: str
    rendition: bytes | None = None
    position: Point | None = None


def examined(content: bytes) -> Examined:
    """Look into a file, whatever it is called; into a photograph in a process of its own. Raises `Unfit`."""
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-PDF_END:]:
            raise Unfit("这份 PDF 不完整，请重新上传。")
        return Examined(PDF)
    told, rendition = _seen(content)
    if "unfit" in told:
        raise Unfit(told["unfit"])
    return Examined(told["kind"], rendition, _point(told["position"]))


def tells_where(content: bytes) -> bool:
    """Whether a PDF holds a photograph as a camera wrote it, with what it says beside the picture."""
    return b"Exif\0\0" in content


def _seen(content: bytes) -> tuple[dict[str, Any], bytes]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("BIDAO_")}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "api.picture"],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it may quote what it could not read
            timeout=PATIENCE,
            env=bare,
            check=True,
        )
    except subprocess.SubprocessError:
        raise Unfit(UNSEEN) from None
    told, _, rendition = done.stdout.partition(b"\n")
    return orjson.loads(told), rendition


def _point(position: tuple[float, float] | None) -> Point | None:
    """Where that is; None where it is not in this country."""
    if position is None:
        return None
    with suppress(ValidationError):
        return Point(longitude=position[0], latitude=position[1], crs=CRS.WGS84)
    return None
