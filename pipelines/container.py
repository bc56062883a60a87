"""The sound in an MP4 or WebM container, decoded by FFmpeg in a process of its own.

`python -m pipelines.container DEMUXER MOST_SECONDS < file` writes one line of JSON, then
interleaved float32. The JSON is {"rate", "channels"}, or {"refused": why} with a key of REFUSALS.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from pipelines.confined import cap_resources, no_other_file, write_line

CODECS = ("aac", "alac", "flac", "mp3", "opus", "vorbis")
"""Of the many that FFmpeg knows, those that phones, browsers and shops write."""
DEMUXERS = {"M4A": "mov", "MP4": "mov", "MOV": "mov", "WEBM": "matroska", "FLAC": "flac"}
REFUSALS = ("silent", "codec", "long")
"""No sound in it; not one of CODECS; longer than MOST_SECONDS."""
SAMPLE_BYTES = 4


def main(demuxer: str, most_seconds: float) -> None:
    """Decode standard input, which is a file, to standard output."""
    import av

    cap_resources()
    with open(0, "rb", closefd=False) as file:
        if why := _refusal(av, file, demuxer, most_seconds):
            write_line({"refused": why})
        else:
            _write_sound(av, file, demuxer)


def _open(av: Any, file: Any, demuxer: str) -> Any:
    """The container; this demuxer only, and no other file whatever it refers to."""
    file.seek(0)
    return av.open(file, format=demuxer, io_open=no_other_file)


def _refusal(av: Any, file: Any, demuxer: str, most_seconds: float) -> str:
    """Why not to decode, by the header and by the times of the packets; "" if nothing is known."""
    with _open(av, file, demuxer) as container:
        if not container.streams.audio:
            return "silent"
        stream = container.streams.audio[0]
        if stream.codec.canonical_name not in CODECS:
            return "codec"
        long = (container.duration or 0) > most_seconds * av.time_base
        return "long" if long or _ends_after(container, stream, most_seconds) else ""


def _ends_after(container: Any, stream: Any, most_seconds: float) -> bool:
    """Whether a packet starts that late; browsers write recordings without a duration."""
    for packet in container.demux(stream):
        if packet.pts is not None and packet.pts * stream.time_base > most_seconds:
            return True
    return False


def _write_sound(av: Any, file: Any, demuxer: str) -> None:
    with _open(av, file, demuxer) as container:
        for number, frame in enumerate(_frames(av, container)):
            channels = frame.layout.nb_channels
            if number == 0:
                write_line({"rate": frame.sample_rate, "channels": channels})
            size = frame.samples * channels * SAMPLE_BYTES
            sys.stdout.buffer.write(memoryview(frame.planes[0])[:size])


def _frames(av: Any, container: Any) -> Iterator[Any]:
    """Frames of interleaved float32, all at the rate of the first (HE-AAC: not the header's)."""
    to_float = av.AudioResampler(format="flt")
    for frame in container.decode(container.streams.audio[0]):
        yield from to_float.resample(frame)
    yield from to_float.resample(None)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
