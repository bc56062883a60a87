"""What is drawn of pictures that are alike and of the frames of a clip."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from pipelines.outputs import Filmstrip, Likeness
from pipelines.spec import Output
from pipelines.uploads import Upload
from tests.served import no_loop_left_open
from ui import filmstrip, likeness
from ui.panel import Display

ALIKE = np.array([[1.0, 0.2, 0.97], [0.2, 1.0, 0.3], [0.97, 0.3, 1.0]])


def shown(make: Any, kind: Any) -> Display:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        display: Display = make(Output(name="made", kind=kind, label="Made"))
    return display


def drawn(count: int, name: str = "a.png") -> tuple[Display, dict[Any, Any]]:
    rng = np.random.default_rng(0)
    pictures = [Image.new("RGB", (40, 30), (n * 3 % 255, 90, 90)) for n in range(count)]
    uploads = tuple(Upload(f"{n}{name}", Path("x")) for n in range(count))
    display = shown(likeness.likeness, Likeness)
    value = {"pictures": pictures, "vectors": rng.normal(size=(count, 4)).tolist()}
    return display, display.draw(value, {"image": uploads})


def of(display: Display, kind: type, label: str = "") -> Any:
    return next(
        c for c in display.components if isinstance(c, kind) and (c.label or "").startswith(label)
    )


def test_pairs_are_those_above_the_threshold_the_most_alike_first() -> None:
    assert likeness.pairs_above(ALIKE, 0.95) == [(0, 2)]
    assert likeness.pairs_above(ALIKE, 0.25) == [(0, 2), (1, 2)]
    assert likeness.pairs_above(ALIKE, 1.0) == []


def test_the_nearest_are_all_others_in_order() -> None:
    assert likeness.nearest_of(ALIKE, 1) == [2, 0]


@pytest.mark.parametrize("count", [1, 2, 3, 61])
def test_any_number_of_pictures_is_drawn(count: int) -> None:
    display, updates = drawn(count, "<i>.png")
    heat, places = (updates[c] for c in display.components if isinstance(c, gr.Plot))
    assert (heat["value"] is not None) is (count > 1)
    assert (places["value"] is not None) is (3 <= count <= likeness.MOST_ON_MAP)
    assert all("<i>" not in p["value"].to_json() for p in (heat, places) if p["value"] is not None)
    ranked = updates[of(display, gr.Gallery, "Those")]
    assert count == 1 or len(ranked["value"]) == count - 1


def test_a_vector_of_zeros_is_like_nothing() -> None:
    display = shown(likeness.likeness, Likeness)
    pictures = [Image.new("RGB", (4, 4))] * 2
    updates = display.draw({"pictures": pictures, "vectors": [[0.0, 0.0], [0.0, 1.0]]}, {})
    assert updates[of(display, gr.Dataframe)]["visible"] is False


def test_the_vectors_to_take_away_have_their_names() -> None:
    display, updates = drawn(3)
    links = updates[next(c for c in reversed(display.components) if isinstance(c, gr.HTML))]
    found = re.search(r'vectors\.parquet" href="[^,]+,([^"]+)"', links)
    assert found
    table = parquet.read_table(io.BytesIO(base64.b64decode(found[1])))
    assert table.column("name").to_pylist() == ["0a.png", "1a.png", "2a.png"]
    assert len(table.column("vector")[0]) == 4


def test_what_is_kept_for_the_controls_is_small() -> None:
    display, updates = drawn(61)
    kept = updates[display.components[0]]
    assert sum(map(len, kept["jpegs"])) < 200_000


@pytest.mark.parametrize(
    ("upload", "plays"),
    [
        (Upload("a.mp4", Path("/x/a.mp4")), True),
        (Upload("a.AVI", Path("/x/a.AVI")), False),
        (Upload("a.mp4", url="https://example.com/a.mp4"), False),
    ],
)
def test_the_player_shows_what_a_browser_plays(upload: Upload, plays: bool) -> None:
    display = shown(filmstrip.filmstrip, Filmstrip)
    pictures = [Image.new("RGB", (8, 6))] * 2
    updates = display.draw({"pictures": pictures, "times": (0.0, 61.5)}, {"video": upload})
    kept, player = display.components[0], of(display, gr.Video)
    strip = of(display, gr.Gallery)
    assert updates[player]["visible"] is plays
    assert [caption for _, caption in updates[strip]["value"]] == ["0:00.00", "1:01.50"]
    assert "click one" in updates[strip]["label"]
    assert updates[kept] == [0.0, 61.5]


def test_a_single_frame_has_no_player_to_go_to() -> None:
    display = shown(filmstrip.filmstrip, Filmstrip)
    value = {"pictures": [Image.new("RGB", (8, 6))], "times": (0.0,)}
    updates = display.draw(value, {"video": Upload("a.mp4", Path("/x/a.mp4"))})
    assert updates[of(display, gr.Video)]["visible"] is False
    assert "click" not in updates[of(display, gr.Gallery)]["label"]


def test_a_clip_is_handed_on_without_being_opened(tmp_path: Path) -> None:
    file = tmp_path / "a.mp4"
    file.write_bytes(b"no video at all")
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        clip = filmstrip.Clip()
    assert clip.postprocess(str(file)).path == str(file)
    assert clip.postprocess(None) is None
