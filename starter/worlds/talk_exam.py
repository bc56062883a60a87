"""The exam on talks: one question of each kind on each of many fresh scenes."""

import itertools
from typing import Any

import numpy as np

from starter.ask import Ask
from starter.worlds import shape_talks, shapes
from starter.worlds.shape_talks import EXAMINED, Turn
from starter.worlds.talk_batches import few, view_of

CANVASES = ((160, 160), (240, 200), (180, 260), (320, 240))  # pixels, width and height
MEASURED = 80
"""Questions of each kind."""


def examine(ask: Ask, seed: int) -> dict[str, float]:
    """Shares of right answers for each kind of question, and for all of them together."""
    rng = np.random.default_rng(seed)
    scores = {}
    for kind in EXAMINED:
        asked = itertools.islice(_questions(rng, kind), MEASURED)
        scores[kind] = float(np.mean([_right(ask, *question) for question in asked]))
    return {"right": float(np.mean(list(scores.values()))), **scores}


def _questions(rng: np.random.Generator, kind: str) -> Any:
    """Fresh scenes, each with a question of this kind."""
    while True:
        scene = few(rng, *CANVASES[rng.integers(len(CANVASES))])
        turn = shape_talks.ASKERS[kind](rng, view_of(scene))
        if turn is not None:
            yield scene, turn


def _right(ask: Ask, scene: shapes.Scene, turn: Turn) -> bool:
    from PIL import Image

    content = [
        {"type": "image", "image": Image.fromarray(scene.picture)},
        {"type": "text", "text": turn.question},
    ]
    raw = ask(text=[{"role": "user", "content": content}], return_full_text=False,
              max_new_tokens=40)  # fmt: skip
    return shape_talks.right(turn.answer, raw[0]["generated_text"])
