"""What a file that is handed in is, found out by looking into it; of a photograph, where it was taken."""

from __future__ import annotations

from io import BytesIO
from typing import Any, NamedTuple

from PIL import ExifTags, Image, ImageOps
from pydantic import ValidationError

from domain.model import CRS, Point

JPEG, PNG, WEBP, PDF = "image/jpeg", "image/png", "image/webp", "application/pdf"
FORMATS = {"JPEG": JPEG, "MPO": JPEG, "PNG": PNG, "WEBP": WEBP}
"""Pillow's names; MPO is a JPEG that some telephones put a second picture behind."""
MAX_PIXELS = 64_000_000
"""Of one photograph; while it is looked at it takes three or four bytes for each."""
SIDE = 2_048
"""Pixels of the longer side of the copy to look at."""
QUALITY = 85
PDF_END = 2_048
"""Bytes within which a PDF says that it ends."""

Image.MAX_IMAGE_PIXELS = None  # counted here, before anything is unpacked


class Unfit(ValueError):
    """Not a file that is taken in. Carries a Chinese sentence."""


class Examined(NamedTuple):
    """What a file is; `rendition` is a JPEG to look at that says nothing but what is to be seen."""

    media_type: str
    rendition: bytes | None = None
    position: Point | None = None


def examined(content: bytes) -> Examined:
    """Look into a file, whatever it is called. Raises `Unfit`."""
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-PDF_END:]:
            raise Unfit("这份 PDF 不完整，请重新上传。")
        return Examined(PDF)
    try:
        image = Image.open(BytesIO(content), formats=("JPEG", "PNG", "WEBP"))
    except (OSError, SyntaxError, ValueError):
        raise Unfit("只收 JPEG、PNG、WebP 照片和 PDF 文件；看内容，不看文件名。") from None
    with image:
        if image.width * image.height > MAX_PIXELS:
            raise Unfit(f"照片不能超过 {MAX_PIXELS // 1_000_000}00 万像素，请缩小后再传。")
        try:
            kind, position = FORMATS[str(image.format)], position_of(image)
            return Examined(kind, _rendition(image), position)
        except Exception:  # whatever a reader of pictures meets in one that is cut off, or made to hurt
            raise Unfit("这张照片打不开：没有传完，或已损坏。") from None


def position_of(image: Image.Image) -> Point | None:
    """Where a photograph says it was taken (Exif 2.32 §4.6.6); None where it does not, or not in this country."""
    try:
        told = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        latitude, longitude = _degrees(told, ExifTags.GPS.GPSLatitude), _degrees(told, ExifTags.GPS.GPSLongitude)
        return Point(longitude=longitude, latitude=latitude, crs=CRS.WGS84)
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OSError, SyntaxError, ValidationError):
        return None


def _degrees(told: dict[int, Any], tag: int) -> float:
    """Degrees, minutes and seconds as one number; south and west are below nought."""
    degrees, minutes, seconds = (float(part) for part in told[tag])
    sign = -1 if str(told[tag - 1]).strip("\0 ").upper() in ("S", "W") else 1
    return round(sign * (degrees + minutes / 60 + seconds / 3600), 7)


def _rendition(image: Image.Image) -> bytes:
    """The picture drawn anew, upright and no larger than is looked at, with nothing beside it."""
    image.thumbnail((SIDE, SIDE))
    upright = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        paper = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(paper, upright)
    drawn = BytesIO()
    upright.convert("RGB").save(drawn, "JPEG", quality=QUALITY)
    return drawn.getvalue()
