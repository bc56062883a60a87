"""The words of a text that answer a question: models that say where an answer begins and ends.

`read` and `best` do the work on plain arguments, so that they can be shown as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from transformers.pipelines.base import ChunkPipeline

READING = ("max_seq_len", "doc_stride", "align_to_words")
"""What `read` is told; the rest is for `best`."""


def read(
    tokenizer: Any,
    question: str,
    context: str,
    max_seq_len: int = 0,
    doc_stride: int = 0,
    align_to_words: bool = True,
) -> Iterator[tuple[dict[str, Any], list[Any]]]:
    """Windows of the context, each with the question: tensors (1, tokens), and for every token
    its characters in the context, None where it is none of the context's. Raises ValueError."""
    max_seq_len = max_seq_len or min(384, tokenizer.model_max_length)
    asked = len(tokenizer(question, add_special_tokens=False)["input_ids"])
    room = max_seq_len - asked - tokenizer.num_special_tokens_to_add(pair=True)
    doc_stride = doc_stride or min(128, room // 2)
    if not 0 < doc_stride < room:
        raise ValueError(
            f"a window of {max_seq_len} tokens holds the question and {room} tokens of the text, "
            f"too few for an overlap of {doc_stride}; raise max_seq_len or shorten the question"
        )
    encoded = tokenizer(
        question, context, truncation="only_second", max_length=max_seq_len, stride=doc_stride,
        return_overflowing_tokens=True, return_offsets_mapping=True,
    )  # fmt: skip
    names = [name for name in tokenizer.model_input_names if name in encoded]
    for window in range(len(encoded["input_ids"])):
        spans: list[Any] = []
        for token, part in enumerate(encoded.sequence_ids(window)):
            word = encoded[window].word_ids[token] if align_to_words else None
            if part != 1:
                spans.append(None)
            elif word is not None:
                spans.append(tuple(encoded.word_to_chars(window, word, 1)))
            else:
                spans.append(encoded["offset_mapping"][window][token])
        yield {name: torch.tensor([encoded[name][window]]) for name in names}, spans


def best(
    windows: list[tuple[Any, Any, list[Any]]],
    context: str,
    top_k: int,
    max_answer_len: int,
    handle_impossible_answer: bool = False,
) -> list[dict[str, Any]]:
    """The surest answers of (start logits, end logits, spans) of all windows.

    A score is p(start) * p(end), over the tokens of all windows and "no answer" together. "No
    answer" is the first token, where the window that is least for it decides.
    """
    nothing = min(float(start[0] + end[0]) for start, end, _ in windows)
    quiet = min(windows, key=lambda window: float(window[0][0] + window[1][0]))
    totals = []
    for side in (0, 1):
        logits = [w[side][i] for w in windows for i, span in enumerate(w[2]) if span is not None]
        totals.append(torch.stack([*logits, quiet[side][0]]).logsumexp(0))
    found: dict[tuple[int, int], float] = {}
    for start, end, spans in windows:
        inside = torch.tensor([span is not None for span in spans])
        sums = start[:, None] + end[None, :]
        allowed = inside[:, None] & inside[None, :]
        band = torch.ones_like(sums, dtype=torch.bool).triu().tril(max_answer_len - 1)
        sums = sums.masked_fill(~(allowed & band), float("-inf"))
        for place in sums.flatten().topk(min(sums.numel(), 4 * top_k)).indices.tolist():
            first, last = divmod(place, len(spans))
            score = float(sums[first, last])
            if score > float("-inf"):
                span = (spans[first][0], spans[last][1])
                found[span] = max(score, found.get(span, float("-inf")))
    ranked = [(score, context[start:end], start, end) for (start, end), score in found.items()]
    if handle_impossible_answer:
        ranked.append((nothing, "", 0, 0))
    ranked.sort(key=lambda answer: answer[0], reverse=True)
    total = float(totals[0] + totals[1])
    return [
        {"score": float(torch.tensor(score - total).exp()), "start": start, "end": end,
         "answer": answer}
        for score, answer, start, end in ranked[:top_k]
    ]  # fmt: skip


class ExtractionPipeline(ChunkPipeline):
    """`pipe({"question": ..., "context": ...})` gives {"answer", "score", "start", "end"}, and a
    list of them with `top_k` above 1; places are characters of the context."""

    points = True
    _load_processor = False
    _load_image_processor = False
    _load_feature_extractor = False
    _load_tokenizer = True

    def _sanitize_parameters(
        self,
        top_k: int | None = None,
        max_answer_len: int | None = None,
        handle_impossible_answer: bool | None = None,
        max_seq_len: int | None = None,
        doc_stride: int | None = None,
        align_to_words: bool | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        reading = {
            "max_seq_len": max_seq_len,
            "doc_stride": doc_stride,
            "align_to_words": align_to_words,
        }
        choosing = {
            "top_k": top_k,
            "max_answer_len": max_answer_len,
            "handle_impossible_answer": handle_impossible_answer,
        }
        return _given(reading), {}, _given(choosing)

    def preprocess(
        self,
        asked: dict[str, str],
        max_seq_len: int = 0,
        doc_stride: int = 0,
        align_to_words: bool = True,
    ) -> Iterator[dict[str, Any]]:
        question, context = asked["question"], asked["context"]
        windows = list(
            read(self.tokenizer, question, context, max_seq_len, doc_stride, align_to_words)
        )
        for number, (tensors, spans) in enumerate(windows, start=1):
            more = {"spans": spans, "context": context}
            yield {**tensors, **more, "is_last": number == len(windows)}

    def _forward(self, inputs: dict[str, Any]) -> dict[str, Any]:
        more = {name: inputs.pop(name) for name in ("spans", "context", "is_last")}
        output = self.model(**inputs)
        return {"start": output.start_logits, "end": output.end_logits, **more}

    def postprocess(
        self,
        outputs: list[dict[str, Any]],
        top_k: int = 1,
        max_answer_len: int = 15,
        handle_impossible_answer: bool = False,
    ) -> Any:
        windows = []
        for window in outputs:
            # In a batch, spans are fewer than the padded tokens.
            length = len(window["spans"])
            start, end = (window[side][0, :length].float() for side in ("start", "end"))
            windows.append((start, end, window["spans"]))
        answers = best(
            windows, outputs[0]["context"], top_k, max_answer_len, handle_impossible_answer
        )
        return answers[0] if top_k == 1 and answers else answers


def _given(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}
