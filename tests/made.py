"""Files made in code: honest ones, lying ones and bombs."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

RATE = 16_000


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    """A picture as a file of that format."""
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def grey(rows: list[list[int]]) -> Image.Image:
    return Image.fromarray(np.array(rows, np.uint8))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def png(width: int, height: int, extra: bytes = b"", pixels: bytes = b"\0" * 400) -> bytes:
    """An RGB PNG by hand; `extra` goes between its header and its (unpacked) pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = png_chunk(b"IDAT", zlib.compress(pixels))
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + extra + body + png_chunk(b"IEND", b"")
    )


def tiff(tags: list[tuple[int, int, int, int | None]], blob: bytes) -> bytes:
    """A TIFF of one directory of (tag, type, count, value); None points at `blob`."""
    start = 8 + 2 + 12 * len(tags) + 4
    rows = b"".join(
        struct.pack("<HHII", tag, kind, count, start if value is None else value)
        for tag, kind, count, value in tags
    )
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    return head + rows + struct.pack("<I", 0) + blob


def overlapping_tags(count: int, size: int) -> bytes:
    """A TIFF (or EXIF) of `count` tags that all unpack the same `size` bytes."""
    return tiff([(number + 1, 7, size, None) for number in range(count)], b"a" * size)


def with_exif(jpeg: bytes, exif: bytes) -> bytes:
    """The JPEG with this EXIF in as many segments as it takes."""
    parts = [exif[i : i + 65_000] for i in range(0, len(exif), 65_000)]
    segments = (b"\xff\xe1" + struct.pack(">H", len(p) + 8) + b"Exif\0\0" + p for p in parts)
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def gif(width: int, height: int, comments: int = 0) -> bytes:
    """A one-frame GIF by hand with blocks of comment before the frame."""
    comment = b"!\xfe" + (b"\xff" + b"a" * 255) * comments + b"\0" if comments else b""
    screen = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + b"\0" * 6
    frame = b"," + struct.pack("<HHHH", 0, 0, width, height) + b"\0\x02\x02\x44\x01\0;"
    return screen + comment + frame


def sine(seconds: float = 1.0, rate: int = RATE, hertz: float = 440.0) -> NDArray[np.float32]:
    """(samples,) float32, half of full scale."""
    times = np.arange(int(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32)


def wav(
    rate: int, content: bytes, channels: int = 1, bits: int = 16, form: int = 1, says: int = -1
) -> bytes:
    """A WAV by hand, so that its header may lie; `form` 3 is float."""
    length = len(content) if says < 0 else says
    block = channels * bits // 8
    head = struct.pack("<IHHIIHH", 16, form, channels, rate, rate * block % 2**32, block, bits)
    data = b"data" + struct.pack("<I", length) + content
    return b"RIFF" + struct.pack("<I", (36 + length) % 2**32) + b"WAVEfmt " + head + data


def sound(samples: NDArray[np.float32], rate: int, form: str, subtype: str) -> bytes:
    """A recording written by libsndfile."""
    import soundfile

    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=form, subtype=subtype)
    return out.getvalue()


def contained(samples: NDArray[np.float32], rate: int, form: str, codec: str) -> bytes:
    """A mono recording in a container of FFmpeg ("ipod" is M4A)."""
    import av

    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        for start in range(0, len(samples), rate):
            part = np.ascontiguousarray(samples[None, start : start + rate], np.float32)
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def m4a_with_endless_table(m4a: bytes, samples: int) -> bytes:
    """The M4A, its tables saying that it holds so many samples of one byte each."""
    made = bytearray(m4a)
    for tag, offset, value in (
        (b"stsz", 4, 1),
        (b"stsz", 8, samples),
        (b"stts", 8, samples),
        (b"stsc", 12, samples),
    ):
        place = m4a.index(tag) + 4 + offset
        made[place : place + 4] = struct.pack(">I", value)
    return bytes(made)


def pdf_of(pages: list[Image.Image]) -> bytes:
    """A PDF of pictures at 72 dpi."""
    return saved(pages[0], "PDF", save_all=True, append_images=pages[1:], resolution=72)


def pdf(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """A PDF by hand; object 1 is its catalog."""
    out, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R %s >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (count, table, count, trailer, len(out))
    )


def stream(content: bytes, keys: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), keys, content)


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
BLANK = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] >>"


def pdf_locked() -> bytes:
    """A PDF that asks for a password that nobody knows."""
    lock = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (b"41" * 32, b"42" * 32)
    ids = b"/ID [<%s> <%s>] /Encrypt 4 0 R" % (b"43" * 16, b"43" * 16)
    return pdf([CATALOG, PAGES, BLANK % (100, 100), lock], ids)


def pdf_of_laughs(levels: int = 12, times: int = 10) -> bytes:
    """A page that draws a form, which draws the next one ten times, and so on."""
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R"
        b" /Resources << /XObject << /F 5 0 R >> >> >>"
    )
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 99 99]"
    deeper = [
        stream(
            b"/F Do " * times, form + b" /Resources << /XObject << /F %d 0 R >> >>" % (number + 1)
        )
        for number in range(5, 5 + levels)
    ]
    last = stream(b"0 0 9 9 re f " * 10, form)
    return pdf([CATALOG, PAGES, page, stream(b"/F Do"), *deeper, last])


TINY = saved(Image.new("RGB", (9, 9)), "JPEG")
