"""Boxes as files: CSV, COCO and YOLO, the forms that labelling tools read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ui.downloads import Download, downloads, to_csv

EDGES = ("xmin", "ymin", "xmax", "ymax")
HEAD = ("label", "score", *EDGES)

Box = dict[str, Any]


def files(size: tuple[int, int], found: Sequence[Box]) -> str:
    """A line of links; size is the picture's width and height in pixels."""
    rows = [(b["label"], round(b["score"], 6), *(b["box"][e] for e in EDGES)) for b in found]
    return downloads(
        "boxes",
        Download("csv", to_csv(HEAD, rows)),
        Download("coco.json", json.dumps(coco(size, found))),
        Download("yolo.txt", yolo(size, found)),
    )


def coco(size: tuple[int, int], found: Sequence[Box]) -> dict[str, Any]:
    """COCO detection format: boxes as x, y, width, height in pixels."""
    names = _numbered(found, 1)
    annotations = []
    for n, box in enumerate(found, start=1):
        x0, y0, x1, y1 = (box["box"][edge] for edge in EDGES)
        annotations.append(
            {
                "id": n, "image_id": 1, "category_id": names[box["label"]],
                "bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0), "iscrowd": 0,
                "score": round(box["score"], 6),
            }
        )  # fmt: skip
    return {
        "images": [{"id": 1, "width": size[0], "height": size[1]}],
        "categories": [{"id": n, "name": name} for name, n in names.items()],
        "annotations": annotations,
    }


def yolo(size: tuple[int, int], found: Sequence[Box]) -> str:
    """YOLO format: class, centre and size as shares of the picture; the names in comments."""
    names = _numbered(found, 0)
    lines = [f"# {n} {' '.join(label.split())}" for label, n in names.items()]
    for box in found:
        x0, y0, x1, y1 = (box["box"][edge] for edge in EDGES)
        shares = (
            (x0 + x1) / 2 / size[0], (y0 + y1) / 2 / size[1],
            (x1 - x0) / size[0], (y1 - y0) / size[1],
        )  # fmt: skip
        lines.append(f"{names[box['label']]} " + " ".join(f"{share:.6f}" for share in shares))
    return "\n".join(lines) + "\n"


def _numbered(found: Sequence[Box], first: int) -> dict[str, int]:
    """The labels of the boxes in their order, numbered."""
    labels = dict.fromkeys(box["label"] for box in found)
    return {label: n for n, label in enumerate(labels, start=first)}
