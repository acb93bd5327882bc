"""Looks into one photograph, in a process of its own: `python -m api.picture`, the photograph on its standard input.

Readers of pictures are large, and a picture can be made to keep one busy for hours, to fill the memory, or worse. So
here there are limits, no settings, no files to write, and nothing else to lose. The answer is a line of JSON, and then
a JPEG to look at that says nothing but what is to be seen.
"""

from __future__ import annotations

import json
import resource
import sys
from contextlib import suppress
from io import BytesIO
from typing import Any

from PIL import ExifTags, Image, ImageOps

KINDS = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
"""Pillow's names; MPO is a JPEG that some telephones put a second picture behind."""
MOST_PIXELS = {"JPEG": 64_000_000, "MPO": 64_000_000}
"""Of one photograph: a JPEG is read small, the others have to be unpacked whole."""
OTHERS_PIXELS = 24_000_000
MOST_SCANS = 64
"""Of a JPEG: each is read over the whole picture, and those of cameras have a dozen at most."""
SIDE = 2_048
"""Pixels of the longer side of the copy to look at."""
QUALITY = 85
MEMORY, SECONDS = 2 * 1024**3, 20
"""Bytes of address space, and of the processor's time."""
UNKNOWN = "只收 JPEG、PNG、WebP 照片和 PDF 文件；看内容，不看文件名。"
BROKEN = "这张照片打不开：没有传完，或已损坏。"
TOO_LARGE = "照片的像素太多，请缩小后再传。"

Image.MAX_IMAGE_PIXELS = None  # counted here, before anything is unpacked


def looked_at(content: bytes) -> tuple[dict[str, Any], bytes]:
    """`kind` and `position` (longitude and latitude in degrees, WGS 84, or None), with the copy; or why `unfit`."""
    try:
        image = Image.open(BytesIO(content), formats=("JPEG", "PNG", "WEBP"))
    except (OSError, SyntaxError, ValueError):
        return {"unfit": UNKNOWN}, b""
    with image:
        if image.width * image.height > MOST_PIXELS.get(str(image.format), OTHERS_PIXELS):
            return {"unfit": TOO_LARGE}, b""
        if content.count(b"\xff\xda") > MOST_SCANS and str(image.format) in MOST_PIXELS:
            return {"unfit": BROKEN}, b""
        try:
            told = {"kind": KINDS[str(image.format)], "position": position_of(image)}
            return told, _copy(image)
        except Exception:  # whatever a reader of pictures meets in one that is cut off, or made to hurt
            return {"unfit": BROKEN}, b""


def position_of(image: Image.Image) -> tuple[float, float] | None:
    """Where a photograph says it was taken (Exif 2.32 §4.6.6); None where it does not."""
    try:
        told = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        return _degrees(told, ExifTags.GPS.GPSLongitude), _degrees(told, ExifTags.GPS.GPSLatitude)
    except (LookupError, TypeError, ValueError, ArithmeticError, OSError, SyntaxError):
        return None


def _degrees(told: dict[int, Any], tag: int) -> float:
    """Degrees, minutes and seconds as one number; south and west are below nought."""
    degrees, minutes, seconds = (float(part) for part in told[tag])
    sign = -1 if str(told[tag - 1]).strip("\0 ").upper() in ("S", "W") else 1
    return round(sign * (degrees + minutes / 60 + seconds / 3600), 7)


def _copy(image: Image.Image) -> bytes:
    """The picture drawn anew, upright and no larger than is looked at, with nothing beside it."""
    image.thumbnail((SIDE, SIDE))
    upright = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
    drawn = Image.new("RGB", upright.size)
    drawn.paste(upright.convert("RGB"))  # pixels and nothing else: what stood beside them is written again otherwise
    written = BytesIO()
    drawn.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()


def main() -> None:
    for limit, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_FSIZE, 0)):
        with suppress(OSError, ValueError):
            resource.setrlimit(limit, (most, most))
    told, copy = looked_at(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + copy)


if __name__ == "__main__":
    main()
