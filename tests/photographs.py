"""Photographs and minutes as people hand them in, made up."""

from __future__ import annotations

from io import BytesIO

from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

PLACE = (109.9532, 27.5501)
"""Longitude and latitude where `photograph` says it was taken, in degrees."""
WORDS = "SECRET-CAMERA-0417"
MINUTES = b"%PDF-1.7\n" + b"1 0 obj\n<< /Title (minutes) >>\nendobj\n" * 40 + b"trailer\n%%EOF\n"


def photograph(form: str = "JPEG", size: tuple[int, int] = (3000, 2000), *, located: bool = True) -> bytes:
    """A photograph held upright, with what cameras write beside the picture."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Model] = WORDS
    if located:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N", _sexagesimal(PLACE[1])
        gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "E", _sexagesimal(PLACE[0])
    written = BytesIO()
    image.save(written, form, exif=exif)
    return written.getvalue()


def commented(form: str) -> bytes:
    """A photograph with where it was taken in words beside the picture, as some programs write them."""
    image, written = Image.linear_gradient("L").convert("RGB"), BytesIO()
    if form == "PNG":
        text = PngInfo()
        text.add_text("comment", WORDS)
        image.save(written, form, pnginfo=text)
    else:
        image.save(written, form, comment=WORDS.encode())
    return written.getvalue()


def many_scans(scans: int = 100) -> bytes:
    """A small progressive JPEG that asks to be read over and over: its last scan stands there again and again."""
    written = BytesIO()
    Image.linear_gradient("L").save(written, "JPEG", progressive=True)
    content = written.getvalue()
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2] * scans + content[-2:]


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    minutes = degrees % 1 * 60
    return float(int(degrees)), float(int(minutes)), minutes % 1 * 60
