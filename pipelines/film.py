"""The frames of a video, decoded by FFmpeg in a process of its own.

`python -m pipelines.film DEMUXER FRAMES EVERY SECONDS PIXELS LONGEST WIDTH STEP MOST < file` writes
one line of JSON, then as many pictures of height x width x 3 bytes (RGB) as it says. The JSON is
{"width", "height", "turn", "total", "chosen", "times", "spans"}, where a long clip is read in
windows {"windows"} too, each with the places of its FRAMES among those chosen; or
{"refused": why} with a key of REFUSALS.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from pipelines import clips
from pipelines.clips import Spans, Wish
from pipelines.confined import cap_resources, no_other_file, write_line

CODECS = (
    *("h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mjpeg", "mpeg2video", "mpeg1video"),
    *("msmpeg4v3", "msmpeg4v2", "h263", "theora", "prores", "dvvideo"),
)
"""Of the many that FFmpeg knows, those that phones, cameras and browsers write."""
DEMUXERS = {"MP4": "mov", "MOV": "mov", "WEBM": "matroska", "AVI": "avi"}
REFUSALS = ("no video", "codec", "long", "large", "empty", "short", "many", "step")
"""No picture in it; not one of CODECS; more than SECONDS; a frame of more than PIXELS; without a
frame that can be decoded; too few frames for one in EVERY; more than MOST windows; STEP is more
than WIDTH."""
MOST_PACKETS = 200_000
"""Ten minutes at more than 300 frames a second."""
CHANNELS = 3
FAR = 24
"""Frames over which decoding takes longer than a jump."""


def main(
    demuxer: str, frames: int, every: int, most_seconds: float, most_pixels: int, longest: int,
    wish: Wish,
) -> None:  # fmt: skip
    """Decode standard input, which is a file, to standard output.

    `every` is about the step between two frames from the first one on; 0 spreads them evenly, over
    the clip or over each of the windows that are wished for.
    """
    import av

    cap_resources()
    with open(0, "rb", closefd=False) as file:
        file.seek(0)
        with av.open(file, format=demuxer, io_open=no_other_file) as container:
            said = _look(container, most_seconds, most_pixels)
        if "refused" in said:
            write_line(said)
            return
        said["spans"] = _spans(said, wish)
        windows = _windows(said, frames)
        wanted = sorted({n for window in windows for n in window})
        if not windows:
            wanted = chosen(len(said["times"]), frames, every)
        if refused := _unfit(said["spans"], wish, wanted):
            write_line({**refused, "total": len(said["times"])})
            return
        said["windows"] = [[wanted.index(n) for n in window] for window in windows]
        longest = min(longest, clips.LONGEST) if windows else longest
        file.seek(0)
        with av.open(file, format=demuxer, io_open=no_other_file) as container:
            _write_frames(container, said, wanted, most_pixels, longest)


def chosen(total: int, frames: int, every: int) -> list[int]:
    """Numbers of the frames to take of so many; none where there are too few for the step.

    With a step they are those of the library (transformers 5.23): frames * every from the start on.
    """
    if every:
        last = frames * every - 1
        steps = [int(n * last / max(1, frames - 1)) for n in range(frames)]
        return steps if last < total else []
    if frames == 1:
        return [total // 2]
    return [round(n * (total - 1) / (frames - 1)) for n in range(frames)]


def _spans(said: dict[str, Any], wish: Wish) -> Spans:
    """Where the windows are; none where reading them all would take long and nobody asked."""
    times = said["times"]
    if len(times) * said["pixels"] > clips.HEAVY_PIXELS and not wish.asked:
        return clips.WHOLE
    return clips.spans(times[-1] - times[0] + 2 * _half_a_frame(times), wish)


def _windows(said: dict[str, Any], frames: int) -> list[list[int]]:
    """Numbers of the frames of each window, spread evenly over it."""
    times, slack = said["times"], _half_a_frame(said["times"])
    found = []
    for span in said["spans"].windows:
        begin, count = clips.inside(times, span, slack)
        found.append([begin + n for n in chosen(count, frames, 0)])
    return found


def _unfit(spans: Spans, wish: Wish, wanted: list[int]) -> dict[str, Any]:
    """Why the clip is not read so, or nothing."""
    if not wanted:
        return {"refused": "short"}
    if len(spans.windows) > wish.most:
        return {"refused": "many", "windows": len(spans.windows)}
    return {"refused": "step", "window": spans.width} if spans.step > spans.width else {}


def _look(container: Any, most_seconds: float, most_pixels: int) -> dict[str, Any]:
    """Times in seconds of all frames, by their packets, and the stream; or why not to go on.

    What the header says of length is not believed.
    """
    stream = next((s for s in container.streams.video if not _is_cover(s)), None)
    if stream is None:
        return {"refused": "no video"}
    if stream.codec_context.codec.canonical_name not in CODECS:
        return {"refused": "codec"}
    pixels = stream.codec_context.width * stream.codec_context.height
    if pixels > most_pixels:
        return {"refused": "large"}
    marks: list[tuple[float, bool]] = []
    for packet in container.demux(stream):
        at = packet.pts if packet.pts is not None else packet.dts
        if at is None or packet.is_discard:
            continue
        marks.append((float(at * stream.time_base), packet.is_keyframe))
        if len(marks) > MOST_PACKETS:
            return {"refused": "long"}
    if not marks:
        return {"refused": "empty"}
    marks.sort()
    if marks[-1][0] - marks[0][0] > most_seconds:
        return {"refused": "long"}
    return {"index": stream.index, "times": [at for at, _ in marks], "pixels": pixels,
            "keys": [at for at, key in marks if key]}  # fmt: skip


def _is_cover(stream: Any) -> bool:
    """The picture on a recording's sleeve is no video."""
    return bool(stream.disposition & stream.disposition.__class__.attached_pic)


