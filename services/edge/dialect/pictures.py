"""The picture of a user who has brought none: the initial of the name, in a colour of its own."""

import colorsys
import io
import zlib
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

SIDE: Final = 128
_HEIGHT: Final = 64
_LIGHTNESS, _SATURATION = 0.42, 0.45


@lru_cache(maxsize=4096)
def initial(username: str) -> bytes:
    """Return a PNG of 128 × 128 pixels; the same name has the same picture at every edge."""
    hue = zlib.crc32(username.encode()) % 360 / 360
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, _LIGHTNESS, _SATURATION))
    picture = Image.new("RGB", (SIDE, SIDE), (red, green, blue))
    ImageDraw.Draw(picture).text(
        (SIDE / 2, SIDE / 2), username[:1].upper(), "white", ImageFont.load_default(_HEIGHT), anchor="mm"
    )
    png = io.BytesIO()
    picture.quantize(64).save(png, "PNG", optimize=True)
    return png.getvalue()
