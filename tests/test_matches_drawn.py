"""Two views of a surface, the homography between them, and how matches are drawn."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from pipelines.jobs.cells import flat
from pipelines.outputs import Matches
from pipelines.spec import Output
from pipelines.tasks import task
from starter.worlds import views
from tests.served import no_loop_left_open
from ui import homography, matches

RNG = np.random.default_rng
TRUE = views.moved(400, 300, turn=0.2, zoom=1.2, tilt=(2e-4, -1e-4), shift=(20, -10))


@pytest.mark.parametrize("kind", views.KINDS)
def test_the_homography_takes_the_first_view_to_the_second(kind: str) -> None:
    pair = views.pair(RNG(3), kind)
    size = (views.SIZE[0], views.SIZE[1])
    back = homography.laid_over(Image.fromarray(pair.second), pair.homography, size)
    whole = homography.laid_over(Image.new("L", size, 0), pair.homography, size)
    both = np.asarray(whole) == 0
    assert both.mean() > 0.4
    apart, moved = (
        np.abs(np.asarray(other, float) - pair.first)[both].mean() for other in (back, pair.second)
    )
    assert apart < 0.6 * moved


def test_an_unknown_motion_is_refused() -> None:
    with pytest.raises(ValueError, match="known: shift"):
        views.motion(RNG(0), "jump", 10, 10)


def points(count: int, wrong: float, noise: float = 0.5) -> tuple[Any, Any, Any]:
    """Pairs of points, some of them wrong, and which are right."""
    rng = RNG(count)
    one = rng.uniform(0, 300, (count, 2))
    other = views.projected(TRUE, one) + rng.normal(0, noise, (count, 2))
    right = rng.permutation(np.arange(count) >= count * wrong)
    other[~right] = rng.uniform(0, 300, ((~right).sum(), 2))
    return one, other, right


@pytest.mark.parametrize(("count", "wrong"), [(8, 0.0), (40, 0.3), (300, 0.5)])
def test_the_homography_is_found_among_wrong_matches(count: int, wrong: float) -> None:
    one, other, right = points(count, wrong)
    matrix, agree = homography.found(one, other, 500.0)
    assert matrix is not None
    assert np.abs(homography.away(matrix[None], one, other)[0][right]).max() < 7.5
    assert agree[right].all()
    assert agree[~right].mean() < 0.2 if wrong else True


@pytest.mark.parametrize("count", [0, 1, 3, 7, 8, 60])
def test_matches_that_have_nothing_in_common_give_no_homography(count: int) -> None:
    one, other, _ = points(count, 1.0)
    matrix, agree = homography.found(one, other, 100.0)
    assert matrix is None
    assert not agree.any()
    assert len(agree) == count


@pytest.mark.parametrize("one", [np.ones((20, 2)), np.repeat(np.arange(20.0), 2).reshape(20, 2)])
def test_points_in_one_place_or_on_one_line_do_no_harm(one: Any) -> None:
    matrix, agree = homography.found(one, one, 100.0)
    assert len(agree) == 20
    assert matrix is None or np.isfinite(matrix).all()


def value(count: int, wrong: float = 0.2) -> dict[str, Any]:
    one, other, _ = points(count, wrong)
    rows = [
        {"points": [tuple(a), tuple(b)], "score": 1 - n / max(1, count)}
        for n, (a, b) in enumerate(zip(one.tolist(), other.tolist(), strict=True))
    ]
    pictures = [Image.new("RGB", (400, 300), "red"), Image.new("RGB", (250, 420), "blue")]
    return {"pictures": pictures, "matches": rows}


def display() -> Any:
    with no_loop_left_open(), gr.Blocks(analytics_enabled=False):
        return matches.matches(Output(name="matches", kind=Matches, label="Matches"))


def of(updates: Any, kind: type) -> Any:
    """The update of the one component of this class."""
    (found,) = [update for component, update in updates.items() if isinstance(component, kind)]
    return found


@pytest.mark.parametrize("count", [0, 1, 2, 40, 1_300])
def test_any_number_of_matches_is_drawn(count: int) -> None:
    updates = display().draw(value(count), {})
    lines, dots = of(updates, gr.Plot).data[:-1], of(updates, gr.Plot).data[-1]
    drawn = min(count, matches.MOST_AT_FIRST)
    assert len(dots.x) == 2 * drawn
    assert sum(len(line.x) for line in lines) == 3 * drawn
    over = of(updates, gr.ImageSlider)
    assert over["visible"] == (count >= 40)
    if over["visible"]:
        assert [picture.size for picture in over["value"]] == [(400, 300)] * 2


def test_nothing_found_says_so() -> None:
    said = [u for u in display().draw(value(0), {}).values() if isinstance(u, str)]
    assert any(matches.NOTHING in text for text in said)


@pytest.mark.parametrize("scores", [[0.29, 0.21, 0.11], [0.2, 0.2], [0.0], [1.0]])
def test_colours_and_the_slider_reach_from_the_least_score_to_the_best(scores: list[float]) -> None:
    given = value(len(scores))
    for match, score in zip(given["matches"], scores, strict=True):
        match["score"] = score
    kept = matches._kept(given)
    plot = matches.figure(kept, kept["points"], kept["scores"], True)
    marker = plot.data[-1].marker
    assert marker.cmin <= min(scores) <= max(scores) <= marker.cmax
    assert len(set(scores)) == 1 or (marker.cmin, marker.cmax) == (scores[-1], scores[0])
    assert sum(len(line.x) for line in plot.data[:-1]) == 3 * len(scores)
    assert max(scores) <= matches._topmost(kept["scores"]) <= max(scores) + 0.01


@pytest.mark.parametrize("beside", [True, False])
def test_lines_end_where_the_points_are(beside: bool) -> None:
    kept = matches._kept(value(1))
    kept["points"] = np.array([[[0.0, 0.0], [250.0, 420.0]]])
    (first, second), whole = matches.placed(kept["sizes"], beside)
    dots = matches.figure(kept, kept["points"], kept["scores"], beside).data[-1]
    ends = list(zip(dots.x, dots.y, strict=True))
    assert ends[0] == (first[0], first[1])
    assert ends[1] == pytest.approx(whole, abs=0.01)
    assert (second[0] > 0) == beside


def test_the_table_is_in_pixels_and_says_what_agrees() -> None:
    updates = display().draw(value(20, wrong=0.1), {})
    (html,) = [u for u in updates.values() if isinstance(u, str) and "download=" in u]
    head, *rows = unquote(html.split("utf-8,")[1].split('"')[0]).strip().splitlines()
    assert head == "x_0,y_0,x_1,y_1,score,agrees"
    assert len(rows) == 20
    cells = [row.split(",") for row in rows]
    first = points(20, 0.1)[0]
    assert float(cells[5][0]) == pytest.approx(first[5, 0], abs=0.01)
    assert sum(int(row[-1]) for row in cells) >= 18


def test_settings_that_make_no_sense_change_nothing() -> None:
    kept = matches._kept(value(3))
    assert matches._usable(kept, matches.BESIDE, 0.5, 10)
    for bad in ((None, matches.BESIDE, 0, 1), (kept, "<b>", 0, 1), (kept, matches.ABOVE, "0", 1)):
        assert not matches._usable(*bad)


def test_a_table_counts_the_matches() -> None:
    row = task("keypoint-matching")
    cells = flat(row, row.to_json(row.raw_example))
    assert (cells["count"], cells["score"]) == (2, 0.93)
    assert flat(row, [])["score"] is None
