"""Making a picture's smaller forms with Pillow; runs in a worker alone."""

import io
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageOps, ImageSequence

FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
SMALL_FORMATS: Final = ("JPEG", "PNG", "GIF")
THUMBNAIL: Final = (120, 100)
PREVIEW_WIDTH: Final = 1920
MINI: Final = (16, 16)

# The limit is ours, checked before anything is decoded; Pillow's own warns first and counts differently.
Image.MAX_IMAGE_PIXELS = None


class TooLarge(Exception):
    """The picture has more pixels than allowed."""


def render(folder: Path, max_pixels: int) -> dict[str, Any]:
    """Write `thumbnail` and `preview` beside `original`; return what is known of the picture now.

    `width` and `height` as it is shown, EXIF orientation applied; `mini` is a JPEG; `thumbnail` and `preview` are the
    content types of what was written. Raises TooLarge, or whatever Pillow raises for what it cannot read.
    """
    with Image.open(folder / "original", formats=FORMATS) as source:
        if source.width * source.height > max_pixels:
            raise TooLarge
        png = source.format == "PNG"
        source.load()
        image = _plain(ImageOps.exif_transpose(source), alpha=png)
    width, height = image.size
    preview = image
    if width > PREVIEW_WIDTH:
        preview = image.resize(
            (PREVIEW_WIDTH, max(1, round(height * PREVIEW_WIDTH / width))), Image.Resampling.LANCZOS, reducing_gap=2.0
        )
    thumbnail = preview.copy()
    thumbnail.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS, reducing_gap=2.0)
    mini = io.BytesIO()
    _plain(thumbnail.resize(MINI), alpha=False).save(mini, "JPEG", quality=90)
    kind = "PNG" if png else "JPEG"
    for name, form in (("thumbnail", thumbnail), ("preview", preview)):
        form.save(folder / name, kind, quality=90)
    return {
        "width": width,
        "height": height,
        "mini": mini.getvalue(),
        "thumbnail": f"image/{kind.lower()}",
        "preview": f"image/{kind.lower()}",
    }


def shrink(folder: Path, limit: int, side: int) -> dict[str, Any]:
    """Write `small` beside `original`, at most `side` pixels wide and high; return its content `type`.

    A picture that moves goes on moving. Raises TooLarge when a side has more than `limit` pixels, or whatever Pillow
    raises for what it cannot read.
    """
    original, small = folder / "original", folder / "small"
    with Image.open(original, formats=SMALL_FORMATS) as source:
        if max(source.size) > limit:
            raise TooLarge
        kind = str(source.format)
        if max(source.size) <= side:
            source.load()
            small.write_bytes(original.read_bytes())
            return {"type": f"image/{kind.lower()}"}
        frames = [_fitted(frame, side) for frame in ImageSequence.Iterator(source)]
        if kind == "GIF" and len(frames) > 1:
            duration = source.info.get("duration", 100)
            frames[0].save(small, "GIF", save_all=True, append_images=frames[1:], loop=0, duration=duration, disposal=2)
            return {"type": "image/gif"}
        frames[0].save(small, "PNG")
        return {"type": "image/png"}


def portray(folder: Path, max_pixels: int, side: int) -> dict[str, Any]:
    """Write `small` beside `original`: its middle as a PNG of `side` pixels square, EXIF orientation applied.

    Raises TooLarge, or whatever Pillow raises for what it cannot read.
    """
    with Image.open(folder / "original", formats=FORMATS) as source:
        if source.width * source.height > max_pixels:
            raise TooLarge
        source.load()
        image = _plain(ImageOps.exif_transpose(source), alpha=True)
    ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS).save(folder / "small", "PNG")
    return {}


def _fitted(frame: Image.Image, side: int) -> Image.Image:
    image = frame.convert("RGBA")
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return image


def _plain(image: Image.Image, *, alpha: bool) -> Image.Image:
    """Return the picture as RGB, what is transparent on white; or with its transparency if `alpha`."""
    transparent = image.has_transparency_data
    if transparent and alpha:
        return image.convert("RGBA")
    if not transparent:
        return image.convert("RGB")
    over = Image.new("RGBA", image.size, "white")
    over.alpha_composite(image.convert("RGBA"))
    return over.convert("RGB")
