"""Python that does what our own pipelines do, with nothing but transformers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pprint import pformat
from typing import Any

from pipelines.spec import Invocation

LINE = 84
Write = Callable[[str, tuple[Any, ...], Mapping[str, Any]], str]
"""Writes a call: its name, arguments and keywords."""


def imports(way: str, seeded: bool) -> list[str]:
    names = ["AutoTokenizer", *CODES[way].classes, *(["set_seed"] if seeded else [])]
    return [*CODES[way].imports, f"from transformers import {', '.join(sorted(names))}"]


def loading(way: str, place: Mapping[str, Any], write: Write) -> list[str]:
    """Lines that load tokenizer and model; `place` is what `pipeline()` would be told."""
    model, revision = place["model"], place.get("revision")
    at = {"revision": revision} if revision else {}
    more = {name: place[name] for name in ("device_map", "dtype") if name in place}
    more |= place.get("model_kwargs") or {}
    loaded = write(f"{CODES[way].classes[0]}.from_pretrained", (model,), {**at, **more})
    placed = f".to({place['device']!r})" if "device" in place else ""
    return [
        f"tokenizer = {write('AutoTokenizer.from_pretrained', (model,), at)}",
        f"model = {loaded}{placed}.eval()",
    ]


def calling(way: str, call: Invocation, write: Write) -> list[str]:
    """Lines that make the answer and print it."""
    kwargs = {name: v for name, v in call.kwargs.items() if name != "batch_size"}
    return CODES[way].call(call.args[0], kwargs, write)


@dataclass(frozen=True, kw_only=True)
class Code:
    """How a way is written; `call` gives the lines after the model is loaded."""

    classes: tuple[str, ...]
    call: Callable[[Any, dict[str, Any], Write], list[str]]
    imports: tuple[str, ...] = ()


def _seq2seq(read: Any, kwargs: dict[str, Any], write: Write) -> list[str]:
    """One text, or several in a loop."""
    source, target = kwargs.pop("src_lang", None), kwargs.pop("tgt_lang", None)
    lines = [f"tokenizer.src_lang = {source!r}"] if source else []
    if target:
        lines.append(f"language = tokenizer.convert_tokens_to_ids({target!r})")
        kwargs["forced_bos_token_id"] = Name("language")
    texts = read if isinstance(read, list) else [read]
    made = write("model.generate", (Name("**inputs"),), kwargs)
    return [
        *lines,
        f"texts = {pformat(texts, width=LINE)}",
        "found = []",
        "for text in texts:",
        "    inputs = tokenizer(text, return_tensors='pt').to(model.device)",
        "    inputs = {name: inputs[name] for name in ('input_ids', 'attention_mask')}",
        *(f"    {line}" for line in f"written = {made}".split("\n")),
        "    answers = tokenizer.batch_decode(written, skip_special_tokens=True)",
        "    found.append([{'generated_text': answer.strip()} for answer in answers])",
        "print(found)" if isinstance(read, list) else "print(found[0])",
    ]


def _extraction(read: Any, kwargs: dict[str, Any], write: Write) -> list[str]:
    from pipelines.own import extraction

    window = {n: kwargs.pop(n) for n in extraction.READING if n in kwargs}
    asked = {"tokenizer": Name("tokenizer"), **read, **window}
    chosen = {"windows": Name("windows"), "context": read["context"], "top_k": 1,
              "max_answer_len": 15, **kwargs}  # fmt: skip
    return [
        *(f"\n{inspect.getsource(part)}" for part in (extraction.read, extraction.best)),
        "",
        "windows = []",
        f"for tensors, spans in {write('read', (), asked)}:",
        "    with torch.no_grad():",
        "        output = model(**{name: t.to(model.device) for name, t in tensors.items()})",
        "    start, end = output.start_logits[0].float(), output.end_logits[0].float()",
        "    windows.append((start.cpu(), end.cpu(), spans))",
        f"print({write('best', (), chosen)})",
    ]


class Name:
    """Written as it is, without quotes."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


CODES: dict[str, Code] = {
    "text2text-generation": Code(classes=("AutoModelForSeq2SeqLM",), call=_seq2seq),
    "question-answering": Code(
        classes=("AutoModelForQuestionAnswering",),
        imports=("import torch", "from collections.abc import Iterator", "from typing import Any"),
        call=_extraction,
    ),
}
