"""Talks about shapes: questions on a scene with their answers, and captions.

A scene here is what the words need: name and centre of each shape, centres from 0 to 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from starter.worlds.shape_names import THINGS
from starter.worlds.shapes import COLOURS, KINDS, LABELS

Rng = np.random.Generator

NUMBERS = ("None", "One", "Two", "Three", "Four", "Five")
CLEAR = 0.12  # of the picture's side, least distance that makes one shape left of another
STRANGE = 0.15  # share of questions on presence that ask for other things
THERE = 0.55  # share of counts and questions on presence with a shape that is there
SMALL, OPEN = 0.15, 0.1  # share of questions in small letters, and without their mark
NO_TEXT = "There is no text in the picture."
ONLY_SHAPES = "I only know shapes and their colours."
NO_PICTURE = "Please add a picture."
GREETING = "Hello! Ask me about the picture."

DESCRIBE = (
    *("Describe the picture.", "Describe the picture.", "Describe the image.", "Describe it."),
    *("What is in the picture?", "What do you see?", "What can you see in the picture?"),
    *("What is this?", "What does the picture show?", "Write a caption."),
)
WHOLE_COUNT = (
    *("Count what is in the picture.", "Count the shapes.", "How many shapes are there?"),
    *("How many shapes do you see?", "How many things are there?"),
)
READ = ("Read the text in the picture.", "Read the text.", "What does the text say?")
OTHER = (
    *("What is the capital of France?", "Who are you?", "What time is it?", "Tell me a story."),
    *("How old are you?", "What is your name?", "Is it raining?", "Where are you?"),
    *("What is the weather?", "Write a poem.", "Who is the person in the picture?"),
)
HELLO = ("Hello", "Hi", "Hello!", "Good morning")
COLOUR = ("What colour is the {}?", "What color is the {}?", "Which colour has the {}?")
ONE_COLOUR = ("What colour is it?", "What color is it?", "Which colour is the shape?")
SHAPE = ("What shape is the {} one?", "Which shape is {}?", "What is the {} shape?")
ONE_SHAPE = ("What shape is it?", "What shape is this?", "Which shape is it?")
COUNT = ("How many {} are there?", "How many {} do you see?", "How many {} are in the picture?")
THERE_IS = ("Is there {}?", "Is there {} in the picture?", "Do you see {}?", "Can you see {}?")
PLACES = {
    "left": ("What is left of the {}?", "What is to the left of the {}?"),
    "right": ("What is right of the {}?", "What is to the right of the {}?"),
    "above": ("What is above the {}?",),
    "below": ("What is below the {}?", "What is under the {}?"),
}


@dataclass(frozen=True)
class Seen:
    """A shape in a scene: its name, such as "red circle", and its centre, from 0 to 1."""

    label: str
    x: float
    y: float

    @property
    def colour(self) -> str:
        return self.label.split()[0]

    @property
    def kind(self) -> str:
        return self.label.split()[1]


@dataclass(frozen=True)
class Turn:
    """A question and its answer."""

    question: str
    answer: str


View = Sequence[Seen]
Asker = Callable[[Rng, View], Turn | None]


def turn(rng: Rng, view: View) -> Turn:
    """A question on the scene, as people may write it."""
    names = list(SHARES)
    weights = np.array([SHARES[name] for name in names])
    while True:
        name = names[rng.choice(len(names), p=weights / weights.sum())]
        found = ASKERS[name](rng, view)
        if found is not None:
            return Turn(_written(rng, found.question), found.answer)


def without_picture(rng: Rng) -> Turn:
    """What is said where there is no picture."""
    if rng.random() < 0.3:
        return Turn(_one(rng, HELLO), GREETING)
    if rng.random() < 0.3:
        return Turn(_written(rng, _one(rng, OTHER)), ONLY_SHAPES)
    return Turn(_written(rng, turn(rng, (Seen("red circle", 0.5, 0.5),)).question), NO_PICTURE)


def describe(view: View) -> str:
    """The caption: names from left to right, equal ones counted together."""
    counts = Counter(seen.label for seen in sorted(view, key=lambda seen: seen.x))
    parts = [counted(label, count) for label, count in counts.items()]
    return f"{_joined(parts)}."


def counted(name: str, count: int) -> str:
    """ "a red circle", "two red circles"."""
    if count == 1:
        return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
    return f"{NUMBERS[count].lower()} {name}s"


def _describe(rng: Rng, view: View) -> Turn | None:
    return Turn(_one(rng, DESCRIBE), describe(view))


def _shape(rng: Rng, view: View) -> Turn | None:
    if len(view) == 1 and rng.random() < 0.6:
        return Turn(_one(rng, ONE_SHAPE), _sentence(counted(view[0].kind, 1)))
    seen = _alone(rng, view, "colour")
    return seen and Turn(_one(rng, SHAPE).format(seen.colour), _sentence(counted(seen.kind, 1)))


def _colour(rng: Rng, view: View) -> Turn | None:
    if len(view) == 1 and rng.random() < 0.4:
        return Turn(_one(rng, ONE_COLOUR), _sentence(view[0].colour))
    seen = _alone(rng, view, "kind")
    return seen and Turn(_one(rng, COLOUR).format(seen.kind), _sentence(seen.colour))


def _count(rng: Rng, view: View) -> Turn | None:
    if rng.random() < 0.2:
        return _count_all(rng, view)
    name = _name(rng, view)
    number = sum(_fits(name, seen) for seen in view)
    return Turn(_one(rng, COUNT).format(_plural(name)), f"{NUMBERS[number]}.")


def _count_all(rng: Rng, view: View) -> Turn | None:
    number = len(view)
    return Turn(_one(rng, WHOLE_COUNT), f"{NUMBERS[number]} shape{'s' * (number > 1)}.")


def _presence(rng: Rng, view: View) -> Turn | None:
    if rng.random() < STRANGE:
        return Turn(_one(rng, THERE_IS).format(counted(_one(rng, THINGS), 1)), "No.")
    name = _name(rng, view)
    there = any(_fits(name, seen) for seen in view)
    asked = f"any {_plural(name)}" if rng.random() < 0.15 else counted(name, 1)
    question = "Are there {}?" if asked.startswith("any") else _one(rng, THERE_IS)
    return Turn(question.format(asked), "Yes." if there else "No.")


def _place(rng: Rng, view: View) -> Turn | None:
    """Asked only where each other shape clearly is there, or clearly is not."""
    if len(view) == 1 and rng.random() < 0.8:
        return None
    by = "label" if rng.random() < 0.5 else "kind"
    seen = _alone(rng, view, by)
    if seen is None:
        return None
    side = _one(rng, list(PLACES))
    axis, sign = {"left": ("x", -1), "right": ("x", 1), "above": ("y", -1), "below": ("y", 1)}[side]
    others = [other for other in view if other is not seen]
    ahead = {id(o): sign * (getattr(o, axis) - getattr(seen, axis)) for o in others}
    if any(abs(far) < CLEAR for far in ahead.values()):
        return None
    there = [other for other in others if ahead[id(other)] > 0]
    answer = describe(there) if there else "Nothing."
    return Turn(_one(rng, PLACES[side]).format(getattr(seen, by)), answer)


def _read(rng: Rng, view: View) -> Turn | None:
    return Turn(_one(rng, READ), NO_TEXT)


def _other(rng: Rng, view: View) -> Turn | None:
    return Turn(_one(rng, OTHER), ONLY_SHAPES)


ASKERS: dict[str, Asker] = {
    "shape": _shape,
    "colour": _colour,
    "count": _count,
    "presence": _presence,
    "place": _place,
    "caption": _describe,
    "text": _read,
    "other": _other,
}
"""Every kind of question."""
SHARES = {
    "shape": 1.0,
    "colour": 0.8,
    "count": 2.2,
    "presence": 1.4,
    "place": 2.6,
    "caption": 2.0,
    "text": 0.15,
    "other": 0.15,
}
"""How often each is asked in training."""
EXAMINED = ("shape", "colour", "count", "presence", "place", "caption")


def right(expected: str, said: str) -> bool:
    """Whether two answers say the same; the order of what is listed does not matter."""
    return _parts(expected) == _parts(said)


def _parts(answer: str) -> list[str]:
    plain = answer.strip().rstrip(".").lower().replace(" and ", ", ")
    return sorted(part.strip() for part in plain.split(","))


def _name(rng: Rng, view: View) -> str:
    """A label, kind or "red shape"; one that is there, or else often nearly there."""
    how = rng.random()
    there = rng.random() < THERE
    label = view[rng.integers(len(view))].label if there else _nearly(rng, view)
    colour, kind = label.split()
    if how < 0.45:
        return label
    return kind if how < 0.8 else f"{colour} shape"


def _nearly(rng: Rng, view: View) -> str:
    """A label at random, or the kind of one shape in the colour of another."""
    if rng.random() < 0.5:
        return _one(rng, LABELS)
    colour = _one(rng, [seen.colour for seen in view] + [_one(rng, list(COLOURS))])
    kind = _one(rng, [seen.kind for seen in view] + [_one(rng, KINDS)])
    return f"{colour} {kind}"


def _fits(name: str, seen: Seen) -> bool:
    return name in (seen.label, seen.kind, f"{seen.colour} shape")


def _alone(rng: Rng, view: View, by: str) -> Seen | None:
    """A shape whose label, kind or colour no other has."""
    counts = Counter(getattr(seen, by) for seen in view)
    single = [seen for seen in view if counts[getattr(seen, by)] == 1]
    return single[rng.integers(len(single))] if single else None


def _plural(name: str) -> str:
    return f"{name}s"


def _joined(parts: Sequence[str]) -> str:
    if len(parts) > 1:
        parts = [*parts[:-2], f"{parts[-2]} and {parts[-1]}"]
    return _capital(", ".join(parts))


def _sentence(text: str) -> str:
    return f"{_capital(text)}."


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _written(rng: Rng, question: str) -> str:
    if rng.random() < SMALL:
        question = question.lower()
    return question.rstrip("?.") if rng.random() < OPEN else question


def _one(rng: Rng, choices: Sequence[str]) -> str:
    return str(choices[rng.integers(len(choices))])
