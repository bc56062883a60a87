"""How a file is read, as Python: the lines of the snippet that come before its call."""

from __future__ import annotations

from collections.abc import Callable
from pprint import pformat

from pipelines.engine.call import Prepared
from pipelines.kinds import Audio, Document, Image, Kind, Video
from pipelines.pages import Pages
from pipelines.pdf import DPI, POINTS_PER_INCH
from pipelines.spec import ModelFacts
from pipelines.uploads import Upload
from pipelines.videos import Footage

LINE = 88
Reader = Callable[[str, Upload, Prepared, ModelFacts], tuple[list[str], list[str]]]
"""Gives the imports and the lines that read the file `name` into a variable."""


def _read_image(
    name: str, upload: Upload, prepared: Prepared, facts: ModelFacts
) -> tuple[list[str], list[str]]:
    """Upright, and where the format knows transparency, on white."""
    opened = f"{name} = ImageOps.exif_transpose(Image.open({upload.name!r}))"
    imports = ["from PIL import Image, ImageOps"]
    if upload.name.lower().endswith((".jpg", ".jpeg")):
        return imports, [f"{opened}.convert('RGB')"]
    white = f"Image.new('RGBA', {name}.size, 'white')"
    composed = f"{name} = Image.alpha_composite({white}, {name}).convert('RGB')"
    return imports, [f"{opened}.convert('RGBA')", composed]


def _read_audio(
    name: str, upload: Upload, prepared: Prepared, facts: ModelFacts
) -> tuple[list[str], list[str]]:
    loaded = f"librosa.load({upload.name!r}, sr={facts.sampling_rate})"
    return ["import librosa"], [f"{name}, _ = {loaded}"]


def _read_document(
    name: str, upload: Upload, prepared: Prepared, facts: ModelFacts
) -> tuple[list[str], list[str]]:
    pages = prepared.inputs[name]
    if not pages.numbers:
        return _read_image(name, upload, prepared, facts)
    if not upload.name.lower().endswith(".pdf"):
        return ["from PIL import Image, ImageSequence"], _sheets(name, upload, pages)
    document = f"pypdfium2.PdfDocument({upload.name!r})"
    scale = f"scale={DPI} / {POINTS_PER_INCH}"
    drawn = f"page.render({scale}, may_draw_forms=False).to_pil().convert('RGB')"
    if len(pages) > 1:
        return ["import pypdfium2"], [
            "pages = (",
            f"    {drawn}",
            f"    for page in {document}",
            ")",
        ]
    return ["import pypdfium2"], [
        f"page = {document}[{pages.numbers[0] - 1}]",
        f"{name} = {drawn}",
    ]


def _sheets(name: str, upload: Upload, pages: Pages) -> list[str]:
    """The pages of a TIFF, on white where they are see-through."""
    white = "Image.new('RGBA', page.size, 'white')"
    drawn = f"Image.alpha_composite({white}, page.convert('RGBA')).convert('RGB')"
    opened = f"Image.open({upload.name!r})"
    if len(pages) > 1:
        return [
            "pages = (",
            f"    {drawn}",
            f"    for page in ImageSequence.Iterator({opened})",
            ")",
        ]
    return [f"page = ImageSequence.Iterator({opened})[{pages.numbers[0] - 1}]", f"{name} = {drawn}"]


def _read_video(
    name: str, upload: Upload, prepared: Prepared, facts: ModelFacts
) -> tuple[list[str], list[str]]:
    """The frames by their numbers, in the size in which they were read."""
    footage = prepared.inputs[name]
    if footage.windows:
        return ["import av", "import numpy as np"], _windows(name, upload, footage)
    width, height = footage.size
    lines = [
        f"chosen = {list(footage.chosen)}",
        f"with av.open({upload.name!r}) as file:",
        "    seen = {",
        f"        n: frame.to_ndarray(format='rgb24', width={width}, height={height})",
        "        for n, frame in enumerate(file.decode(video=0))",
        "        if n in chosen",
        "    }",
        f"{name} = np.stack([seen[n] for n in chosen])",
    ]
    if footage.turn:
        lines.append(f"{name} = np.rot90({name}, {footage.turn}, (1, 2))")
    return ["import av", "import numpy as np"], lines


def _windows(name: str, upload: Upload, footage: Footage) -> list[str]:
    """The clips, each of the frames of its window."""
    width, height = footage.size
    chosen = [[footage.chosen[place] for place in window] for window in footage.windows]
    lines = [
        *f"windows = {pformat(chosen, width=LINE, compact=True)}".split("\n"),
        "wanted = {n for window in windows for n in window}",
        f"with av.open({upload.name!r}) as file:",
        "    seen = {",
        f"        n: frame.to_ndarray(format='rgb24', width={width}, height={height})",
        "        for n, frame in enumerate(file.decode(video=0))",
        "        if n in wanted",
        "    }",
        f"{name} = [np.stack([seen[n] for n in window]) for window in windows]",
    ]
    if footage.turn:
        lines.append(f"{name} = [np.rot90(clip, {footage.turn}, (1, 2)) for clip in {name}]")
    return lines


READERS: dict[type[Kind], Reader] = {
    Image: _read_image,
    Audio: _read_audio,
    Document: _read_document,
    Video: _read_video,
}
