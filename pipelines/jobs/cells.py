"""An answer as cells of a table: a few columns that a person sorts by, one table of rules."""

from __future__ import annotations

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from pipelines import waves
from pipelines.outputs import (
    Answers,
    Asked,
    Boxes,
    Captions,
    Cells,
    Decisions,
    Depth,
    Fills,
    Filmstrip,
    Heard,
    Likeness,
    Masks,
    Matches,
    Matrix,
    OutputKind,
    Passages,
    Patches,
    Reply,
    Scores,
    Sound,
    Spans,
    Spectrogram,
    TextMatrix,
    Transcript,
    Vectors,
    Writing,
)
from pipelines.spec import TaskSpec

Flat = dict[str, Any]
"""Column -> str, number or None."""
ANSWER, ERROR = "answer_json", "error"


def flat(spec: TaskSpec, answer: Any) -> Flat:
    """The cells of one answer: those of its kind, and the whole of it as JSON."""
    cells = FLATTEN[spec.outputs[0].kind](answer)
    return {**cells, ANSWER: json.dumps(answer, ensure_ascii=False)}


def columns(spec: TaskSpec) -> tuple[str, ...]:
    """The names of the cells, the same for every row of a task."""
    return (*flat(spec, spec.to_json(spec.raw_example)), ERROR)


def _first(answer: Any) -> Mapping[str, Any]:
    """The best of several, or nothing."""
    found = answer[0] if isinstance(answer, list) and answer else answer
    return found if isinstance(found, Mapping) else {}


def _scores(answer: Any) -> Flat:
    best = _first(answer)
    return {"label": best.get("label"), "score": best.get("score")}


def _answers(answer: Any) -> Flat:
    best = _first(answer)
    return {"answer": best.get("answer"), "score": best.get("score")}


def _paged(answer: Any) -> Flat:
    return {**_answers(answer), "page": _first(answer).get("page")}


def _spans(answer: Any) -> Flat:
    names = [(span.get("entity_group") or span.get("entity"), span.get("word")) for span in answer]
    return {"entities": "; ".join(f"{label}: {word}" for label, word in names), "count": len(names)}


def _fills(answer: Any) -> Flat:
    """The best word of each gap."""
    gaps = answer if answer and isinstance(answer[0], list) else [answer]
    best = [_first(gap) for gap in gaps]
    return {
        "fill": " ".join(str(b.get("token_str", "")).strip() for b in best),
        "score": best[0].get("score") if best else None,
    }


def _named(answer: Any) -> Flat:
    """How many things were found, and how many of each name."""
    names = Counter(str(part.get("label") or "") for part in answer)
    listed = "; ".join(f"{name}: {count}" for name, count in names.items() if name)
    return {"count": len(answer), "labels": listed}


def _sound(answer: Any) -> Flat:
    """How long it lasts; the sound itself is in the ZIP of made files."""
    rate = answer["sampling_rate"]
    return {"seconds": round(waves.seconds(b64decode(answer["audio"])), 3), "sampling_rate": rate}


def _depths(answer: Any) -> Flat:
    """The least, the middle and the largest number of the depth."""
    rows = _first(answer).get("predicted_depth", ())
    numbers = sorted(n for row in rows for n in row if n is not None)
    names = ("minimum", "median", "maximum")
    picked = (numbers[0], numbers[len(numbers) // 2], numbers[-1]) if numbers else (None,) * 3
    return dict(zip(names, picked, strict=True))


def _matches(answer: Any) -> Flat:
    """How many there are, and the best score."""
    return {"count": len(answer), "score": _first(answer).get("score")}


def _cells(answer: Any) -> Flat:
    """The results of all questions on a row's table, and what was made of the cells."""
    return {
        "answer": "; ".join(str(a.get("result", "")) for a in answer),
        "aggregator": "; ".join(str(a.get("aggregator", "")) for a in answer),
    }


def _decisions(answer: Any) -> Flat:
    """Each question's option, mean level or share of yes, by name."""
    said = {name: _decided(one) for name, one in answer.items()}
    return {"decisions": "; ".join(f"{name}: {value}" for name, value in said.items())}


def _decided(one: Mapping[str, Any]) -> str:
    value = one.get(one.get("type", ""))
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _asked(answer: Any) -> Flat:
    """The likeliest answer of each question, and the score of the first."""
    lists = answer if answer and isinstance(answer[0], list) else [answer]
    best = [_first(answers) for answers in lists]
    said = "; ".join(str(one.get("answer", "")) for one in best)
    return {"answer": said, "score": best[0].get("score") if best else None}


def _captions(answer: Any) -> Flat:
    """The first caption of each picture."""
    found = answer if isinstance(answer, list) else [answer]
    return {"text": "; ".join(str(_first(one).get("generated_text", "")) for one in found)}


def _text(key: str) -> Callable[[Any], Flat]:
    def read(answer: Any) -> Flat:
        text = _first(answer).get(key)
        return {"text": text if isinstance(text, str) else _last_message(text)}

    return read


def _written(answer: Any) -> Flat:
    """The text of {"summary_text"}, {"translation_text"} or {"generated_text"}."""
    return {"text": next((v for v in _first(answer).values() if isinstance(v, str)), "")}


def _last_message(chat: Any) -> str:
    last = chat[-1] if isinstance(chat, list) and chat else None
    return str(last.get("content", "")) if isinstance(last, Mapping) else ""


FLATTEN: dict[type[OutputKind], Callable[[Any], Flat]] = {
    Scores: _scores,
    Transcript: _text("text"),
    Answers: _paged,
    Passages: _answers,
    Asked: _asked,
    Captions: _captions,
    Writing: _written,
    Reply: _text("generated_text"),
    Spans: _spans,
    Fills: _fills,
    Vectors: lambda answer: {},
    Likeness: lambda answer: {},
    Matrix: lambda answer: {},
    TextMatrix: lambda answer: {},
    Patches: lambda answer: {},
    Filmstrip: lambda answer: {},
    Boxes: _named,
    Masks: _named,
    Sound: _sound,
    Depth: _depths,
    Matches: _matches,
    Heard: _scores,
    Spectrogram: lambda answer: {},
    Cells: _cells,
    Decisions: _decisions,
}
