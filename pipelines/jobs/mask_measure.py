"""Masks compared: the true ones of a row, from a PNG or JSON, and how well the found ones fit."""

from __future__ import annotations

import base64
import binascii
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.errors import InputError
from pipelines.limits import MEGAPIXEL, Limits
from pipelines.tasks.masks import Mask, from_runs
from pipelines.uploads import local_upload

if TYPE_CHECKING:
    from PIL.Image import Image

FIELD = "truth"
FORMATS = ("PNG",)
"""Of a true mask; a lossy one has no sharp edge."""
OVERLAP = 0.5
"""Intersection over union from which a true mask counts as found."""
MOST_MASKS = 200
"""True masks of one row; further ones are left out."""

Masks = list[tuple[str, Mask]]
"""(label, mask); a label may be empty."""


@dataclass
class MaskMeasure:
    """Mean intersection over union: of each true label over all rows, else of each true mask.

    Masks with a label are compared pixel by pixel with all found masks of it, as for semantic
    segmentation; one without is compared with the found mask that fits it best.
    """

    shared: dict[str, int] = field(default_factory=dict)
    either: dict[str, int] = field(default_factory=dict)
    best: list[float] = field(default_factory=list)
    hits: int = 0
    masks: int = 0

    def add(self, found: Masks, truth: Masks) -> float:
        labelled = [(label, mask) for label, mask in truth if label]
        ious = [*self._labels(found, labelled), *self._alone(found, truth)]
        self.hits += sum(iou >= OVERLAP for iou in ious)
        self.masks += len(ious)
        return sum(ious) / len(ious) if ious else float(not found)

    def scores(self) -> dict[str, float]:
        ious = [self.shared[name] / max(1, self.either[name]) for name in self.either]
        ious += self.best
        if not ious:
            return {}
        return {"mean IoU": sum(ious) / len(ious), "found at IoU 0.5": self.hits / self.masks}

    def _labels(self, found: Masks, truth: Masks) -> Iterator[float]:
        """One number for each true label; found labels that are not true count for nothing."""
        size = truth[0][1].shape if truth else (0, 0)
        true, said = _by_label(truth, size), _by_label(found, size)
        for label, mask in true.items():
            other = said.get(label, np.zeros(size, bool))
            shared, either = int((mask & other).sum()), int((mask | other).sum())
            self.shared[label] = self.shared.get(label, 0) + shared
            self.either[label] = self.either.get(label, 0) + either
            yield shared / either if either else 1.0

    def _alone(self, found: Masks, truth: Masks) -> Iterator[float]:
        for label, mask in truth:
            if not label:
                ious = [iou(mask, resized(other, mask.shape)) for _, other in found]
                self.best.append(max(ious, default=0.0))
                yield self.best[-1]


def iou(a: Mask, b: Mask) -> float:
    """Intersection over union, 0 to 1; two empty masks are the same."""
    either = int((a | b).sum())
    return int((a & b).sum()) / either if either else 1.0


def resized(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """The mask at another (height, width), by its nearest pixels."""
    if mask.shape == shape:
        return mask
    rows = np.arange(shape[0]) * mask.shape[0] // shape[0]
    columns = np.arange(shape[1]) * mask.shape[1] // shape[1]
    return mask[np.ix_(rows, columns)]


def found_masks(answer: Sequence[Mapping[str, Any]]) -> Masks:
    """The masks of an answer of ours."""
    return [(str(part.get("label") or ""), _png(part["mask"])) for part in answer]


def true_masks(cell: Any, files: Path, found: Masks) -> Masks | None:
    """The masks of a cell: a PNG (its name or bytes) or JSON like an answer; None if it is neither.

    In a PNG every colour but that of 0 is a mask without a label. JSON is a list of {"label",
    "mask"}, a PNG again, or {"label", "rle", "size"}, runs outside and inside in turn.
    """
    size = found[0][1].shape[::-1] if found else (0, 0)
    try:
        if isinstance(cell, str) and cell.lstrip().startswith("["):
            cell = json.loads(cell)
        if isinstance(cell, list):
            return [_part(part, files, size) for part in cell[:MOST_MASKS]]
        picture = np.asarray(_opened(cell, files))
        values = [value for value in np.unique(picture) if value][:MOST_MASKS]
        return [("", picture == value) for value in values]
    except (InputError, OSError, ValueError, TypeError, KeyError, SyntaxError):
        return None


def shown(masks: Masks) -> str:
    """Masks in words."""
    named = ", ".join(dict.fromkeys(label for label, _ in masks if label))
    return f"{len(masks)} mask{'s' * (len(masks) != 1)}" + (f": {named}" if named else "")


def _by_label(masks: Masks, size: tuple[int, ...]) -> dict[str, Mask]:
    joined: dict[str, Mask] = {}
    for label, mask in masks:
        name = label.strip().casefold()
        joined[name] = joined.get(name, np.zeros(size, bool)) | resized(mask, size)
    return joined


def _part(part: Any, files: Path, size: tuple[int, ...]) -> tuple[str, Mask]:
    if not isinstance(part, Mapping):
        raise TypeError("a mask is an object")
    label = str(part.get("label") or "")
    if "rle" in part:
        width, height = (int(side) for side in part.get("size") or size)
        lengths = [int(length) for length in part["rle"]]
        _check_pixels(width, height)
        if min(lengths, default=0) < 0 or sum(lengths) != width * height:
            raise ValueError("the runs do not fill the picture")
        return label, from_runs(lengths, (width, height))
    return label, np.asarray(_opened(part["mask"], files)) > 0


def _png(text: str) -> Mask:
    with io.BytesIO(base64.b64decode(text.partition(";base64,")[2] or text)) as file:
        return np.asarray(_loaded(file)) > 0


def _opened(cell: Any, files: Path) -> Image:
    """The picture of a cell: bytes, base64, or the name of a file of the job."""
    from pipelines.sources import open_source

    if isinstance(cell, bytes):
        return _loaded(io.BytesIO(cell))
    if not isinstance(cell, str):
        raise TypeError("a mask is a PNG")
    try:
        content = base64.b64decode(cell.partition(";base64,")[2] or cell, validate=True)
        if content.startswith(b"\x89PNG"):
            return _loaded(io.BytesIO(content))
    except (binascii.Error, ValueError):
        pass
    limits = replace(Limits(), upload_roots=(files.resolve(),), fetch_urls=False)
    upload = local_upload(FIELD, str(files / cell), None, limits)
    with open_source(FIELD, upload, FORMATS, limits.image_bytes, limits) as source:
        return _loaded(io.BytesIO(source.read()))


def _loaded(file: Any) -> Image:
    """One channel of numbers, palette indices as they are; colours are told apart as one number."""
    from PIL import Image

    picture = Image.open(file, formats=FORMATS)
    _check_pixels(*picture.size)
    if picture.mode in ("1", "L", "P", "I", "I;16"):
        picture.load()
        return picture
    red, green, blue = np.moveaxis(np.asarray(picture.convert("RGB"), np.int32), -1, 0)
    return Image.fromarray((red << 16) + (green << 8) + blue)


def _check_pixels(width: int, height: int) -> None:
    most = Limits().image_pixels
    if width < 1 or height < 1 or width * height > most:
        raise InputError(FIELD, f"has masks of more than {most / MEGAPIXEL:g} megapixels.")
