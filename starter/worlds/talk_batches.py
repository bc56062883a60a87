"""Batches of talks about scenes of a few shapes, as the tokens of a small LLaVA."""

from typing import Any

import numpy as np

from starter.worlds import shape_batches, shape_talks, shapes
from starter.worlds.shape_talks import Seen, Turn
from starter.worlds.shapes import LABELS

BATCH = 20  # talks
TURNS = 8  # questions in a talk
TWO_PICTURES, NO_PICTURE = 0.12, 0.03  # share of steps whose talks have so many
IN_TURN = 0.25  # share of the other steps whose questions see the earlier ones and their answers
TEXT_FIRST = 0.15  # share of those talks that ask before the picture
IGNORED = -100
MOST = 3  # shapes in a scene
RADII = (15 / 128, 30 / 128)  # of a shape, as a share of the shorter side
FEW_LABELS = 0.4  # share of scenes with one or two labels, so that there is something to count
HALF = 0.5  # mean and deviation of the normalisation
PAD, BEGIN, END, PICTURE = "<pad>", "<s>", "<|end|>", "<image>"


def few(rng: np.random.Generator, width: int, height: int) -> shapes.Scene:
    """A scene of one to three larger shapes, sometimes several alike."""
    labels = LABELS
    if rng.random() < FEW_LABELS:
        labels = tuple(str(label) for label in rng.choice(LABELS, rng.integers(1, 3)))
    while True:
        scene = shapes.scene(rng, width, height, most=MOST, labels=labels, radii=RADII)
        if scene.shapes:
            return scene


class Encoder:
    """Token ids of texts, kept: the talks say little that is new. A picture is so many patches."""

    def __init__(self, tokenizer: Any, patches: int) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}
        self.picture = self(PICTURE) * patches
        self.pad = tokenizer.pad_token_id

    def __call__(self, text: str) -> list[int]:
        if text not in self._known:
            self._known[text] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return self._known[text]


def batch(pack: shape_batches.Pack, rng: np.random.Generator, encode: Encoder) -> Any:
    """Pictures (n, 3, height, width) or None; ids, labels, parts (talks, longest)."""
    import torch

    how = rng.random()
    each = 2 if how < TWO_PICTURES else 0 if how < TWO_PICTURES + NO_PICTURE else 1
    drawn = shape_batches.draw(pack, rng, BATCH * max(each, 1))
    order = rng.permutation(len(drawn.pictures))
    scenes = views(drawn)
    alone = each == 1 and rng.random() >= IN_TURN
    rows = []
    for n in range(BATCH):
        own = [scenes[i] for i in order[n * each : (n + 1) * each]]
        rows.append(questions(rng, own[0], encode) if alone else talk(rng, own, encode))
    longest = max(len(row[0]) for row in rows)
    ids, labels, parts = (
        torch.tensor([row[k] + [end] * (longest - len(row[k])) for row in rows])
        for k, end in enumerate((encode.pad, IGNORED, 0))
    )
    if not each:
        return None, ids, labels, parts
    pictures = torch.from_numpy(drawn.pictures[order] - HALF) / HALF
    return pictures, ids, labels, parts


def views(drawn: shape_batches.Batch) -> list[list[Seen]]:
    """What the words need of each scene."""
    middles = (drawn.boxes[..., :2] + drawn.boxes[..., 2:]) / 2
    return [
        [Seen(LABELS[name], *at) for name, at in zip(names, places, strict=True) if name >= 0]
        for names, places in zip(drawn.labels, middles.tolist(), strict=True)
    ]


def questions(rng: np.random.Generator, view: list[Seen], encode: Encoder) -> tuple[Any, Any, Any]:
    """Ids, labels and parts of a picture and questions that know nothing of each other."""
    ids = encode(BEGIN) + encode("<|user|>") + encode.picture
    labels, parts = [IGNORED] * len(ids), [0] * len(ids)
    for number in range(1, TURNS + 1):
        turn = shape_talks.turn(rng, view)
        asked = encode(turn.question) + encode(END) + encode("<|assistant|>")
        answer = encode(turn.answer) + encode(END)
        ids += asked + answer
        labels += [IGNORED] * len(asked) + answer
        parts += [number] * len(asked + answer)
    return ids, labels, parts


def talk(rng: np.random.Generator, own: list[list[Seen]], encode: Encoder) -> tuple[Any, Any, Any]:
    """The same of a talk: a picture, questions on it, perhaps another one and so on."""
    ids, labels = encode(BEGIN)[:], [IGNORED]
    for view in own or [None]:
        turns = TURNS // len(own) if own else 3
        for number in range(turns):
            turn = shape_talks.turn(rng, view) if view else shape_talks.without_picture(rng)
            asked = _asked(rng, turn, number == 0 and bool(view), encode)
            answer = encode(turn.answer) + encode(END)
            ids += asked + answer
            labels += [IGNORED] * len(asked) + answer
    return ids, labels, [0] * len(ids)


def _asked(rng: np.random.Generator, turn: Turn, picture: bool, encode: Encoder) -> list[int]:
    question = encode(turn.question)
    if picture:
        first = rng.random() < TEXT_FIRST
        question = question + encode.picture if first else encode.picture + question
    return encode("<|user|>") + question + encode(END) + encode("<|assistant|>")


def view_of(scene: shapes.Scene) -> list[Seen]:
    """What the words need of a drawn scene."""
    height, width = scene.ids.shape
    return [
        Seen(s.label, (s.box[0] + s.box[2]) / 2 / width, (s.box[1] + s.box[3]) / 2 / height)
        for s in scene.shapes
    ]
