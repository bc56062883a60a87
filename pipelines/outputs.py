"""The closed vocabulary of output kinds: what a result is, and so how it is drawn."""

from __future__ import annotations


class OutputKind:
    """Base of the output kinds: how a result is drawn."""


class Scores(OutputKind):
    """[{"label", "score"}] sorted by score: ranked bars."""


class Matrix(OutputKind):
    """{"pictures": [PIL RGB, small], "labels", "scores": float32 (pictures, labels)}: what each
    picture shows."""


class TextMatrix(OutputKind):
    """{"texts", "labels", "scores": float32 (texts, labels)}: what each text is about."""


class Transcript(OutputKind):
    """{"text", "chunks": [{"text", "timestamp": [start, end]}]} with the recording's upload."""


class Heard(OutputKind):
    """{"scores": [{"label", "score"}], "times": [(start, end)] of the windows in seconds,
    "timeline": score of each label in each window, float32 (labels, windows)}, and the recording as
    spectrograms.picture shows it."""


class Spectrogram(OutputKind):
    """A recording as spectrograms.picture shows it, and "marks": [(start, end, text)] in seconds
    to write over it, an end may be None."""


class Answers(OutputKind):
    """{"pages": {number: {"jpeg", "size"}}, "total": pages of the document, "answers": [{"answer",
    "score", "page", "boxes": [(x0, y0, x1, y1)]}]}: the surest first, boxes in pixels of the size.

    A page is None where there is only one picture, or where none says it. Only pages with answers
    are there, or the first.
    """


class Reply(OutputKind):
    """Text so far, or the conversation with its last message so far."""


class Spans(OutputKind):
    """{"text", "spans": [{"label", "score", "word", "start", "end"}]}; places in characters.

    A tokenizer without offsets leaves start and end None.
    """


class Fills(OutputKind):
    """{"parts": the text around its gaps, "fills": [[{"token_str", "score"}] for each gap]}."""


class Vectors(OutputKind):
    """{"texts": (n,), "vectors": n lists of equal length}: how alike the texts are."""


class Likeness(OutputKind):
    """{"pictures": [PIL RGB, small], "vectors": as many lists of equal length}: which are alike."""


class Patches(OutputKind):
    """{"picture": PIL RGB as the model saw it, "shape", "joined", "alike", "wholes"}: how alike the
    patches of one picture are, as maps.patches gives them."""


class Filmstrip(OutputKind):
    """{"pictures": [PIL RGB, small], "times": [seconds]}: the frames of a clip that were read.

    Where it was read in windows, "over_time" has their {"scores", "times", "timeline"} as Heard.
    """


class Boxes(OutputKind):
    """{"picture": PIL RGB, "boxes": [{"label", "score", "box": {xmin, ymin, xmax, ymax}}],
    "labels", "asked", "threshold"}: the surest first, those below the threshold too, in pixels of
    the picture; every label that there is a box of or that was asked for."""


class Depth(OutputKind):
    """{"picture": PIL RGB, "depth": float32 (height, width) of the same size, "unit",
    "larger": "farther", "nearer", or "" where the model does not say}; all numbers finite."""


class Matches(OutputKind):
    """{"pictures": [PIL RGB, PIL RGB], "matches": [{"points": [(x, y), (x, y)], "score"}]}:
    the surest first; pixels of each picture."""


class Masks(OutputKind):
    """{"picture": PIL RGB, "masks": [{"label", "score", "rle": [runs]}], "size": (width, height)}.

    The runs of a mask count its pixels row by row, outside and inside in turn, outside first.
    """


class Sound(OutputKind):
    """{"samples": int16 (n, channels), "sampling_rate": Hz}: something to listen to."""


class Cells(OutputKind):
    """{"columns", "rows", "answers": [{"question", "answer", "coordinates": [[row, column]],
    "cells", "aggregator", "result", "how"}]}: the table, and what each question picked from it."""


class Decisions(OutputKind):
    """{"decisions": [{"name", "question", "type", "options": [{"option", "description",
    "share"}], "value", "confidence"}]}; a score's options are its levels, the lowest first.

    `value` is the likeliest option, the mean level, or the share of yes.
    """


class Writing(OutputKind):
    """{"texts": the answers, "read": the text that they were made of}; they grow as they come."""


class Asked(OutputKind):
    """[{"question", "answers": [{"answer", "score"}]}]: of each question its answers, the likeliest
    first; those that were written have no score."""


class Captions(OutputKind):
    """{"pictures": [PIL RGB, small], "texts": for each of them the captions that were written}."""


class Passages(OutputKind):
    """{"context", "answers": [{"answer", "score", "start", "end"}]}, the surest first.

    Places are characters of the context, None where the answer does not stand in it; models that
    write their answer give no score.
    """