def _write_frames(
    container: Any, said: dict[str, Any], wanted: list[int], most_pixels: int, longest: int
) -> None:
    """The line, then the frames; one that cannot be decoded is the one before it."""
    stream = container.streams[said["index"]]
    stream.codec_context.options = {"max_pixels": str(most_pixels)}
    size: tuple[int, int] | None = None
    last: bytes | None = None
    written = 0
    for number, frame in _frames(container, stream, said, wanted):
        if size is None:
            size = _scaled(frame.width, frame.height, longest)
            times = [round(said["times"][n] - said["times"][0], 3) for n in wanted]
            write_line(
                {
                    "width": size[0], "height": size[1], "turn": round(frame.rotation / 90) % 4,
                    "total": len(said["times"]), "chosen": wanted, "times": times,
                    "spans": asdict(said["spans"]), "windows": said["windows"],
                }
            )  # fmt: skip
        last = frame.to_ndarray(format="rgb24", width=size[0], height=size[1]).tobytes()
        for _ in range(wanted.count(number)):
            sys.stdout.buffer.write(last)
            written += 1
    if last is None:
        write_line({"refused": "empty"})
        return
    for _ in range(len(wanted) - written):
        sys.stdout.buffer.write(last)


def _frames(
    container: Any, stream: Any, said: dict[str, Any], wanted: list[int]
) -> Iterator[tuple[int, Any]]:
    """Each wanted frame once with its number; jumps to a keyframe where one lies in between.

    A frame is known by its time, since a jump loses count.
    """
    times, keys = said["times"], said["keys"]
    half = _half_a_frame(times)
    position = times[0]
    decoder = _decoded(container, stream)
    for number in dict.fromkeys(wanted):
        before = [key for key in keys if position < key <= times[number] + half]
        if before and times[number] - position > FAR * 2 * half:
            container.seek(int(before[-1] / stream.time_base), stream=stream)
            decoder = _decoded(container, stream)
        for frame in decoder:
            at = frame.pts if frame.pts is not None else frame.dts
            position = float(at * stream.time_base) if at is not None else position + 2 * half
            if position >= times[number] - half:
                yield number, frame
                break


def _decoded(container: Any, stream: Any) -> Iterator[Any]:
    """Frames from where the container stands; packets that are damaged are passed over."""
    import av

    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def _half_a_frame(times: list[float]) -> float:
    """Half of the usual time between two frames, in seconds."""
    gaps = sorted(b - a for a, b in pairwise(times))
    return gaps[len(gaps) // 2] / 2 if gaps else 0.0


def _scaled(width: int, height: int, longest: int) -> tuple[int, int]:
    """The size of which no side is longer; upscaled never."""
    share = min(1.0, longest / max(width, height))
    return max(1, round(width * share)), max(1, round(height * share))


if __name__ == "__main__":
    main(
        sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]),
        int(sys.argv[5]), int(sys.argv[6]),
        Wish(width=float(sys.argv[7]), step=float(sys.argv[8]), most=int(sys.argv[9])),
    )  # fmt: skip
