"""Pictures: any allowed file becomes one upright 8-bit RGB image, within limits."""

from __future__ import annotations

import io
from struct import error
from typing import IO, TYPE_CHECKING, Any, cast

from pipelines.limits import MB, MEGAPIXEL, Limits
from pipelines.sources import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
HEADER_BYTES = {"GIF": MB // 4, "TIFF": 2 * MB}
"""Pillow joins GIF comments in quadratic time and copies every TIFF tag, however they overlap."""
EXIF_BYTES = 65_536
"""Room for one JPEG segment; in more, tags that overlap can unpack to gigabytes."""
BLOCK_BYTES = 65_536
"""What Pillow reads at once, at least, for each strip of a TIFF."""
DAMAGED_EXIF = (ArithmeticError, LookupError, OSError, SyntaxError, TypeError, ValueError, error)
ORIENTATION = 0x0112
TILE_WIDTH, TILE_LENGTH = 322, 323
DEEP_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")
EIGHT_BIT, SIXTEEN_BIT = 255, 65_535
FULL_RANGE = 16_384
"""16-bit pixels that all stay below this (a quarter of the range) are measurements, not light."""


def decode_image(source: Source, limits: Limits) -> tuple[Image, tuple[str, ...]]:
    """The first frame as PIL RGB, upright, alpha on white; and notes on what was changed.

    Raises InputError from the header for more than limits.image_pixels or limits.image_ratio.
    """
    frame = header_of(source, limits)
    image, scaled = picture_of(source, frame)
    return image, _frame_note(frame) + scaled


def picture_of(source: Source, frame: ImageFile) -> tuple[Image, tuple[str, ...]]:
    """The frame whose header was read, as PIL RGB; and notes on what was changed."""
    source.allow(source.size + len(frame.tile) * BLOCK_BYTES + 2 * MB)
    frame.load()
    image, scaled = _eight_bit(_upright(frame))
    return _on_white(image), scaled


def small(picture: Image, side: int) -> Image:
    """A copy of which no side is longer, in pixels."""
    copy = picture.copy()
    copy.thumbnail((side, side))
    return copy


def jpeg(picture: Image, quality: int = 85) -> bytes:
    """The picture as a JPEG file."""
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=quality)
    return file.getvalue()


def header_of(source: Source, limits: Limits) -> ImageFile:
    """The picture with only its header read, and that within the limits."""
    from PIL import Image

    _check_exif(source)
    source.allow(HEADER_BYTES.get(source.format, source.size + MB))
    try:
        image = Image.open(cast(IO[bytes], source), formats=(source.format,))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        source.refuse(f"has too many pixels; {_most(limits)}")
    check_pixels(source, image, limits)
    return image


def check_pixels(source: Source, image: ImageFile, limits: Limits) -> None:
    """Refuse a picture by what its header says of its size."""
    most = _most(limits)
    width, height = image.size
    if width * height > limits.image_pixels:
        source.refuse(f"has {width * height / MEGAPIXEL:.1f} megapixels; {most}")
    if max(width, height) > limits.image_ratio * min(width, height):
        source.refuse(
            f"is {width} x {height} pixels; one side may be {limits.image_ratio:g} times the other"
            " at most. Crop it."
        )
    if _tile_pixels(image) > limits.image_pixels:
        source.refuse(f"is made of tiles with too many pixels; {most}")


def _most(limits: Limits) -> str:
    return f"at most {limits.image_pixels / MEGAPIXEL:g} megapixels are read; make it smaller."


def _check_exif(source: Source) -> None:
    """Refuse a JPEG with more than one segment of EXIF; Pillow would join and unpack them."""
    if source.format != "JPEG":
        return
    source.seek(2)
    total = 0
    while (marker := source.file.read(4))[:1] == b"\xff" and marker[1:2] not in (b"\xda", b"\xd9"):
        length = int.from_bytes(marker[2:], "big")
        body = source.file.read(max(length - 2, 0))
        total += length if marker[1:2] == b"\xe1" and body.startswith(b"Exif\0\0") else 0
    source.seek(0)
    if total > EXIF_BYTES:
        source.refuse("has more than 64 KB of camera metadata; save it again without metadata.")


def _tile_pixels(image: Image) -> int:
    """Pixels of one TIFF tile, which libtiff unpacks whole even for a picture smaller than it."""
    tags = getattr(image, "tag_v2", {})
    return int(tags.get(TILE_WIDTH, 0)) * int(tags.get(TILE_LENGTH, 0))


def _frame_note(image: Image) -> tuple[str, ...]:
    """A note for the first of several frames, by the header; Pillow would read them all."""
    looped = image.format == "GIF" and ("loop" in image.info or image.info.get("duration", 0) > 0)
    if looped or (image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False)):
        return ("The picture is animated; its first frame was used.",)
    if image.format == "TIFF" and getattr(image, "is_animated", False):
        return ("The picture has several pages; the first was used.",)
    return ()


def _upright(image: Image) -> Image:
    """Turned as its EXIF orientation (1-8) says; Pillow has already turned a TIFF."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image) -> Any:
    """The EXIF orientation; 1 where the EXIF is missing, unreadable or too large to be honest."""
    blobs = (image.info.get("exif", b""), image.info.get("Raw profile type exif", b""))
    if max(map(len, blobs)) > EXIF_BYTES:
        return 1
    try:
        return image.getexif().get(ORIENTATION, 1)
    except DAMAGED_EXIF:  # the picture itself is fine
        return 1


def _eight_bit(image: Image) -> tuple[Image, tuple[str, ...]]:
    """A grey picture of 16-bit, 32-bit or float pixels as 8-bit grey; others as they are."""
    import numpy as np
    from PIL import Image

    if image.mode not in DEEP_MODES:
        return image, ()
    grey, note = scale_to_eight_bit(np.asarray(image).astype(np.float32))
    return Image.fromarray(grey), note


def scale_to_eight_bit(values: NDArray[np.float32]) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Pixels of unknown scale as uint8, by the first rule that fits:

    all in 0..1 and not whole: times 255. All in 0..255: as they are. All in 0..65535 and some above
    16383: 16-bit light, divided by 257. Else (depth in millimetres, 12-bit scans, temperatures):
    stretched from lowest to highest, with a note. NaN and infinity become the lowest value.
    """
    import numpy as np

    finite = np.isfinite(values)
    low = float(values.min(where=finite, initial=np.inf))
    high = float(values.max(where=finite, initial=-np.inf))
    if low > high:
        low = high = 0.0
    values = np.where(finite, values, np.float32(low))
    note: tuple[str, ...] = ()
    if low >= 0 and high <= 1 and bool((values % 1).any()):
        floor, factor = 0.0, float(EIGHT_BIT)
    elif low >= 0 and high <= EIGHT_BIT:
        floor, factor = 0.0, 1.0
    elif low >= 0 and FULL_RANGE <= high <= SIXTEEN_BIT:
        floor, factor = 0.0, EIGHT_BIT / SIXTEEN_BIT
    else:
        floor, factor = low, EIGHT_BIT / ((high - low) or 1.0)
        note = (f"Pixel values from {low:g} to {high:g} were stretched to black to white.",)
    scaled = values.astype(np.float64)
    scaled -= floor
    scaled *= factor
    return np.rint(scaled, out=scaled).astype(np.uint8), note


def _on_white(image: Image) -> Image:
    """RGB; see-through pixels show white."""
    from PIL import Image

    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
