"""The two tables: field kind -> control, output kind -> display."""

from __future__ import annotations

from collections.abc import Callable

from pipelines import kinds, outputs
from pipelines.field import Field
from pipelines.kinds import Kind
from pipelines.outputs import OutputKind
from pipelines.spec import Output
from settings import Settings
from ui import (
    answers,
    asked,
    boxes,
    captions,
    cells,
    chat,
    controls,
    decide,
    depth,
    displays,
    fills,
    filmstrip,
    likeness,
    masks,
    matches,
    matrix,
    passages,
    patches,
    sounds,
    sources,
    spans,
    speech,
    tables,
    talk,
    uploads,
    vectors,
    verdicts,
    writing,
)
from ui.panel import Control, Display

CONTROLS: dict[type[Kind], Callable[[Field, Settings], Control]] = {
    kinds.Text: controls.text,
    kinds.Texts: controls.texts,
    kinds.MaskedText: controls.masked,
    kinds.Spoken: controls.text,
    kinds.Lines: controls.lines,
    kinds.Chat: chat.message,
    kinds.MediaChat: talk.message,
    kinds.Image: sources.image,
    kinds.Images: uploads.images,
    kinds.Pictures: uploads.pictures,
    kinds.Audio: sources.audio,
    kinds.Video: uploads.video,
    kinds.Document: sources.document,
    kinds.Table: tables.table,
    kinds.Questions: decide.questions,
    kinds.Labels: controls.labels,
    kinds.Template: controls.template,
    kinds.Number: controls.number,
    kinds.Integer: controls.number,
    kinds.Flag: controls.flag,
    kinds.Choice: controls.choice,
    kinds.Strings: controls.labels,
    kinds.Pattern: controls.pattern,
}
DISPLAYS: dict[type[OutputKind], Callable[[Output], Display]] = {
    outputs.Scores: displays.scores,
    outputs.Matrix: matrix.matrix,
    outputs.TextMatrix: matrix.texts,
    outputs.Transcript: displays.transcript,
    outputs.Answers: answers.answers,
    outputs.Reply: chat.conversation,
    outputs.Spans: spans.entities,
    outputs.Fills: fills.filled,
    outputs.Vectors: vectors.similarity,
    outputs.Likeness: likeness.likeness,
    outputs.Patches: patches.patches,
    outputs.Filmstrip: filmstrip.filmstrip,
    outputs.Boxes: boxes.boxes,
    outputs.Masks: masks.masks,
    outputs.Asked: asked.asked,
    outputs.Captions: captions.captions,
    outputs.Writing: writing.written,
    outputs.Passages: passages.passages,
    outputs.Sound: speech.sound,
    outputs.Depth: depth.depth,
    outputs.Matches: matches.matches,
    outputs.Heard: sounds.heard,
    outputs.Spectrogram: sounds.spectrogram,
    outputs.Cells: cells.cells,
    outputs.Decisions: verdicts.decisions,
}


def control(field: Field, settings: Settings) -> Control:
    """The field's control, created in the current Blocks context."""
    make = CONTROLS.get(type(field.kind))
    if make is None:
        raise TypeError(
            f"{field.name}: no control for {type(field.kind).__name__}; {_known(CONTROLS)}"
        )
    return make(field, settings)


def display(output: Output) -> Display:
    """The output's display, created in the current Blocks context."""
    make = DISPLAYS.get(output.kind)
    if make is None:
        raise TypeError(f"{output.name}: no display for {output.kind.__name__}; {_known(DISPLAYS)}")
    return make(output)


def _known(table: dict[type, Callable[..., object]]) -> str:
    return f"known: {', '.join(kind.__name__ for kind in table)}"
